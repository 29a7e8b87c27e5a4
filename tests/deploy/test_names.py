from __future__ import annotations

import pytest

from kuzov.deploy.names import IMAGE, check, object_name
from kuzov.errors import ConfigError


@pytest.mark.parametrize("image", ["cars", "registry.example.com:5000/team/cars:1", "cars@sha256:0123abcd"])
def test_images(image: str) -> None:
    check(image, IMAGE, "--image", "cars:1")


@pytest.mark.parametrize("image", ["", "-cars", "cars 1", 'cars"', "cars#1", "cars\n"])
def test_what_is_no_image(image: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check(image, IMAGE, "--image", "cars:1")
    assert str(refused.value) == f'--image "{image}" can\'t be used; it has to look like cars:1.'


@pytest.mark.parametrize(
    ("model", "name"),
    [("img_classifier", "img-classifier"), ("Cars.2026_ru", "cars-2026-ru"), ("_cars_", "cars"), ("c", "c")],
)
def test_names_become_those_of_objects(model: str, name: str) -> None:
    assert object_name(model, longest=38, remedy="Rename it.") == name


@pytest.mark.parametrize("model", ["2026", "no", "машины", "cars_of_2026"])
def test_what_can_name_no_object(model: str) -> None:
    with pytest.raises(ConfigError) as refused:
        object_name(model, longest=11, remedy="Rename it.")
    assert str(refused.value) == (
        f'The model name "{model}" can\'t name an object of Kubernetes: that takes up to 11 letters, '
        "digits and hyphens, a letter first. Rename it."
    )
