"""Airflow's own example Dags: nothing is found in them but what is truly there."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from harness.checks.registry import CHECKS
from tests.checks.cases import gate
from tests.checks.examples import KNOWN

JUDGED = ("loading", "graph", "schedule", "content")
"""Families that are held against the examples."""
FOLDERS = ("example_dags", "providers/standard/example_dags")


@pytest.mark.reference
@pytest.mark.parametrize("folder", FOLDERS)
def test_no_false_alarm(folder):
    result = gate(Path(find_spec("airflow").submodule_search_locations[0]) / folder)
    found = {
        (Path(one.path).name, one.check, one.message)
        for one in result.findings
        if one.check in CHECKS and CHECKS[one.check].family in JUDGED
    }
    assert len(result.files) > 10
    assert {one for one in found if one[:2] not in KNOWN} == set()
