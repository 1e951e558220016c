"""Every defect is found where it is, nothing else is, and the good twins are clean."""

from __future__ import annotations

import pytest

from harness.checks import catalogue
from harness.checks.catalogue import FAMILIES
from harness.checks.registry import CHECKS
from tests.checks.cases import ROOT, expected, found, gate

pytestmark = pytest.mark.gate

catalogue.load()
WITH_CHECKS = sorted({check.family for check in CHECKS.values() if check.family in FAMILIES})


@pytest.mark.parametrize("family", WITH_CHECKS)
def test_every_defect_is_found_and_nothing_else(family):
    folder = ROOT / "bad" / family
    wanted = expected(folder)
    assert found(gate(folder), wanted) == wanted


@pytest.mark.parametrize("family", WITH_CHECKS)
def test_the_good_twins_are_clean(family):
    assert found(gate(ROOT / "twins" / family), set()) == set()


def test_every_check_has_a_defect_and_a_good_twin():
    mine = [check for check in CHECKS.values() if check.family in FAMILIES]
    defects = {check for _, check, _ in expected(ROOT / "bad")}
    twins = {path.stem for path in (ROOT / "twins").rglob("*")}
    assert {check.id for check in mine} <= defects
    assert {check.id.replace("-", "_") for check in mine} <= twins
