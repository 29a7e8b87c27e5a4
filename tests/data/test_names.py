from pathlib import Path

import pytest

from kuzov.data.names import load_names
from kuzov.errors import DatasetError
from kuzov.records import ClassName
from kuzov.words import Words
from tests.errors import raises

FIVE = ("bmw_x5", "land_cruiser", "qashqai", "solyaris", "vaz_2110")


def write(folder: Path, text: str) -> Path:
    file = folder / "classes.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_five_of_the_origin_have_names(tmp_path: Path) -> None:
    assert load_names(tmp_path, FIVE) == (
        ClassName(id="bmw_x5", en="BMW X5 (E70)", ru="БМВ X5 (E70)"),
        ClassName(id="land_cruiser", en="Toyota Land Cruiser 100", ru="Тойота Ленд Крузер 100"),
        ClassName(id="qashqai", en="Nissan Qashqai (J11)", ru="Ниссан Кашкай (J11)"),
        ClassName(id="solyaris", en="Hyundai Solaris (2017–)", ru="Хёндэ Солярис (2017–)"),
        ClassName(id="vaz_2110", en="VAZ-2110", ru="ВАЗ-2110"),
    )


def test_the_folders_own_names_go_first_and_ids_last(tmp_path: Path) -> None:
    write(tmp_path, '[qashqai]\nen = "Qashqai"\nru = "Кашкай"\n\n["Лада Нива"]\nru = "Нива"\n')
    assert load_names(tmp_path, ("vaz_2110", "qashqai", "Лада Нива", "zaz")) == (
        ClassName(id="vaz_2110", en="VAZ-2110", ru="ВАЗ-2110"),
        ClassName(id="qashqai", en="Qashqai", ru="Кашкай"),
        ClassName(id="Лада Нива", en="Лада Нива", ru="Нива"),
        ClassName(id="zaz", en="zaz", ru="zaz"),
    )


def test_names_are_found_in_either_unicode_form(tmp_path: Path) -> None:
    write(tmp_path, '["\u0438\u0306"]\nen = "decomposed"\n')
    assert load_names(tmp_path, ("\u0439",)) == (ClassName(id="\u0439", en="decomposed", ru="\u0439"),)


@pytest.mark.parametrize(
    ("text", "problem", "russian"),
    [
        (
            "[qashqai]\nen = \n",
            "{file} is not valid TOML: Invalid value (at line 2, column 6).",
            "В {file} неверный TOML: Invalid value (at line 2, column 6).",
        ),
        (
            '[qashqay]\nen = "x"',
            "{file} names the class qashqay, which has no folder; did you mean qashqai?",
            "В {file} назван класс qashqay, а папки у него нет; может быть, qashqai?",
        ),
        (
            '[zzz]\nen = "x"',
            "{file} names the class zzz, which has no folder; the classes are bmw_x5, land_cruiser, qashqai, "
            "solyaris, vaz_2110.",
            "В {file} назван класс zzz, а папки у него нет; классы: bmw_x5, land_cruiser, qashqai, solyaris, "
            "vaz_2110.",
        ),
        (
            '[qashqai]\nde = "x"',
            "{file} gives qashqai the unknown key de; the keys are en and ru.",
            "В {file} у qashqai неизвестный ключ de; ключи — en и ru.",
        ),
        (
            "[qashqai]\nen = 5",
            "{file} gives qashqai the en name 5; it must be a text in quotes.",
            "В {file} у qashqai название en — 5; нужен текст в кавычках.",
        ),
        (
            '[qashqai]\nru = " "',
            "{file} gives qashqai the ru name ' '; it must be a text in quotes.",
            "В {file} у qashqai название ru — ' '; нужен текст в кавычках.",
        ),
        (
            'qashqai = "x"',
            '{file} gives qashqai no table; write [qashqai] and below it en = "…".',
            'В {file} у qashqai нет таблицы; напишите [qashqai] и ниже en = "…".',
        ),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, problem: str, russian: str) -> None:
    told = Words(problem, russian).fill(file=str(write(tmp_path, text)))
    with raises(DatasetError, told):
        load_names(tmp_path, FIVE)


def test_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "classes.toml"
    file.write_bytes('[qashqai]\nru = "Кашкай"'.encode("cp1251"))
    with raises(DatasetError, f"{file} is not in UTF-8; save it in that encoding."):
        load_names(tmp_path, FIVE)


def test_a_folder_in_the_files_place_is_named(tmp_path: Path) -> None:
    file = tmp_path / "classes.toml"
    file.mkdir()
    with raises(DatasetError, f"The names in {file} can't be read: Is a directory."):
        load_names(tmp_path, FIVE)
