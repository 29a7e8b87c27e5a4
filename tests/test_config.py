from __future__ import annotations

from pathlib import Path

import pytest

from kuzov.config import FineTuneConfig, HeadConfig, TrainConfig, load_config
from kuzov.errors import ConfigError
from tests.errors import raises


def test_the_defaults_are_the_origins_augmentation() -> None:
    assert load_config() == TrainConfig()
    values = TrainConfig(seed=5).to_json()
    assert set(values) == {
        "seed", "backbone", "validation_fraction",
        "features", "head", "augmentation", "fine_tune",
    }  # fmt: skip
    assert values["seed"] == 5
    assert values["head"] == {"inverse_regularisation": (1.0, 3.0, 10.0, 30.0, 100.0), "folds": 5}
    assert values["augmentation"] == {
        "rotation_range": 40.0,
        "width_shift_range": 0.2,
        "height_shift_range": 0.2,
        "shear_range": 0.2,
        "zoom_range": 0.2,
        "horizontal_flip": True,
        "fill_mode": "nearest",
    }


def test_a_file_then_pairs(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('seed = 3\nbackbone = "tiny"\n[fine_tune]\nepochs = 7\nlearning_rate = 1\n')
    config = load_config(file, ["seed=4", "fine_tune.layers=2", "head.inverse_regularisation=[1, 2.5]"])
    assert config == TrainConfig(
        seed=4,
        backbone="tiny",
        fine_tune=FineTuneConfig(epochs=7, learning_rate=1.0, layers=2),
        head=HeadConfig(inverse_regularisation=(1.0, 2.5)),
    )
    assert isinstance(config.fine_tune.learning_rate, float)


def test_the_settings_survive_toml_and_back(tmp_path: Path) -> None:
    config = TrainConfig(seed=5, backbone='"ё', fine_tune=FineTuneConfig(learning_rate=1e-5))
    file = tmp_path / "config.toml"
    file.write_text(config.to_toml(), encoding="utf-8")
    assert load_config(file) == config


@pytest.mark.parametrize(
    "pair",
    ["augmentation.fill_mode=wrap", 'augmentation.fill_mode="wrap"', " augmentation.fill_mode = wrap "],
)
def test_text_may_go_unquoted(pair: str) -> None:
    assert load_config(overrides=[pair]).augmentation.fill_mode == "wrap"


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("seed", "--set seed has no value; write it as key=value, such as seed=1."),
        ("sead=1", "There is no setting sead. Did you mean seed?"),
        ("fine_tune.epoch=1", "There is no setting fine_tune.epoch. Did you mean fine_tune.epochs?"),
        (
            "features.xyz=1",
            "There is no setting features.xyz. Settings here: reframed, mirrored, augmented_views.",
        ),
        ("seed.x=1", "Setting seed is {'x': 1}; it must be of the type of its default, 0."),
        ("features=1", "Setting features is a table; set its parts, such as features.reframed."),
    ],
)  # fmt: skip
def test_what_is_no_setting_is_refused(pair: str, message: str) -> None:
    with raises(ConfigError, message):
        load_config(overrides=[pair])


@pytest.mark.parametrize(
    ("pair", "shown", "rule"),
    [
        ("seed=1.5", "1.5", "of the type of its default, 0"),
        ("seed=true", "True", "of the type of its default, 0"),
        ("validation_fraction=true", "True", "of the type of its default, 0.25"),
        ("features.mirrored=1", "1", "of the type of its default, True"),
        ('head.inverse_regularisation=["a"]', "'a'", "of the type of its default, 1.0"),
        ("seed=-1", "-1", "in 0..4294967295"),
        ("seed=4294967296", "4294967296", "in 0..4294967295"),
        ("validation_fraction=1", "1.0", "in 0..1"),
        ("features.augmented_views=-1", "-1", "0 or more"),
        ("head.folds=1", "1", "2 or more"),
        ("head.inverse_regularisation=[]", "()", "a list of finite numbers over 0"),
        ("head.inverse_regularisation=[1, 0]", "(1.0, 0.0)", "a list of finite numbers over 0"),
        ("head.inverse_regularisation=[inf]", "(inf,)", "a list of finite numbers over 0"),
        ("head.inverse_regularisation=[1, nan]", "(1.0, nan)", "a list of finite numbers over 0"),
        ("augmentation.rotation_range=-5", "-5.0", "in 0..360"),
        ("augmentation.rotation_range=nan", "nan", "in 0..360"),
        ("augmentation.shear_range=1e308", "1e+308", "in 0..360"),
        ("augmentation.width_shift_range=-0.1", "-0.1", "in 0..1"),
        ("augmentation.height_shift_range=inf", "inf", "in 0..1"),
        (f"augmentation.shear_range={10**400}", str(10**400), "of the type of its default, 0.2"),
        ("augmentation.zoom_range=1", "1.0", "in 0..1"),
        ("augmentation.fill_mode=mirror", "mirror", "one of nearest, constant, reflect, wrap"),
        ("fine_tune.layers=0", "0", "1 or more"),
        ("fine_tune.epochs=0", "0", "1 or more"),
        ("fine_tune.patience=0", "0", "1 or more"),
        ("fine_tune.batch_size=0", "0", "1 or more"),
        ("fine_tune.learning_rate=0", "0.0", "a finite number over 0"),
        ("fine_tune.learning_rate=nan", "nan", "a finite number over 0"),
        ("fine_tune.learning_rate=inf", "inf", "a finite number over 0"),
    ],
)
def test_a_value_that_no_run_could_use_is_refused(pair: str, shown: str, rule: str) -> None:
    name, _ = pair.split("=")
    with raises(ConfigError, f"Setting {name} is {shown}; it must be {rule}."):
        load_config(overrides=[pair])


def test_a_file_that_is_missing_or_broken_is_told(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    with raises(ConfigError, f"The configuration {file} can't be read: No such file or directory."):
        load_config(file)
    for content in (b"seed = ", b"\xff", b"seed = " + 5000 * b"1"):
        file.write_bytes(content)
        with pytest.raises(ConfigError) as caught:
            load_config(file)
        assert str(caught.value).startswith(f"The configuration {file} is not valid TOML: ")
    file.write_text("[fine_tune]\nepoch = 1\n")
    with raises(ConfigError, "There is no setting fine_tune.epoch. Did you mean fine_tune.epochs?"):
        load_config(file)
