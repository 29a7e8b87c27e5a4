"""The whole job on real photos: train, judge, serve, ask over REST about photos that it has not seen.

python examples/demo.py [--once]
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from kuzov import Client, KuzovError
from kuzov.data.origin import origin_photos
from kuzov.data.synthetic import render_cars

REPOSITORY = Path(__file__).resolve().parent.parent
WORK = REPOSITORY / ".demo"
MODEL = WORK / "models" / "img_classifier"
READY = re.compile(r"Exporting HTTP/REST API at:(\S+) \.\.\.")
STRANGER = "none of the five"
# What the loose photos in test/ show; the folder's photos are named by their folders.
LOOSE = {"2110": "vaz_2110", "cruiser": "land_cruiser", "l2": "land_cruiser", "l3": "land_cruiser",
         "l4": "land_cruiser", "x5_1": "bmw_x5", "vitara": STRANGER}  # fmt: skip


def find_photos() -> Path:
    """The photos beside the project, else downloaded, else drawn."""
    shared = Path(os.environ.get("KUZOV_SHARED", REPOSITORY.parent / "shared"))
    beside = shared / "data" / "russian-cars-5"
    try:
        return origin_photos(beside if beside.is_dir() else None, WORK / "photos")
    except KuzovError as error:
        print(
            f"{error}\nSo the demo draws simple cars itself: the figures below say nothing about real photos."
        )
        return render_cars(WORK / "drawn", classes=4, train=20, validation=6)


def run(*command: str | Path) -> None:
    """Run a command, shown as a user would type it."""
    print(f"\n$ kuzov {' '.join(map(str, command))}", flush=True)
    subprocess.run([sys.executable, "-m", "kuzov", *map(str, command)], check=True)


def unseen(photos: Path) -> list[tuple[Path, str]]:
    """Photos that the recogniser was not trained on, with the truth."""
    loose = [(path, LOOSE.get(path.stem, path.stem)) for path in sorted((photos / "test").iterdir())]
    held = [sorted(folder.iterdir())[0] for folder in sorted((photos / "validation").iterdir())]
    return [*((path, path.parent.name) for path in held), *loose]


def ask(url: str, photos: Path) -> None:
    """Ask the server about each photo and show its answer beside the truth."""
    client = Client(url)
    print(f"\nPhotos that it has not seen, asked over REST at {url}:")
    for path, truth in unseen(photos):
        answer = client.predict(path)
        names = answer.names[answer.label]
        if answer.is_unknown:
            verdict = "right: none of these" if truth == STRANGER else "WRONG: none of these"
        else:
            verdict = "right" if answer.label == truth else "WRONG"
        print(f"  {path.name:14} truth {truth:16} answer {answer.label:14} {answer.probability:6.1%}  "
              f"{verdict}  {names.en} · {names.ru}")  # fmt: skip


def main() -> None:
    """Run the demo; without --once the server stays until Ctrl-C."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--once", action="store_true", help="stop the server after the answers")
    once = parser.parse_args().once
    photos = find_photos()
    print(f"Photos: {os.path.relpath(photos)}")
    run("train", photos, "--out", MODEL, "--runs", WORK / "runs")
    ports = ["--port", "auto", "--rest-api-port", "auto"] if once else []
    serve = ["serve", "--model-base-path", str(MODEL), "--host", "127.0.0.1", *ports]
    print(f"\n$ kuzov {' '.join(serve)}", flush=True)
    # In a session of its own, so that Ctrl-C reaches this program alone, which then stops the server once.
    with subprocess.Popen(
        [sys.executable, "-m", "kuzov", *serve], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as server:
        try:
            assert server.stderr is not None
            for line in server.stderr:
                print(line, end="")
                if ready := READY.search(line):
                    ask(f"http://{ready[1]}/v1/models/img_classifier", photos)
                    if once:
                        break
                    print(f"\nThe server stays until Ctrl-C. Open http://{ready[1]}/ and drop a photo in,")
                    print(f"or ask in another terminal:\n  {sys.executable} examples/predict.py PHOTO")
        except KeyboardInterrupt:
            print("\nStopped.")
        finally:
            server.terminate()
    if server.returncode != 0:
        sys.exit(f"The server ended with status {server.returncode}.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # before the server stood
        sys.exit("\nStopped.")
