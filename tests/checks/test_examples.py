"""Airflow's own example Dags: nothing is found in them but what is truly there."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from harness.checks.registry import CHECKS
from tests.checks.cases import gate
from tests.checks.examples import KNOWN

FOLDERS = ("example_dags", "providers/standard/example_dags")
"""One repository: Dags of the one trigger Dags of the other."""


@pytest.mark.reference
def test_no_false_alarm():
    airflow = Path(find_spec("airflow").submodule_search_locations[0])
    own, of_the_provider = (airflow / folder for folder in FOLDERS)
    result = gate(own) if (own / "standard").exists() else gate(own, of_the_provider)  # 3.1 has them in its own
    found = {(Path(one.path).name, one.check, one.message) for one in result.findings}
    judged = {one for one in found if one[1] not in CHECKS or CHECKS[one[1]].family != "policy"}
    assert len(result.files) > 20
    assert {one for one in judged if one[:2] not in KNOWN} == set()
