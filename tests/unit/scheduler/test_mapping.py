"""Lengths, creation and expansion of mapped task instances."""

from __future__ import annotations

import pytest
from scheduler_builders import DAY, NOW, dag, finish, ids, run_of, states, task, ti

from harness.scheduler.mapping import (
    NotPopulated,
    expand,
    expand_mapped_task,
    is_mapped_somewhere,
    length_of,
    mapped_count,
    relevant_map_indexes,
    revise_map_indexes,
)
from harness.scheduler.model import Concat, KnownLength, Length, MappedGroup, OfTask, Product, Zip

A, B = OfTask("a"), OfTask("b")


@pytest.mark.parametrize(
    ("length", "known", "expected"),
    [
        (KnownLength(3), {}, 3),
        (A, {"a": 4}, 4),
        (A, {}, None),
        (Zip((A, B)), {"a": 4, "b": 2}, 2),
        (Zip((A, B), longest=True), {"a": 4, "b": 2}, 4),
        (Zip((A, B)), {"a": 4}, None),
        (Concat((A, B)), {"a": 4, "b": 2}, 6),
        (Concat((A, B)), {"b": 2}, None),
        (Product((A, KnownLength(3))), {"a": 4}, 12),
        (Product((A, KnownLength(3))), {}, None),
        (Product((A, B)), {"a": 4, "b": 0}, 0),
        (Product(()), {}, 0),
        (Product((Zip((A, B)), Concat((A, B)))), {"a": 4, "b": 2}, 12),
    ],
    ids=str,
)
def test_length_of(length: Length, known: dict[str, int], expected: int | None) -> None:
    run = run_of(dag(task("a"), task("b")))
    run.lengths.update(known)
    assert length_of(length, run) == expected


def test_the_length_of_a_mapped_upstream_is_what_its_instances_returned() -> None:
    run = run_of(dag(task("a", length=KnownLength(3))))
    finish(run, ("a", 0))
    finish(run, ("a", 1), "skipped")
    assert length_of(A, run) is None, "one instance is not finished"
    finish(run, ("a", 2))
    assert length_of(A, run) == 2
    run.returned["a"].add(-1)
    assert length_of(A, run) == 2, "only mapped indexes are counted"


OUTER = MappedGroup("outer", None, KnownLength(2), ())
INNER = MappedGroup("outer.inner", "outer", KnownLength(3), ())


class TestCounts:
    made = dag(
        task("plain"),
        task("m", length=KnownLength(5)),
        task("o", groups=("outer",)),
        task("i", groups=("outer.inner", "outer")),
        task("mi", groups=("outer.inner", "outer"), length=A),
        task("a"),
        groups=[OUTER, INNER],
    )

    def test_own_length_times_all_groups_around(self) -> None:
        run = run_of(self.made)
        run.lengths["a"] = 4
        counts = {name: mapped_count(one, run) for name, one in self.made.tasks.items()}
        assert counts == {"plain": None, "m": 5, "o": 2, "i": 6, "mi": 24, "a": None}

    def test_a_missing_value_is_named(self) -> None:
        with pytest.raises(NotPopulated, match="'a'") as caught:
            mapped_count(self.made.tasks["mi"], run_of(self.made))
        assert caught.value.missing == ("a",)

    def test_mapped_somewhere(self) -> None:
        found = [name for name, one in self.made.tasks.items() if is_mapped_somewhere(one)]
        assert found == ["m", "o", "i", "mi"]

    @pytest.mark.parametrize(
        ("name", "relative", "index", "count", "expected"),
        [
            ("o", "o", 1, 2, 1),
            ("o", "plain", 1, 2, None),
            ("i", "o", 4, 6, 1),
            ("i", "i", 4, 6, 4),
            ("o", "i", 1, 2, range(1, 2)),
            ("i", "mi", 4, 6, range(4, 5)),
            ("mi", "i", 23, 24, 5),
            ("mi", "o", 11, 24, 0),
            ("i", "o", 4, None, None),
            ("i", "o", 4, 0, None),
            ("o", "o", -1, 2, -1),
        ],
    )
    def test_relevant_map_indexes(
        self, name: str, relative: str, index: int, count: int | None, expected: int | range | None
    ) -> None:
        tasks = self.made.tasks
        assert relevant_map_indexes(tasks[name], index, count, tasks[relative], run_of(self.made)) == expected


class TestCreate:
    def test_literals_are_expanded_at_once_and_others_wait(self) -> None:
        made = dag(
            task("a", retries=4),
            task("lit", length=Product((KnownLength(2), KnownLength(2))), retries=1),
            task("none", length=KnownLength(0)),
            task("later", length=A),
            task("both", groups=("outer",), length=KnownLength(2)),
            task("half", groups=("outer",), length=A),
            groups=[OUTER],
        )
        run = run_of(made)
        expected = ["a", *[("lit", n) for n in range(4)], "none", "later", *[("both", n) for n in range(4)], "half"]
        assert ids(run.task_instances.values()) == expected
        assert [one.max_tries for one in run.task_instances.values()] == [4, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
        assert {one.try_number for one in run.task_instances.values()} == {0}

    @pytest.mark.parametrize(
        ("dates", "run_type", "logical_date", "there"),
        [
            ({"start_date": NOW}, "scheduled", NOW, True),
            ({"start_date": NOW + 1}, "scheduled", NOW, False),
            ({"end_date": NOW}, "scheduled", NOW, True),
            ({"end_date": NOW - 1}, "scheduled", NOW, False),
            ({"start_date": NOW - DAY, "end_date": NOW + DAY}, "manual", NOW, True),
            ({"start_date": NOW + 1}, "backfill", NOW, True),
            ({"end_date": NOW - 1}, "backfill", NOW, True),
            ({"start_date": NOW + 1}, "manual", None, True),
        ],
    )
    def test_start_and_end_dates(
        self, dates: dict[str, int], run_type: str, logical_date: int | None, there: bool
    ) -> None:
        run = run_of(dag(task("t", **dates)), run_type=run_type, logical_date=logical_date)
        assert bool(run.task_instances) is there


class TestExpand:
    made = dag(task("a"), task("m", "a", length=A, map_dependencies=("a",), retries=2))

    def test_the_unmapped_instance_becomes_the_first(self) -> None:
        run = run_of(self.made)
        finish(run, "a", length=3)
        unmapped = ti(run, "m")
        unmapped.max_tries = 7
        found = expand(unmapped)
        assert found is not None
        assert found[0] is unmapped
        assert ids(found) == [("m", 0), ("m", 1), ("m", 2)]
        assert [one.max_tries for one in found] == [7, 2, 2]
        assert states(run) == {"a": "success", ("m", 0): None, ("m", 1): None, ("m", 2): None}
        assert expand(unmapped) is None, "already expanded"

    def test_nothing_to_map_over_skips(self) -> None:
        run = run_of(self.made)
        finish(run, "a", length=0)
        assert expand(ti(run, "m")) == []
        assert ti(run, "m").state == "skipped"
        assert ti(run, "m").reason == "expands to nothing: the value of 'a' has length 0"
        assert ti(run, "m").end is None, "as in Airflow"

    def test_an_unknown_length_fails_it(self) -> None:
        run = run_of(self.made)
        assert expand(ti(run, "m")) == []
        assert ti(run, "m").state == "upstream_failed"
        assert ti(run, "m").reason == "cannot expand: no value to map over from 'a'"

    def test_a_task_that_is_not_mapped_is_left_alone(self) -> None:
        run = run_of(self.made)
        assert expand(ti(run, "a")) is None
        assert ti(run, "a").state is None

    def test_an_instance_kept_from_before_a_clear_goes_on(self) -> None:
        run = run_of(dag(task("a"), task("m", "a", length=A)))
        finish(run, "a", length=3)
        expand(ti(run, "m"))
        unmapped = type(ti(run, "a"))(run.dag.tasks["m"], run, -1)
        run.task_instances[unmapped.key] = unmapped
        run.lengths["a"] = 2
        expansion = expand_mapped_task(unmapped)
        assert expansion is not None
        assert expansion.expanded == []
        assert ids(expansion.set_states()) == [("m", 2)]
        assert states(run) == {"a": "success", ("m", 0): None, ("m", 1): None, ("m", 2): "removed"}


class TestRevise:
    def test_follows_a_change_of_length(self) -> None:
        run = run_of(dag(task("a"), task("m", "a", length=A)))
        finish(run, "a", length=3)
        expand(ti(run, "m"))
        mapped = list(run.instances("m"))
        assert revise_map_indexes(run.dag.tasks["m"], run, mapped).expanded == []
        run.lengths["a"] = 4
        assert ids(revise_map_indexes(run.dag.tasks["m"], run, mapped).expanded) == [("m", 3)]
        run.lengths["a"] = 1
        found = revise_map_indexes(run.dag.tasks["m"], run, run.instances("m"))
        assert ids(found.set_states()) == [("m", 1), ("m", 2), ("m", 3)]
        assert [one.state for one in run.instances("m")] == [None, "removed", "removed", "removed"]

    def test_one_that_was_never_expanded_beside_others_is_none_of_them(self) -> None:
        run = run_of(dag(task("a"), task("m", "a", length=A)))
        finish(run, "a", length=2)
        one = ti(run, "m")
        other = type(one)(task=one.task, run=run, map_index=1)
        found = revise_map_indexes(run.dag.tasks["m"], run, [one, other])
        assert (ids(found.expanded), ids(found.set_states())) == ([("m", 0)], ["m"])

    def test_waits_for_values(self) -> None:
        run = run_of(dag(task("a"), task("m", "a", length=A)))
        found = revise_map_indexes(run.dag.tasks["m"], run, run.instances("m"))
        assert (found.expanded, found.given) == ([], [])
