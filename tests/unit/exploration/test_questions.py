"""What an exploration answers."""

from __future__ import annotations

import pytest
from exploration_builders import task

from harness.errors import TaskNotFound, UsageError
from harness.exploration.outcomes import Decider

ETL = (
    task("extract"),
    task("load", "extract"),
    task("cleanup", "load"),
    task("report", "load", trigger_rule="all_done"),
)
BRANCHES = (task("check"), task("a", "check"), task("b", "check"), task("join", "a", "b"))
SINGLE = {"check": Decider((("a",), ("b",)))}
WIDE = tuple(task(f"p{n:02}") for n in range(15))


def test_whether_a_task_runs_whatever_happens(explored):
    found = explored(*ETL)
    assert found.exhaustive
    answer = found.runs_always("cleanup")
    assert not answer
    assert repr(answer) == "cleanup is upstream_failed when: extract=failed"
    assert answer.counter_example.states["load"] == "upstream_failed"
    good = found.runs_always("report")
    assert good
    assert repr(good) == f"report always runs, in all {len(found.scenarios)} combinations"
    assert found.always_run == ("extract", "report")


def test_on_condition(explored):
    found = explored(*ETL)
    assert found.runs_always("cleanup", when={"load": "success"})
    assert (
        repr(found.runs_always("cleanup", when={"extract": "success"}))
        == "cleanup is upstream_failed when: load=failed"
    )
    assert not found.runs_always("cleanup", when={"load": ["success", "skipped"]})
    assert found.runs_always("cleanup", when=lambda scenario: "failed" not in scenario.states.values()).counter_example
    nothing = found.runs_always("cleanup", when={"load": "removed"})
    assert (bool(nothing), repr(nothing)) == (True, "cleanup always runs: no combination is as asked")
    assert found.always("load", "failed", "upstream_failed", when={"extract": "failed"})
    assert repr(found.always("report", when={"load": "failed"})).startswith("report is failed when: ")


def test_the_smallest_counter_example(explored):
    found = explored(*ETL)
    smallest = found.counter_example(lambda scenario: scenario.run_state == "success")
    assert smallest.when == "cleanup=failed"  # one trouble, as extract=failed and load=failed; the first by name
    assert repr(smallest) == "<failed when: cleanup=failed>"
    assert found.counter_example(lambda scenario: scenario.run_state is not None) is None


def test_tasks_that_never_run(explored):
    found = explored(*BRANCHES, deciders=SINGLE)
    assert found.never_run == {"join": "skipped: trigger rule 'all_success': upstream 'b' was skipped"}
    assert found.states("join") == ("skipped", "upstream_failed")
    assert not explored(*BRANCHES, deciders={"check": Decider((("a",), ("b",), ("a", "b")))}).never_run
    told = str(found)
    assert told.splitlines()[0] == "d: all 8 combinations; the run ends in failed, success"
    assert "never runs: join (skipped: trigger rule" in told


def test_the_branch_that_matters_is_told_and_no_other(explored):
    found = explored(*BRANCHES, task("end", "a", "b", trigger_rule="one_success"), deciders=SINGLE)
    assert found.runs_always("b").counter_example.when == "check=a"
    assert found.runs_always("a").counter_example.when == "check=b"
    assert repr(found.runs_always("end")) == "end is upstream_failed when: a=failed"  # which needs check=a: not told
    assert found.runs_always("join").counter_example.when == "everything goes as usual"


def test_beyond_the_limit_a_question_is_answered_from_what_matters_to_it(explored):
    """3 to the power of 16 combinations; those that matter to ``tail`` are few."""
    tail = task("tail", "p00", "p01", trigger_rule="all_done")
    never = task("never", "p00", "p01", "sure", trigger_rule="all_failed")
    found = explored(*WIDE, task("sure"), tail, never, outcomes={"sure": ["success"]}, limit=300)
    assert (found.exhaustive, found.deviations) == (False, 1)
    assert len(found.scenarios) < 300
    answer = found.runs_always("tail")
    assert (bool(answer), answer.exhaustive, answer.runs) == (True, True, 27)
    assert list(found.never_run) == ["never"]
    assert found.never_run["never"].startswith("skipped: trigger rule 'all_failed': upstream 'p00' succeeded")
    assert "combinations, every unusual outcome and every pair, of " in repr(found)


def test_beyond_the_limit_a_counter_example_is_made_small(explored):
    """Found in a row of the covering array with much else; what does not matter is taken out."""
    last = task("last", *(one.task_id for one in WIDE), trigger_rule="all_done")
    found = explored(*WIDE, last, limit=50)
    smallest = found.counter_example(lambda scenario: sum(s == "failed" for s in scenario.states.values()) < 3)
    assert (smallest.troubles, len(smallest.given)) == (3, 3)
    answer = found.runs_always("last")
    assert (bool(answer), answer.exhaustive) == (True, False)
    assert repr(answer) == f"last always runs, in the {answer.runs} tried of more combinations"


def test_deadlocks_and_runs_that_never_end(explored):
    dead = explored(task("a"), task("b", "a", trigger_rule="odd"))
    assert len(dead.deadlocks) == len(dead.scenarios) == 3
    assert dead.never_run == {"b": "no status"}
    stuck = explored(task("a"), task("b", "a", trigger_rule="odd", depends_on_past=True))
    assert (len(stuck.stuck), stuck.run_states, stuck.states("b")) == (3, ("(none)",), ("(none)",))
    assert "never ends: a=success" in str(stuck)
    assert repr(stuck.always("b")) == "b is without a state when: everything goes as usual"


def test_questions_about_what_is_not_there(explored):
    found = explored(*ETL)
    for ask in (found.runs_always, found.always, found.states):
        with pytest.raises(TaskNotFound, match="did you mean 'load'"):
            ask("lod")
    with pytest.raises(TaskNotFound, match="'lod'"):
        found.runs_always("load", when={"lod": "failed"})
    with pytest.raises(UsageError, match="cannot have the outcome 'fails'"):
        found.runs_always("load", when={"extract": "fails"})


def test_the_same_twice(explored):
    one, other = (explored(*WIDE, limit=40, seed=4) for _ in range(2))
    assert one.scenarios == other.scenarios
    assert one.scenarios != explored(*WIDE, limit=40, seed=5).scenarios


def test_the_old_name_of_how_many_were_played_tells_the_new_one(explored):
    found = explored(*ETL)
    with pytest.warns(DeprecationWarning, match=r"len\(Exploration\.scenarios\)"):
        assert found.runs == len(found.scenarios)
