"""`kuzov predict`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from kuzov.cli.doubt import doubted
from kuzov.cli.found_photos import tell_no_photos
from kuzov.cli.language import ERROR, NO_EFFECT, language_option, note, percent, say, wrong_use
from kuzov.cli.model import asked_model, model_or_default
from kuzov.cli.paths import A_PATH, A_PATH_OR_ADDRESS
from kuzov.errors import PhotoError
from kuzov.records import ATLAS, LEAST_CAR_PX, MOST_CARS
from kuzov.words import Words, joined, plain

if TYPE_CHECKING:
    from kuzov.cli.photo_arguments import AskedPhotos
    from kuzov.client.client import Client
    from kuzov.engine.recogniser import Recogniser
    from kuzov.records import Prediction

RUNNERS_UP = 2
ANSWER = plain("{where}: {answer}")
STRANGER = Words(
    "none of these models; looks like {name}, {probability}",
    "ни одна из этих моделей; похоже на {name}, {probability}",
)
NO_CAR = Words("no car found; the whole photo: {answer}", "машина не найдена; всё фото: {answer}")
SMALL = Words("{answer}, too small to be sure of", "{answer}, слишком мала, чтобы быть уверенным")
PERHAPS_MORE = Words(
    "{photo}: these are the {most} surest cars; there may be more.",
    "{photo}: это {most} машин, в которых уверенность больше всего; их может быть больше.",
)
KEY_WITHOUT_SERVER = Words(
    "--api-key-file is for a server; name it with --url.",
    "--api-key-file — для сервера; укажите его: --url.",
)
WHOLE_OR_CARS = Words(
    "--whole-photo and --all-cars can't go together.",
    "--whole-photo и --all-cars нельзя указать вместе.",
)
WHOLE_BY_SERVER = Words(
    "A server looks for the car itself; --whole-photo is for a model that is here, as by --model.",
    "Сервер сам находит машину; --whole-photo — для модели на этом компьютере, как с --model.",
)
ATLAS_OR_MODEL = Words(
    "--atlas is a model of its own; it can't go with --model or --url.",
    "--atlas — сама по себе модель; её нельзя указать вместе с --model или --url.",
)


@click.command("predict", short_help="Tell which cars photos show.")
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO…", type=A_PATH_OR_ADDRESS)
@asked_model
@click.option("--atlas", is_flag=True, help="Ask the 203 models that kuzov knows by itself; docs/atlas.md.")
@click.option("--url", help="Ask a server, such as http://127.0.0.1:8501/v1/models/img_classifier.")
@click.option(
    "--api-key-file",
    metavar="FILE",
    type=A_PATH,
    help="With --url: its first key goes along. Without it, the one in the variable KUZOV_API_KEY.",
)
@click.option("--all-cars", is_flag=True, help="Tell of each car in a photo, at most eight.")
@click.option(
    "--least-car-px",
    metavar="N",
    type=click.IntRange(min=1),
    default=LEAST_CAR_PX,
    help="With --all-cars: a car of which a side has fewer pixels is too small to be sure of.",
)
@click.option(
    "--whole-photo", is_flag=True, help="Ask about all that a photo shows, not about the car in it."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON list, an object a photo or, with --all-cars, a car."
)
@language_option
def command(
    photos: tuple[str, ...],
    model: Path | None,
    atlas: bool,
    url: str | None,
    api_key_file: Path | None,
    all_cars: bool,
    least_car_px: int,
    whole_photo: bool,
    as_json: bool,
) -> None:
    """Tell which car each PHOTO shows, in this process, or by a server with --url.

    PHOTO is a file; a folder, with all its folders; a quoted pattern, as 'photos/**/*.jpg'; a web address; or
    -, which is standard input.

    Of several cars it is the most prominent one, unless --all-cars asks for each. A photo without a car is
    asked about as a whole, and told to have none.

    A photo that can't be read is named, the others are still answered, and the status at the end is 1.
    """
    if api_key_file is not None and url is None:
        raise wrong_use(KEY_WITHOUT_SERVER)
    if atlas and (model is not None or url is not None):
        raise wrong_use(ATLAS_OR_MODEL)
    _require_fitting(all_cars=all_cars, whole_photo=whole_photo, remote=url is not None)
    from kuzov.cli.photo_arguments import AskedPhotos

    failed, answers, asked = False, [], AskedPhotos(photos)
    answering = _answering(ATLAS if atlas else model, url, api_key_file)
    for answer in _ask(answering, asked, whole_photo, least_car_px if all_cars else None):
        failed = failed or isinstance(answer, PhotoError)
        if as_json:
            answers.append(_as_json(answer))
        elif isinstance(answer, PhotoError):
            note(ERROR.fill(text=answer.words))
        else:
            say(_as_text(answer, boxed=all_cars))
    if as_json:
        print(json.dumps(answers, ensure_ascii=False))
    tell_no_photos(asked.left_out)
    if failed:
        sys.exit(1)


def _require_fitting(*, all_cars: bool, whole_photo: bool, remote: bool) -> None:
    """Refuse options that say what part of a photo is meant, where they can't go together."""
    given = click.get_current_context().get_parameter_source("least_car_px")
    if given != ParameterSource.DEFAULT and not all_cars:
        raise wrong_use(NO_EFFECT.fill(option="--least-car-px", without="--all-cars"))
    if whole_photo and all_cars:
        raise wrong_use(WHOLE_OR_CARS)
    if whole_photo and remote:
        raise wrong_use(WHOLE_BY_SERVER)


def _answering(model: Path | str | None, url: str | None, api_key_file: Path | None) -> Recogniser | Client:
    """What answers: a recogniser in this process, or a server."""
    if url is not None:
        from kuzov.client.client import Client
        from kuzov.key_file import read_keys

        return Client(url, api_key=None if api_key_file is None else read_keys(api_key_file)[0])
    from kuzov.api import load

    return load(model if isinstance(model, str) else model_or_default(model))


def _ask(
    answering: Recogniser | Client, photos: AskedPhotos, whole_photo: bool, least_car_px: int | None
) -> Iterator[Prediction | PhotoError]:
    """Answers for photos; with `least_car_px` for each car in them."""
    options = {"whole_photo": True} if whole_photo else {}
    for asked in photos:
        if isinstance(asked, PhotoError):
            yield asked
            continue
        try:
            if least_car_px is None:
                found = [answering.predict(asked.photo, name=asked.name, **options)]
            else:
                found = answering.predict_cars(asked.photo, name=asked.name, least_car_px=least_car_px)
        except PhotoError as error:
            yield error
            continue
        if found[0].note:
            note(ANSWER.fill(where=asked.name, answer=found[0].note))
        yield from found
        if least_car_px is not None and len(found) == MOST_CARS:
            note(PERHAPS_MORE.fill(photo=asked.name, most=MOST_CARS))


def _as_json(answer: Prediction | PhotoError) -> dict[str, object]:
    if isinstance(answer, PhotoError):
        return {"photo": answer.photo, "error": answer.reason}
    return answer.to_json()


def _as_text(answer: Prediction, *, boxed: bool) -> Words:
    """One line: the photo, with the car's box where that is wanted, the answer, and the next two."""
    where = answer.photo
    if answer.car and boxed:
        where += f" [{' '.join(f'{side:.3f}' for side in answer.car.box)}]"
    if alike := answer.look_alike:
        told = STRANGER.fill(name=alike.name.words, probability=percent(alike.probability, 0))
    else:
        told = _ranked(answer)
    if answer.no_car:
        told = NO_CAR.fill(answer=told)
    if answer.car and answer.car.small:
        told = SMALL.fill(answer=told)
    return ANSWER.fill(where=where, answer=told)


def _ranked(answer: Prediction) -> Words:
    """The likeliest class, with doubt where there is some, and the next two."""

    def named(label: str, probability: float) -> Words:
        name = answer.names[label].words if label in answer.names else label
        return plain("{name} {probability}").fill(name=name, probability=percent(probability))

    ranked = sorted(answer.probabilities.items(), key=lambda item: -item[1])
    first, *others = (named(*each) for each in ranked[: 1 + RUNNERS_UP])
    told = doubted(answer, first)
    return plain("{told}  ({others})").fill(told=told, others=joined(others)) if others else told
