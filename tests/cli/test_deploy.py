from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from kuzov.bundle.ready import ready_model
from tests.cli.conftest import Kuzov

REPOSITORY = Path(__file__).parents[2]


def test_docker(kuzov: Kuzov) -> None:
    done = kuzov("deploy", "docker")
    assert done.status == 0
    count = sum(1 for file in Path("deploy/docker").rglob("*") if file.is_file()) - 1
    assert done.out == (
        f"Wrote {count} files to deploy/docker. Next:\n"
        "  cd deploy/docker\n"
        "  docker compose up --build --detach\n"
        "  curl -s http://127.0.0.1:8501/v1/models/img_classifier\n"
        "More in deploy/docker/README.md.\n"
    )
    assert "so the recogniser that comes with kuzov answers" in done.err


def test_in_russian(kuzov: Kuzov) -> None:
    done = kuzov("deploy", "docker", "--language", "ru")
    assert done.status == 0
    first, *_, last = done.out.splitlines()
    assert re.fullmatch(r"В deploy/docker записано \d+ файл(|а|ов)\. Дальше:", first)
    assert last == "Подробнее: deploy/docker/README.ru.md."
    Path("file").touch()
    done = kuzov("deploy", "docker", "--out", "file/docker", "--language", "ru")
    assert done.status == 1
    assert done.err.endswith("Ошибка: В папку file/docker не записать: такой файл уже есть.\n")
    kuzov("deploy", "docker", "--language", "en")


def test_heroku_with_a_model_of_the_users_as_json(kuzov: Kuzov) -> None:
    shutil.copytree(ready_model(), "models/cars")
    done = kuzov("deploy", "heroku", "--model", "models/cars", "--out", "app", "--json")
    assert (done.status, done.err) == (0, "")
    told = json.loads(done.out)
    assert told["target"] == "heroku"
    assert told["folder"] == "app"
    assert {"Dockerfile", "heroku.yml", "app.json", "models/cars/1/saved_model.pb"} <= set(told["files"])
    assert all(Path("app", file).is_file() for file in told["files"])
    assert told["next"][-1] == "git push heroku main"


def test_ray(kuzov: Kuzov) -> None:
    image, photos = "registry.example.com/cars-ray:1", "s3://photos/2026"
    told = json.loads(kuzov("deploy", "ray", "--image", image, "--photos", photos, "--json").out)
    assert (told["target"], told["folder"]) == ("ray", "deploy/ray")
    assert told["next"] == [
        f"docker build -t {image} . && docker push {image}",
        "kubectl apply -f namespace.yaml -f service.yaml",
        "kubectl -n img-classifier get rayservice img-classifier --watch",
    ]
    assert photos in Path("deploy/ray/job.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "target",
    [
        ("docker",),
        ("heroku",),
        ("kubernetes", "--image", "cars:1"),
        ("kubernetes", "--image", "cars:1", "--server", "kserve", "--storage-uri", "s3://models/cars"),
        ("ray", "--image", "cars:1"),
    ],
)
def test_whoever_runs_a_model_reads_what_its_weights_are_for(kuzov: Kuzov, target: tuple[str, ...]) -> None:
    folder = Path(json.loads(kuzov("deploy", *target, "--json").out)["folder"])
    assert "research use" in (folder / "README.md").read_text(encoding="utf-8")
    assert "для исследований" in (folder / "README.ru.md").read_text(encoding="utf-8")


def test_a_changed_file_is_kept(kuzov: Kuzov) -> None:
    kuzov("deploy", "heroku")
    Path("deploy/heroku/app.json").write_text("{}")
    done = kuzov("deploy", "heroku")
    assert done.status == 1
    assert done.err.endswith(
        "Error: deploy/heroku holds files that kuzov did not write, or that were changed since: app.json. "
        "Nothing was written. Move them away, or name another folder with --out.\n"
    )
    assert Path("deploy/heroku/app.json").read_text() == "{}"


def commands(document: str) -> list[str]:
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    return [line[2:] for line in text.splitlines() if line.startswith("$ ")]


def test_the_commands_of_the_page_are_those_of_what_is_rendered(kuzov: Kuzov) -> None:
    written = commands("docs/deploy.md")
    for command in written:
        if command.startswith("kuzov "):
            assert kuzov(*command.split()[1:]).status == 0
    for target in ("docker", "heroku"):
        after = written[written.index(f"cd deploy/{target}") + 1 :]
        readme = Path("deploy", target, "README.md").read_text(encoding="utf-8")
        inside = after[: after.index("cd ../..")]
        assert [line for line in inside if f"$ {line}\n" not in readme] == []


def test_both_languages_have_the_same_commands(kuzov: Kuzov) -> None:
    assert commands("docs/deploy.md") == commands("docs/deploy.ru.md")
    for target in ("docker", "heroku"):
        told = json.loads(kuzov("deploy", target, "--json").out)["next"]
        english, russian = (Path("deploy", target, name) for name in ("README.md", "README.ru.md"))
        written = commands(str(english.resolve()))
        assert written == commands(str(russian.resolve()))
        assert set(told) <= set(written)
