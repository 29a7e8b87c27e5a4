from __future__ import annotations

import re

import pytest

from kuzov.atlas.names import BODIES, car_models, display_name, look_alike
from kuzov.records import ClassName, LookAlike

KIZASHI = ClassName(
    id="suzuki_kizashi_sedan_2012", en="Suzuki Kizashi sedan (2012)", ru="Сузуки Kizashi, седан (2012)"
)


def test_a_model_has_a_name_in_both_languages() -> None:
    assert display_name("suzuki_kizashi_sedan_2012") == KIZASHI
    assert display_name("renault_4").ru == "Рено 4, хэтчбек (1961–1994)"


def test_a_model_of_a_newer_kuzov_goes_by_its_id() -> None:
    assert display_name("lada_vesta") == ClassName(id="lada_vesta", en="lada_vesta", ru="lada_vesta")


def test_every_row_of_the_table_is_whole() -> None:
    for model in car_models().values():
        assert model.body in BODIES, model
        assert re.fullmatch(r"[a-z0-9_]+", model.id), model
        assert re.fullmatch(r"\d{4}(–\d{4})?", model.year), model
        assert re.search("[А-Яа-яё]", model.make_ru), model
        assert not model.model.lower().startswith(model.make.lower()), model
    names = [model.display.en for model in car_models().values()]
    assert len(set(names)) == len(names) == 203


@pytest.mark.parametrize("probability", [0.5, 0.9])
def test_what_is_likelier_than_not_is_told(probability: float) -> None:
    found = look_alike((KIZASHI.id, probability))
    assert found == LookAlike(model=KIZASHI.id, probability=probability, name=KIZASHI)


def test_what_is_less_likely_is_not() -> None:
    assert look_alike((KIZASHI.id, 0.49)) is None
    assert look_alike(None) is None
