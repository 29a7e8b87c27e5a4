from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

from kuzov.doctor.diagnosis_page import headline, render_page
from kuzov.report.page_script import SCRIPT

if TYPE_CHECKING:
    from kuzov.doctor.findings import Diagnosis


def test_the_page(diagnosis: Diagnosis) -> None:
    page = render_page(diagnosis, "photos", fixed=False)
    assert f"{len(diagnosis.findings)} findings in {diagnosis.photos} readable photos" in page
    for kind in diagnosis.totals:
        assert f'href="#{kind.value}"' in page
        assert page.count(f'id="{kind.value}"') == 1
    names = set(re.findall(r"<small>(.+?)</small>", page))
    assert {unescape(name) for name in names} == {
        name for finding in diagnosis.findings for name in finding.photos
    }
    assert "What --fix would move" in page
    assert "Что перенесёт --fix" in page


def test_it_needs_nothing_beside_it(diagnosis: Diagnosis) -> None:
    page = render_page(diagnosis, "photos", fixed=False)
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert page.count("<script") == page.count(f"<script>{SCRIPT}</script>") == 1


def test_nothing_found(diagnosis: Diagnosis) -> None:
    well = replace(diagnosis, findings=(), moves=(), skipped=())
    assert headline(well).en == f"Nothing was found in {diagnosis.photos} photos"
    page = render_page(well, "photos", fixed=False)
    assert "Photos of each class" in page
    assert "Not checked" not in page


def test_names_are_escaped(diagnosis: Diagnosis) -> None:
    finding = replace(diagnosis.findings[0], photos=("suv/<b>.jpg",))
    page = render_page(replace(diagnosis, findings=(finding,)), "<i>", fixed=False)
    assert "<b>" not in page
    assert "<i>" not in page
