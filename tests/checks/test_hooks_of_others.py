"""Classes that are called as hooks and are none: what a check asks of their signatures may not be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.cases import gate

MODULE = """\
class NumberHook(int): ...
class PlacesHook(dict): ...
class KindHook(type): ...
"""
DAG = """\
from airflow.sdk import DAG, task
from hooks_of_others import KindHook, NumberHook, PlacesHook

with DAG("others", schedule=None):

    @task
    def load():
        return NumberHook("5"), PlacesHook({}), KindHook("a")

    load()
"""


@pytest.mark.gate
def test_a_class_without_a_signature_is_no_connection(tmp_path: Path) -> None:
    (tmp_path / "hooks_of_others.py").write_text(MODULE)
    (tmp_path / "others.py").write_text(DAG)
    ours = ("check-failed", "connection-missing")
    assert [one for one in gate(tmp_path).findings if one.check in ours] == []
