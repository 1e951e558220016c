"""``when``: when the runs of a Dag are ready, for people and for programs, and what means nothing."""

import json

import pytest

from tests.repo.schemas import faults

pytestmark = pytest.mark.programs

LIKELY = """
pools: {db: 2}
durations:
  nightly.load: {p50: 10m, p90: 20m}
"""
STRETCH = ("--since", "2025-03-01", "--until", "2d", "--world", "likely.yaml", "--samples", "20")


@pytest.fixture(scope="module")
def likely(shop):
    shop.write("likely.yaml", LIKELY)
    return shop


def test_the_runs_of_a_dag_for_people_and_for_programs(likely):
    before = likely.fingerprint()
    told, document = (
        likely.ask("when", "--dag", "nightly", *STRETCH),
        likely.ask("when", "--dag", "nightly", *STRETCH, "--json"),
    )
    people, found = told.result(), json.loads(document.result().out)
    assert people.code == 0, people.err
    head, titles, *rows = people.out.splitlines()
    assert head == "nightly, due 2025-03-01T00:00:00Z until 2025-03-03T00:00:00Z, 20 samples, by the rules alone"
    assert titles.split() == ["run", "p50", "after", "at", "p95", "after", "at", "missed"]
    assert [row.split()[0] for row in rows[:2]] == ["2025-03-01T02:30:00Z", "2025-03-02T02:30:00Z"]
    assert faults("when", found) == []
    assert [run["states"] for run in found["runs"]] == [{"success": 20}] * 2
    slowest = max((run["quantiles"][-1] for run in found["runs"]), key=lambda one: one["after_s"])
    (again,) = [
        line.partition("as it came:  airflow-harness ")[2] for line in people.out.splitlines() if "as it came" in line
    ]
    assert again.endswith(f" --world likely.yaml --seed {slowest['seed']}")
    calendar = json.loads(likely(*again.split(), "--json").out)
    ends = [run["end_date"] for run in calendar["runs"] if run["dag_id"] == "nightly"]
    assert slowest["at"] in ends
    assert likely.fingerprint() == before


def test_what_means_nothing_is_one_error(likely):
    for words, fact in (
        (("--quantile", "1.5"), "1.5 is not in the range 0<=x<=1"),
        (("--samples", "0"), "0 is not in the range 1<=x<=100000"),
        (("--since", "soon"), "--since 'soon' is not an ISO 8601 date"),
        (("--dag", "nightl"), "no Dag 'nightl'"),
        (("--task", "lod"), "no task 'lod' in 'nightly'"),
        (("--from-ledger", "nowhere"), "nowhere"),
    ):
        answer = likely("when", "--dag", "nightly", *STRETCH, *words)
        assert (answer.code, answer.out) == (2, ""), answer.err
        assert fact in answer.err
    for percentiles in ("90", "50,90,nope", "50,101", "50,50"):
        answer = likely("import", "answers.json", "--percentiles", percentiles)
        assert (answer.code, "is not two different numbers from 0 to 100" in answer.err) == (2, True), answer.err
