"""``diff``: what a user is told of two ledgers, and by which exit code."""

import json

import pytest

from tests.repo.schemas import faults


@pytest.fixture(scope="module")
def march(shop):
    """``january`` simulated with a Dag that fails on another day, beside the one that it was."""
    dag = shop.folder / "dags" / "sales.py"
    text = dag.read_text()
    try:
        dag.write_text(text.replace('ds == "2025-01-02"', 'ds == "2025-01-01"').replace("len(rows)", "len(rows) + 1"))
        answer = shop("simulate", "--since", "2025-01-01", "--until", "2d", "--keep", "march")
    finally:
        dag.write_text(text)
    assert answer.code == 1, answer.err
    return shop


def test_for_people(march):
    answer = march("diff", "january", "march")
    assert answer.code == 1, answer.err
    lines = [line.strip() for line in answer.out.splitlines()]
    assert lines[0] == "A  january  3 runs"
    assert "✗ run sales state: success -> failed  2025-01-01T00:00:00Z" in lines
    assert "ValueError: no such table (sales.py:18)" in lines
    assert '- xcom sales.load.return_value: {"rows":3} -> nothing  2025-01-01T00:00:00Z' in lines
    assert lines[-1].startswith("✗ different: states (4 changed), xcoms (1 added, 1 removed)")
    assert lines.index("states  runs and task instances that are not in both, or ended in another state") == 3


def test_for_programs(march):
    answer = march("diff", "january", "march", "--format", "json")
    told = json.loads(answer.out)
    assert faults("diff", told) == []
    assert (answer.code, told["alike"], told["areas"][0]["area"]) == (1, False, "states")
    assert told["first_event"]["a"]["kind"] != "header"


def test_what_is_alike(march):
    march("simulate", "--since", "2025-01-01", "--until", "2d", "--keep", "again")
    answer = march("diff", "january", "again", "-o", "told.txt")
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert (march.folder / "told.txt").read_text().endswith("✓ alike: 3 runs compared\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("january", "january/."), "are the same ledger"),
        (("january", "febuary"), "there is no ledger 'febuary'"),
        (("january", "dags"), "'dags' is a folder, and no ledger"),
        (("january", "march", "--dag", "sale"), "did you mean 'sales'"),
        (("january", "march", "--ignore", "xcom:a.b.c"), "speaks of nothing that is compared"),
    ],
)
def test_what_cannot_be_compared(march, arguments, said):
    answer = march("diff", *arguments)
    assert answer.code == 2
    assert said in answer.err
