from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kuzov import api
from kuzov.doctor.findings import Diagnosis, Finding, Kind, Move, Reason, Skipped
from kuzov.run_metrics import LearningCurve
from tests.cli.conftest import Kuzov

FOUND = Diagnosis(
    folder=Path("photos"),
    counts={"": {"suv": 20, "van": 2}},
    findings=(
        Finding(kind=Kind.TRUNCATED, photos=("van/1.jpg",), certainty=1.0, facts={"reason": "is broken"}),
        Finding(
            kind=Kind.NEAR_DUPLICATE,
            photos=("suv/1.jpg", "suv/2.jpg"),
            certainty=0.98,
            facts={"similarity": 0.98, "exact": False, "mirrored": False},
        ),
    ),
    skipped=(Skipped(check=Kind.LEAK, reason=Reason.NO_VALIDATION),),
    learning_curve=LearningCurve(shots=(1, 2), mean=(0.5, 0.9), std=(0.1, 0.1), draws=5),
    moves=(Move(photo="van/1.jpg", kind=Kind.TRUNCATED),),
    quarantine=None,
    seconds=1.25,
)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `kuzov.api.diagnose` is called with; it answers with FOUND."""
    calls: list[dict[str, Any]] = []

    def diagnose(photos: Path, **options: Any) -> Diagnosis:
        options.pop("progress")("read", 0, 22)
        calls.append({"photos": photos, **options})
        return replace(FOUND, quarantine=Path("photos.quarantine/1")) if options["fix"] else FOUND

    monkeypatch.setattr(api, "diagnose", diagnose)
    return calls


def test_the_tables(kuzov: Kuzov, calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    done = kuzov("doctor", "photos")
    assert done.status == 0
    assert calls == [{"photos": Path("photos"), "fix": False, "report": None}]
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[0] == "2 findings in 22 readable photos."
    assert lines[1].startswith("More photos would probably help: from 1 to 2 photos of each car")
    assert "1 Near copies. They teach little; kuzov train keeps them on one side. Keep the best one." in lines
    plain = [line.replace("\u00a0", " ") for line in lines]
    for told, photo in (
        ("100% Files cut short: is broken", "van/1.jpg"),
        ("98% Near copies: 98.0 % alike", "suv/1.jpg"),
    ):
        assert plain[plain.index(told) + 1] == photo
    assert lines[-2:] == [
        "Not checked: In both train/ and validation/: "
        "the photos are not divided into train/ and validation/.",
        "--fix would move 1 file into a quarantine beside the photos.",
    ]
    assert not done.err


def test_the_tables_are_read_in_sixty_columns(
    kuzov: Kuzov, calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = kuzov("doctor", "photos").out.splitlines()
    table = lines[lines.index(next(line for line in lines if "sure" in line.split())) :]
    assert max(map(len, table[:6])) <= 60
    assert any(line.split() == ["van/1.jpg"] for line in table)
    assert len(calls) == 1


def test_the_tables_in_russian(
    kuzov: Kuzov, calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    done = kuzov("doctor", "photos", "--language", "ru")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[0] == "2 замечания на 22 читаемых фото."
    assert lines[1].startswith("Новые фотографии, скорее всего, помогут")
    assert "сколько замечание" in lines
    assert "98% Почти копии: сходство 98,0 %" in [line.replace("\u00a0", " ") for line in lines]
    assert lines[-1] == "--fix перенесёт 1 файл в карантин рядом с фотографиями."
    done = kuzov("doctor", "photos", "--fix", "--report", "doctor.html", "--language", "ru")
    assert done.out.splitlines()[-1] == (
        "Перенесено в photos.quarantine/1: 1 файл; вернёт kuzov doctor photos --undo"
    )
    assert done.err == "Страница: doctor.html\n"
    assert len(calls) == 2


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_folder_that_train_refuses_ends_in_status_1_as_one_without_photos_does(
    kuzov: Kuzov, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: list[str]
) -> None:
    refused = Finding(kind=Kind.REFUSED, facts={"en": "only one class", "ru": "только один класс"})
    monkeypatch.setattr(api, "diagnose", lambda *_, **__: replace(FOUND, findings=(refused,)))
    done = kuzov("doctor", "photos", *options)
    assert done.status == 1
    assert "only one class" in done.out
    monkeypatch.undo()
    (tmp_path / "empty").mkdir()
    assert kuzov("doctor", tmp_path / "empty").status == 1


def test_json(kuzov: Kuzov, calls: list[dict[str, Any]]) -> None:
    done = kuzov("doctor", "photos", "--json")
    assert json.loads(done.out) == json.loads(json.dumps(FOUND.to_json()))
    assert len(calls) == 1


def test_fix_and_report(kuzov: Kuzov, calls: list[dict[str, Any]]) -> None:
    done = kuzov("doctor", "photos", "--fix", "--report", "doctor.html")
    assert calls == [{"photos": Path("photos"), "fix": True, "report": Path("doctor.html")}]
    assert done.out.splitlines()[-1] == (
        "Moved 1 file into photos.quarantine/1; kuzov doctor photos --undo puts it back."
    )
    assert done.err == "The page is doctor.html.\n"


def test_many_findings_are_cut(
    kuzov: Kuzov, calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = replace(FOUND, findings=FOUND.findings[:1] * 45)
    monkeypatch.setattr(api, "diagnose", lambda *_, **__: many)
    out = kuzov("doctor", "photos").out
    assert out.count("van/1.jpg") == 40
    assert "And 5 more; --report FILE.html or --json tells all." in out
    assert not calls


def test_undo(kuzov: Kuzov, tmp_path: Path) -> None:
    from kuzov.doctor.quarantine import quarantine

    (tmp_path / "photos" / "van").mkdir(parents=True)
    (tmp_path / "photos" / "van" / "1.jpg").write_text("one")
    (tmp_path / "photos" / "van" / "2.jpg").write_text("two")
    moves = [Move(photo=f"van/{number}.jpg", kind=Kind.TRUNCATED) for number in (1, 2)]
    folder = quarantine(tmp_path / "photos", moves)
    (tmp_path / "photos" / "van" / "1.jpg").write_text("another")
    done = kuzov("doctor", "photos", "--undo")
    assert done.out == (
        f"Put back from {folder}: 1 file.\n"
        "Left there, as another file stands in their place now: van/1.jpg. "
        "Move or rename those and run it again.\n"
    )
    (tmp_path / "photos" / "van" / "1.jpg").unlink()
    told = json.loads(kuzov("doctor", "photos", "--undo", "--json").out)
    assert told == {"quarantine": str(folder), "restored": ["van/1.jpg"], "left": []}
    done = kuzov("doctor", "photos", "--undo", "--fix")
    assert done.status == 2
    assert done.err.endswith("Error: --undo can't go together with --fix or --report.\n")
    done = kuzov("doctor", "photos", "--undo")
    assert (done.status, done.err) == (
        1,
        f"Error: There is no quarantine of photos to put back: {tmp_path}/photos.quarantine has none.\n",
    )
