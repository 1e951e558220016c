"""The SQL of each area: the places that differ, as rows of one shape.

A row is ``what, change, dag_id, task_id, field, place (the order of runs), run, map_index, a, b, why``. It stands over
the tables that `harness.ledger.comparison.pairs` makes: ``matched_runs``, ``instances_a`` and ``instances_b``.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.ledger.comparison.rules import Rules

LONGEST = 300
"""Characters of a value that are kept of it for a sample."""

_PLACE = "pair as place, run"
_BOTH = "run_a is not null and run_b is not null"


def states(_: Rules) -> str:
    """Runs, then task instances of runs that both have."""
    return f"""
    select 'run' as what, {_sort("run_a is null", "run_b is null")} as change, dag_id, null as task_id,
           case when {_BOTH} then 'state' end as field, {_PLACE}, -1 as map_index, state_a as a, state_b as b,
           case when state_b = 'failed' then reason_b when state_a = 'failed' then 'in A: ' || reason_a end as why
    from matched_runs where state_a is distinct from state_b
    union all
    select 'task instance', {_sort("not in_a", "not in_b")}, dag_id, task_id,
           case when in_a and in_b then 'state' end, {_PLACE}, map_index, state_in_a, state_in_b,
           coalesce(eb.why, reason_in_b, 'in A: ' || coalesce(ea.why, reason_in_a))
    from (
        select coalesce(a.pair, b.pair) as pair, coalesce(a.task_id, b.task_id) as task_id,
               coalesce(a.map_index, b.map_index) as map_index, a.pair is not null as in_a, b.pair is not null as in_b,
               a.state as state_in_a, b.state as state_in_b, a.reason as reason_in_a, b.reason as reason_in_b
        from instances_a a full join instances_b b using (pair, task_id, map_index)
        where a.state is distinct from b.state or a.pair is null or b.pair is null
    ) t
    join matched_runs using (pair)
    {_error("a")}
    {_error("b")}
    """


def _error(side: str) -> str:
    """The error of the last try on a side, where it is what the state comes of."""
    return f"""
    left join (
        select run_id as run_{side}, dag_id, task_id, map_index, arg_max_null(case when state = 'failed' then
               error_type || ': ' || error_message || coalesce(' (' || error_where || ')', '') end, try_number) as why
        from attempts where ledger = '{side}' group by all
    ) e{side} using (run_{side}, dag_id, task_id, map_index)"""


def schedule(_: Rules) -> str:
    """Dates, type and conf of runs."""
    fields = ("run_type", "logical_date", "data_interval_start", "data_interval_end", "run_after", "conf")
    return " union all ".join(
        f"""select 'run' as what, 'changed' as change, dag_id, null as task_id, '{field}' as field, {_PLACE},
        -1 as map_index, {field}_a::varchar as a, {field}_b::varchar as b, null as why
        from matched_runs where {_BOTH} and {field}_a is distinct from {field}_b"""
        for field in fields
    )


def xcoms(rules: Rules) -> str:
    """XComs of task instances that both have."""
    name = "dag_id || '.' || task_id || '.' || key"
    return _keyed("xcom", "xcoms", "key", rules.ignores("xcoms", name), rules.differs("a.value", "b.value"))


def rendered_fields(rules: Rules) -> str:
    """Template fields. What a task instance rendered is compared as a whole, and taken apart where it differs."""
    name = "dag_id || '.' || task_id || '.' || field"
    taken = """(
        select pair, task_id, map_index, field,
               json_extract(fields, pointer(field)) as value
        from (select *, unnest(json_keys(fields)) as field from rendered_{side})
    )"""
    return _keyed(
        "rendered field", taken, "field", rules.ignores("rendered_fields", name), rules.differs("a.value", "b.value")
    )


def _keyed(what: str, table: str, key: str, ignored: str, differs: str) -> str:
    sides = {side: table.format(side=side) if "{side}" in table else f"{table}_{side}" for side in "ab"}
    return f"""
    select '{what}' as what, {_sort("a.pair is null", "b.pair is null")} as change, dag_id, task_id, {key} as field,
           {_PLACE}, map_index, a.value::varchar as a, b.value::varchar as b, null as why
    from {sides["a"]} a full join {sides["b"]} b using (pair, task_id, map_index, {key})
    join matched_runs using (pair)
    where (a.pair is null or b.pair is null or {differs}) and not ({ignored})
    """


def tries(_: Rules) -> str:
    """The number of the last try."""
    return _of_instances("try_number", "tries", "a.try_number is distinct from b.try_number")


def durations(rules: Rules) -> str:
    """Seconds of runs, of last tries, and of waiting."""
    runs = f"""select 'run' as what, 'changed' as change, dag_id, null as task_id, 'duration_s' as field, {_PLACE},
        -1 as map_index, duration_s_a::varchar as a, duration_s_b::varchar as b, null as why
        from matched_runs where {_BOTH} and {rules.differs("duration_s_a", "duration_s_b")}"""
    fields = ("duration_s", "waited_s")
    rest = [_of_instances(one, one, rules.differs(f"a.{one}", f"b.{one}")) for one in fields]
    return " union all ".join([runs, *rest])


def _of_instances(column: str, field: str, differs: str) -> str:
    return f"""
    select 'task instance' as what, 'changed' as change, dag_id, task_id, '{field}' as field, {_PLACE}, map_index,
           a.{column}::varchar as a, b.{column}::varchar as b, null as why
    from instances_a a join instances_b b using (pair, task_id, map_index) join matched_runs using (pair)
    where {differs}
    """


def findings(_: Rules) -> str:
    """Findings of runs that both have, and of Dags; as often as they were found."""
    return """
    select 'finding' as what, case when coalesce(a.times, 0) < coalesce(b.times, 0) then 'added' else 'removed' end
           as change, coalesce(a.dag_id, b.dag_id) as dag_id, coalesce(a.task_id, b.task_id) as task_id,
           coalesce(a.check_id, b.check_id) as field, coalesce(m.pair, -1) as place, coalesce(run, '') as run,
           -1 as map_index, case when a.times is not null then a.message end as a,
           case when b.times is not null then b.message end as b, null as why
    from findings_a a full join findings_b b on a.pair is not distinct from b.pair
         and a.dag_id is not distinct from b.dag_id and a.task_id is not distinct from b.task_id
         and a.check_id = b.check_id and a.severity is not distinct from b.severity and a.message = b.message
    left join matched_runs m on m.pair = coalesce(a.pair, b.pair)
    where a.times is distinct from b.times
    """


def _sort(not_in_a: str, not_in_b: str) -> str:
    return f"case when {not_in_a} then 'added' when {not_in_b} then 'removed' else 'changed' end"


OF_LEDGERS: dict[str, Callable[[Rules], str]] = {
    "states": states,
    "schedule": schedule,
    "xcoms": xcoms,
    "rendered_fields": rendered_fields,
    "tries": tries,
    "durations": durations,
    "findings": findings,
}
"""Area -> its SQL."""

BY_VALUE = ("states", "tries", "schedule")
"""Areas in which places are one change only where the values are the same too."""
