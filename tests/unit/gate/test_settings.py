"""Which checks are on: defaults, settings, the command line; and what cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.checks import catalogue
from harness.checks.context import LIMITS
from harness.errors import UsageError
from harness.gate.settings import SeverityRules, parse_limit, selection_of
from harness.project.config import Config, read_config


@pytest.fixture(autouse=True, scope="module")
def loaded():
    catalogue.load()


def severities(settings=None, select=(), ignore=()):
    return SeverityRules(settings or {}, select, ignore).severities()


def test_policies_are_off_until_they_are_set_or_selected():
    on = severities()
    assert on["pool-missing"] == "error"
    assert on["waiver"] == on["asset-without-producer"] == "warning"
    assert "owner" not in on
    assert severities({"owner": "warning"})["owner"] == "warning"
    assert severities({"policy": "warning", "owner": "off"}).keys() & {"owner", "tags"} == {"tags"}
    assert severities(select=("owner",))["owner"] == "error"
    assert {"owner", "tags", "retries"} <= severities(select=("policy",)).keys()


def test_a_selection_leaves_out_the_rest_but_not_what_hides_findings():
    assert severities(select=("pool-missing",)) == {
        "pool-missing": "error",
        "import-error": "error",
        "check-failed": "error",
    }
    assert severities(select=("resources",), ignore=("pool-missing",)).keys() & {"pool-missing", "cycle"} == set()
    assert "pool-missing" in severities(select=("pool-missing",), ignore=("resources",))
    assert "import-error" not in severities(ignore=("import-error",))
    assert "check-failed" in severities(ignore=("check-failed",))


def test_what_is_off_in_the_settings_is_selected_by_its_name_only():
    assert "owner" not in severities({"owner": "off"}, select=("policy",))
    assert severities({"owner": "off"}, select=("owner",))["owner"] == "error"
    assert severities({"pool-missing": "warning"}, select=("resources",))["pool-missing"] == "warning"


@pytest.mark.parametrize(
    ("select", "ignore", "told"),
    [
        (("pool-mising",), (), "--select 'pool-mising' is neither a check nor a family of checks"),
        ((), ("contents",), "--ignore 'contents'"),
        (("pool-missing",), ("pool-missing", "import-error"), "no check is left to be made"),
    ],
)
def test_a_command_line_that_cannot_be_meant(select, ignore, told):
    with pytest.raises(UsageError, match=told) as caught:
        severities(select=select, ignore=ignore)
    if select == ("pool-mising",):
        assert "did you mean 'pool-missing'" in str(caught.value)


def config(folder: Path, text: str) -> Config:
    (folder / "pyproject.toml").write_text(text)
    return read_config(folder)


def test_thresholds_and_texts_come_from_the_settings(tmp_path):
    given = config(
        tmp_path,
        "[tool.airflow-harness.limits]\ncatchup-runs = 7\nimport-timeout-s = 3\n"
        '[tool.airflow-harness.options]\ndag-id-pattern = "[a-z]+"\n',
    )
    selection = selection_of(given)
    assert selection.limits == {**LIMITS, "catchup-runs": 7}
    assert selection.options == {"dag-id-pattern": "[a-z]+"}
    assert (parse_limit(given, "import-timeout-s"), parse_limit(given, "memory-mb")) == (3, 1024)


@pytest.mark.parametrize(
    ("table", "told", "nearest"),
    [
        ('checks]\npool-mising = "error"', "'pool-mising' is neither", "pool-missing"),
        ("limits]\nparse-time = 3", "there is no limit 'parse-time'", "parse-time-s"),
        ('options]\ndag-pattern = ""', "there is no option 'dag-pattern'", "dag-id-pattern"),
        ('options]\ndag-id-pattern = "("', "is no regular expression", None),
        ('per-path-ignores]\n"a/*" = ["cycles"]', "'cycles' is neither", "cycle"),
    ],
)
def test_settings_that_name_nothing_are_told_with_their_line(tmp_path, table, told, nearest):
    given = config(tmp_path, f"[tool.airflow-harness.{table}\n")
    with pytest.raises(UsageError, match=told) as caught:
        selection_of(given)
    assert caught.value.where == f"{tmp_path}/pyproject.toml:2"
    assert nearest is None or f"did you mean {nearest!r}" in str(caught.value)
