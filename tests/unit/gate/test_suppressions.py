"""Waivers: where they stand, what they need, when they are told themselves."""

from __future__ import annotations

import pytest
from gate_builders import found, quiet, told

from harness.gate.suppressions import SuppressionComments

WHY = "# harness: ignore[pool-missing] Terraform makes it"

PLACES = """\
load(pool="etl")  {here}
# a word
{above}
load(
    pool="etl",  {inside}
)
{apart}

load(pool="etl")
{decorated}
@task(
    pool="etl"
)
def work(
    a,
):  {head}
    {body}
    load()
with DAG("d",
         schedule=None) as dag:  {with_head}
    load()
"""
LINES = {"here": 1, "above": 3, "inside": 5, "apart": 7, "decorated": 10, "head": 16, "body": 17, "with_head": 20}


@pytest.mark.parametrize(
    ("place", "lines"),
    [
        ("here", {1}),
        ("above", {2, 3, 4, 5, 6}),
        ("inside", {4, 5, 6}),
        ("apart", {7}),
        ("decorated", {10, 11, 12, 13, 14, 15, 16}),
        ("head", {11, 12, 13, 14, 15, 16}),
        ("body", {17, 18}),
        ("with_head", {19, 20}),
    ],
)
def test_a_waiver_holds_for_its_statement_and_for_nothing_else(tmp_path, place, lines):
    path = tmp_path / "dag.py"
    text = PLACES.format(**{name: WHY if name == place else "" for name in LINES})
    path.write_text(text)
    waivers = SuppressionComments.of(str(path))
    assert [waiver.line for waiver in waivers.every] == [LINES[place]]
    written = [number for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    assert {line for line in written if list(waivers.of_line(line))} == lines


@pytest.mark.parametrize(
    ("comment", "checks", "reason"),
    [
        ("# harness: ignore[a] why", ("a",), "why"),
        ("#harness:ignore[a,b-c] why not", ("a", "b-c"), "why not"),
        ("# noqa: X  # Harness: Ignore[ a , b ] - why", ("a", "b"), "why"),
        ("# harness: ignore[a]", ("a",), ""),
        ("# harness: ignore[a] -", ("a",), ""),
        ("# harness: ignore[] why", (), "why"),
        ("# harness: ignore why", (), "why"),
    ],
)
def test_how_it_is_written(tmp_path, comment, checks, reason):
    path = tmp_path / "dag.py"
    path.write_text(f"x = 1  {comment}\ntext = '# harness: ignore[c] in a text'\n")
    assert [(one.checks, one.reason) for one in SuppressionComments.of(str(path)).every] == [(checks, reason)]


@pytest.mark.parametrize(
    "text", ["x = (  # harness: ignore[a] why\n", "x = 'é'  # harness: ignore[a] why\n\x00", "\t1\n  2"]
)
def test_a_file_that_is_no_python_is_read_all_the_same(tmp_path, text):
    path = tmp_path / "dag.py"
    path.write_bytes(text.encode("latin-1"))
    assert [one.reason for one in SuppressionComments.of(str(path)).every] == ["why"] * text.count("ignore")
    other = tmp_path / "dags.yaml"
    other.write_text("a: 1\npool: etl  # harness: ignore[pool-missing] why\n")
    waivers = SuppressionComments.of(str(other))
    assert [line for line in (1, 2, 3) if list(waivers.of_line(line))] == [2]
    assert SuppressionComments.of(str(tmp_path / "gone.py")).every == []


@pytest.fixture
def dag(tmp_path):
    """Write a Dag file whose line 2 is found fault with; what is told then."""
    path = tmp_path / "dags" / "dag.py"
    path.parent.mkdir()

    def write(comment, *checks, **more):
        path.write_text(f"import x\nload()  {comment}\n")
        return told(quiet(tmp_path, *(found(path, 2, check) for check in checks), files=(path,), **more))

    return write


def test_with_a_reason_a_finding_is_not_told(dag):
    assert dag(WHY, "pool-missing") == []
    assert dag(WHY, "pool-missing", "cycle") == [("cycle", 2, "no such pool")]
    assert dag("# harness: ignore[cycle, pool-missing] both", "pool-missing", "cycle") == []


def test_without_a_reason_it_does_not_count_and_is_told(dag):
    message = "the waiver of 'pool-missing' gives no reason, so it does not count"
    assert dag("# harness: ignore[pool-missing]", "pool-missing") == [
        ("pool-missing", 2, "no such pool"),
        ("waiver", 2, message),
    ]


def test_what_waives_nothing_is_told(dag):
    assert dag(WHY) == [("waiver", 2, "the waiver of 'pool-missing' waives nothing: there is no such finding here")]
    assert dag("# harness: ignore[pool-mising] why") == [
        ("waiver", 2, "the waiver names 'pool-mising', which is no check")
    ]
    assert dag("# harness: ignore why") == [("waiver", 2, "the waiver names no check")]


@pytest.mark.parametrize(
    ("comment", "checks", "more"),
    [
        (WHY, (), {"select": ("cycle", "waiver")}),  # it was not looked for
        (WHY, ("import-error",), {}),  # the file was not looked at
        ("# harness: ignore[external-dag] why", (), {"partial": True}),  # what it is about may lie elsewhere
        ("# harness: ignore[owner] why", (), {}),  # it is off
        (WHY, (), {"ignores": {"dags/": ["waiver"]}}),
        (WHY, (), {"ignores": {"dags/": ["pool-missing"]}}),
    ],
)
def test_what_may_be_needed_is_not_called_needless(dag, comment, checks, more):
    assert [check for check, _, _ in dag(comment, *checks, **more)] == list(checks)


def test_a_check_that_failed_cannot_be_waived(dag):
    assert ("check-failed", 2, "no such pool") in dag("# harness: ignore[check-failed] why", "check-failed")


def test_a_waiver_in_a_module_holds_for_all_that_import_it(tmp_path):
    (tmp_path / "helper.py").write_text(f"load()  {WHY}\n")
    (tmp_path / "dag.py").write_text("import helper\n")
    made = quiet(tmp_path, found(tmp_path / "helper.py", 1), files=(tmp_path / "dag.py",))
    assert (told(made), made.waived) == ([], 1)


@pytest.mark.parametrize(
    ("glob", "hidden"),
    [
        ("dags/legacy/**", True),
        ("legacy/", True),
        ("**/d.py", True),
        ("dags/*.py", False),
        ("other/**", False),
        ("/legacy/", False),
    ],
)
def test_checks_are_off_below_a_path(tmp_path, glob, hidden):
    path = tmp_path / "dags" / "legacy" / "d.py"
    made = quiet(tmp_path, found(path, 1), found(path, 1, "cycle"), ignores={glob: ["resources"]})
    assert [check for check, _, _ in told(made)] == (["cycle"] if hidden else ["cycle", "pool-missing"])
