"""What one may ask of a ledger: the tables, their columns with units, and the SQL that makes them of the records.

Instants are of virtual time, in UTC; spans are in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

RECORDS: dict[str, str] = {
    "n": "BIGINT", "at": "TIMESTAMP", "kind": "VARCHAR", "dag_id": "VARCHAR", "run_id": "VARCHAR",
    "task_id": "VARCHAR", "map_index": "INTEGER", "try_number": "INTEGER", "state": "VARCHAR", "reason": "VARCHAR",
    "run_type": "VARCHAR", "logical_date": "TIMESTAMP", "data_interval_start": "TIMESTAMP",
    "data_interval_end": "TIMESTAMP", "run_after": "TIMESTAMP", "conf": "JSON", "due": "TIMESTAMP",
    "start": "TIMESTAMP", "end": "TIMESTAMP", "error": "JSON", "log": "BIGINT", "key": "VARCHAR", "value": "JSON",
    "fields": "JSON", "trigger": "VARCHAR", "kwargs": "JSON", "method": "VARCHAR", "timeout_s": "DOUBLE",
    "asset": "VARCHAR", "uri": "VARCHAR", "extra": "JSON", "verb": "VARCHAR", "pattern": "VARCHAR",
    "triggered_dag_id": "VARCHAR", "triggered_run_id": "VARCHAR", "check": "VARCHAR", "severity": "VARCHAR",
    "line": "INTEGER", "message": "VARCHAR", "fix": "VARCHAR", "tasks": "JSON", "pools": "JSON", "seed": "BIGINT",
    "parallelism": "INTEGER", "conn_id": "VARCHAR", "service": "VARCHAR", "changes": "JSON", "heard": "JSON",
    "happened": "VARCHAR", "what": "VARCHAR",
    "part": "VARCHAR", "part_kind": "VARCHAR", "row": "VARCHAR", "columns": "JSON", "keys": "JSON", "rows": "BIGINT",
    "digest": "VARCHAR", "file": "VARCHAR", "consumed": "JSON",
}  # fmt: skip
"""Field of a record -> its type; others of the journal are not asked for."""

CALLED = {
    "at": "instant", "check": "check_id", "columns": "part_columns", "end": "end_date", "row": "row_kind",
    "rows": "row_count", "start": "start_date", "trigger": "trigger_class",
}  # fmt: skip
"""Fields whose names SQL keeps for itself -> their columns."""

LOGS: dict[str, str] = {
    "dag_id": "VARCHAR", "run_id": "VARCHAR", "task_id": "VARCHAR", "map_index": "INTEGER", "try_number": "INTEGER",
    "text": "VARCHAR",
}  # fmt: skip

_RUN = {"ledger": "name of its folder", "dag_id": "", "run_id": ""}
_INSTANCE = {**_RUN, "task_id": "", "map_index": "-1 where it is not mapped"}


@dataclass(frozen=True)
class View:
    """A table of questions.

    Attributes:
        about: what a row is.
        columns: name -> what it says beyond its name, with the unit.
        sql: over ``records`` and views above.
    """

    about: str
    columns: dict[str, str]
    sql: str


VIEWS: dict[str, View] = {
    "runs": View(
        "a Dag run",
        {
            **_RUN, "run_type": "", "logical_date": "", "data_interval_start": "", "data_interval_end": "",
            "run_after": "", "conf": "JSON", "state": "the last one", "reason": "of that state",
            "start_date": "of its last start", "end_date": "NULL while it runs", "duration_s": "seconds",
        },
        """
        select c.ledger, c.dag_id, c.run_id, c.run_type, c.logical_date, c.data_interval_start, c.data_interval_end,
               c.run_after, c.conf, coalesce(s.state, 'queued') as state, s.reason, s.start_date,
               case when s.state in ('success', 'failed') then s.instant end as end_date,
               case when s.state in ('success', 'failed') then epoch(s.instant - s.start_date) end as duration_s
        from (select * from records where kind = 'run-created') c
        left join (
            select ledger, dag_id, run_id, arg_max_null(state, n) as state, arg_max_null(reason, n) as reason,
                   arg_max(instant, n) as instant, max(instant) filter (where state = 'running') as start_date
            from records where kind = 'run-state' group by all
        ) s using (ledger, dag_id, run_id)
        order by c.ledger, c.n
        """,
    ),
    "tasks": View(
        "a task of a Dag, as the scheduler knew it",
        {
            "ledger": _RUN["ledger"], "dag_id": "", "task_id": "", "operator": "class of the operator", "pool": "",
            "pool_slots": "slots", "retries": "", "trigger_rule": "", "queue": "", "executor": "",
            "downstream": "list of task ids", "max_active_tasks": "of its Dag: task instances of a run at work",
            "max_active_tis_per_dag": "NULL for no limit", "max_active_tis_per_dagrun": "NULL for no limit",
        },
        """
        select ledger, dag_id, t->>'task_id' as task_id, t->>'operator' as operator, t->>'pool' as pool,
               (t->>'pool_slots')::integer as pool_slots, (t->>'retries')::integer as retries,
               t->>'trigger_rule' as trigger_rule, t->>'queue' as queue, t->>'executor' as executor,
               (t->'downstream')::varchar[] as downstream, (t->>'max_active_tasks')::integer as max_active_tasks,
               (t->>'max_active_tis_per_dag')::integer as max_active_tis_per_dag,
               (t->>'max_active_tis_per_dagrun')::integer as max_active_tis_per_dagrun
        from (select ledger, dag_id, unnest(tasks::json[]) as t from records where kind = 'dag')
        """,
    ),
    "states": View(
        "a state that a task instance was in, from one instant to the next",
        {
            **_INSTANCE, "try_number": "", "state": "", "reason": "", "since": "", "until": "NULL for the last one",
            "duration_s": "seconds",
        },
        """
        select *, epoch(until - since) as duration_s from (
            select ledger, dag_id, run_id, task_id, map_index, try_number, state, reason, instant as since,
                   lead(instant) over (partition by ledger, dag_id, run_id, task_id, map_index order by n) as until
            from records where kind = 'ti-state'
        )
        """,
    ),
    "attempts": View(
        "a stretch of a task instance in a worker",
        {
            **_INSTANCE, "try_number": "", "state": "in which it ended", "reason": "of that state", "start_date": "",
            "end_date": "", "duration_s": "seconds", "error_type": "", "error_message": "", "error_where": "file:line",
        },
        """
        select ledger, dag_id, run_id, task_id, map_index, try_number, state, reason, start_date,
               end_date, epoch(end_date - start_date) as duration_s, error->>'type' as error_type,
               error->>'message' as error_message, error->>'where' as error_where
        from records where kind = 'attempt' order by ledger, n
        """,
    ),
    "task_instances": View(
        "a task instance that came to a state",
        {
            **_INSTANCE, "operator": "class of the operator", "pool": "", "state": "the last one",
            "try_number": "of the last try", "reason": "of that state", "start_date": "of the last try",
            "end_date": "of the last try", "duration_s": "seconds of the last try",
            "waited_s": "seconds in state scheduled or queued, all tries",
            "stood_in": "entry of the world that took its place at the last try",
        },
        """
        select s.ledger, s.dag_id, s.run_id, s.task_id, s.map_index, t.operator, t.pool, s.state, s.try_number,
               s.reason, a.start_date, a.end_date, epoch(a.end_date - a.start_date) as duration_s,
               coalesce(w.waited_s, 0) as waited_s, p.stood_in
        from (
            select ledger, dag_id, run_id, task_id, map_index, arg_max_null(state, n) as state,
                   max(try_number) as try_number, arg_max_null(reason, n) as reason, min(n) as n
            from records where kind = 'ti-state' group by all
        ) s
        left join (
            select ledger, dag_id, run_id, task_id, map_index, arg_max(began, try_number) as start_date,
                   arg_max(ended, try_number) as end_date
            from (
                select ledger, dag_id, run_id, task_id, map_index, try_number, min(start_date) as began,
                       max(end_date) as ended
                from records where kind = 'attempt' group by all
            ) group by all
        ) a using (ledger, dag_id, run_id, task_id, map_index)
        left join (
            select ledger, dag_id, run_id, task_id, map_index, sum(duration_s) as waited_s
            from states where state in ('scheduled', 'queued') group by all
        ) w using (ledger, dag_id, run_id, task_id, map_index)
        left join (
            select ledger, dag_id, run_id, task_id, map_index, arg_max(pattern, n) as stood_in
            from records where kind = 'stood-in' group by all
        ) p using (ledger, dag_id, run_id, task_id, map_index)
        left join tasks t using (ledger, dag_id, task_id)
        order by s.ledger, s.n
        """,
    ),
    "xcoms": View(
        "an XCom, as it was pushed last",
        {**_INSTANCE, "key": "", "value": "JSON", "bytes": "of its JSON", "pushed_at": ""},
        """
        select ledger, dag_id, run_id, task_id, map_index, key, arg_max_null(value, n) as value,
               octet_length(encode(arg_max_null(value, n)::varchar)) as bytes, max(instant) as pushed_at
        from records where kind = 'xcom' group by ledger, dag_id, run_id, task_id, map_index, key
        """,
    ),
    "rendered_fields": View(
        "a template field of a task instance, as it was rendered last",
        {**_INSTANCE, "field": "", "value": "JSON"},
        """
        select ledger, dag_id, run_id, task_id, map_index, field,
               json_extract(fields, '/' || replace(replace(field, '~', '~0'), '/', '~1')) as value
        from (
            select ledger, dag_id, run_id, task_id, map_index, fields, unnest(json_keys(fields)) as field
            from (
                select ledger, dag_id, run_id, task_id, map_index, arg_max(fields, n) as fields
                from records where kind = 'rendered' group by all
            )
        )
        """,
    ),
    "pool_usage": View(
        "an instant at which the slots of a pool were taken otherwise than before",
        {
            "ledger": _RUN["ledger"], "pool": "", "instant": "", "running": "slots", "queued": "slots",
            "deferred": "slots that would be taken where the pool counts deferred ones",
            "scheduled": "slots that tasks wait for", "taken": "slots, as the pool counts",
            "slots": "that the pool has; NULL where the world has no such pool",
        },
        """
        with spans as (
            select s.ledger, t.pool, s.state, s.since, s.until, t.pool_slots as slots
            from states s join tasks t using (ledger, dag_id, task_id)
            where s.state in ('running', 'queued', 'deferred', 'scheduled') and s.until is distinct from s.since
        ), moves as (
            select ledger, pool, state, since as instant, slots as change from spans
            union all
            select ledger, pool, state, until, -slots from spans where until is not null
        ), sums as (
            select ledger, pool, instant, coalesce(sum(change) filter (where state = 'running'), 0) as running,
                   coalesce(sum(change) filter (where state = 'queued'), 0) as queued,
                   coalesce(sum(change) filter (where state = 'deferred'), 0) as deferred,
                   coalesce(sum(change) filter (where state = 'scheduled'), 0) as scheduled
            from moves group by all
        ), totals as (
            select ledger, pool, instant, sum(running) over w as running, sum(queued) over w as queued,
                   sum(deferred) over w as deferred, sum(scheduled) over w as scheduled
            from sums window w as (partition by ledger, pool order by instant)
        ), declared as (
            select ledger, p->>'pool' as pool, (p->>'slots')::integer as slots,
                   (p->>'include_deferred')::boolean as include_deferred
            from (select ledger, unnest(pools::json[]) as p from records where kind = 'simulation')
        )
        select ledger, pool, instant, running::bigint as running, queued::bigint as queued,
               deferred::bigint as deferred, scheduled::bigint as scheduled,
               (running + queued + case when d.include_deferred then deferred else 0 end)::bigint as taken, d.slots
        from totals left join declared d using (ledger, pool) order by ledger, pool, instant
        """,
    ),
    "events": View(
        "anything that happened, in order",
        {
            "ledger": _RUN["ledger"], "n": "number of its record", "instant": "", "kind": "", "dag_id": "",
            "run_id": "", "task_id": "", "map_index": "", "try_number": "", "state": "", "reason": "",
        },
        """
        select ledger, n, instant, kind, dag_id, run_id, task_id, map_index, try_number, state, reason from records
        where kind not in ('header', 'footer') order by ledger, n
        """,
    ),
    "asset_events": View(
        "an asset event that a task emitted",
        {**_INSTANCE, "instant": "", "asset": "", "uri": "", "extra": "JSON"},
        """
        select ledger, dag_id, run_id, task_id, map_index, instant, asset, uri, extra
        from records where kind = 'asset-event' order by ledger, n
        """,
    ),
    "consumed_asset_events": View(
        "an asset event of which a Dag run was made",
        {
            **_RUN, "instant": "of the event", "asset": "", "uri": "", "extra": "JSON",
            "source_dag_id": "whose task emitted it; NULL where it came from elsewhere", "source_run_id": "",
            "source_task_id": "", "source_map_index": "-1 where it is not mapped",
        },
        """
        select ledger, dag_id, run_id, (e->>'at')::timestamp as instant, e->>'asset' as asset, e->>'uri' as uri,
               e->'extra' as extra, e->>'dag_id' as source_dag_id, e->>'run_id' as source_run_id,
               e->>'task_id' as source_task_id, (e->>'map_index')::integer as source_map_index
        from (
            select ledger, n, dag_id, run_id, unnest(consumed::json[]) as e from records where kind = 'run-created'
        ) order by ledger, n
        """,
    ),
    "variables": View(
        "a variable that a task set or deleted",
        {**_INSTANCE, "instant": "", "verb": "set or delete", "key": "", "value": ""},
        """
        select ledger, dag_id, run_id, task_id, map_index, instant, verb, key, value->>'$' as value
        from records where kind = 'variable' order by ledger, n
        """,
    ),
    "stored_states": View(
        "a value that a task kept for a later try, or with an asset (Airflow's state stores, from 3.3 on)",
        {
            **_INSTANCE, "instant": "", "store": "task or asset", "asset": "its name or URI; NULL of a task",
            "verb": "set, delete or clear", "key": "NULL of clear", "value": "JSON",
        },
        """
        select ledger, dag_id, run_id, task_id, map_index, instant, replace(kind, '-store', '') as store, asset, verb,
            key, value
        from records where kind in ('task-store', 'asset-store') order by ledger, n
        """,
    ),
    "deferrals": View(
        "a trigger that waited in a task instance's place",
        {
            **_INSTANCE, "try_number": "", "instant": "", "trigger_class": "", "kwargs": "JSON, as Airflow sends them",
            "timeout_s": "seconds",
        },
        """
        select ledger, dag_id, run_id, task_id, map_index, try_number, instant, trigger_class, kwargs, timeout_s
        from records where kind = 'deferred' order by ledger, n
        """,
    ),
    "service_calls": View(
        "what a service of the world was told: a mail, a request, a message, a metric",
        {"ledger": _RUN["ledger"], "conn_id": "", "service": "", "number": "from 1, in order", "kind": "", "about": ""},
        """
        select ledger, conn_id, service, number, h->>'kind' as kind, h->>'about' as about from (
            select ledger, conn_id, service, unnest(heard::json[]) as h, generate_subscripts(heard::json[], 1) as number
            from records where kind = 'service'
        )
        """,
    ),
    "service_changes": View(
        "a table, bucket or folder of a service that is not what it was before",
        {
            "ledger": _RUN["ledger"], "conn_id": "", "service": "", "part": "its name", "kind": "table, bucket …",
            "added": "rows or objects", "removed": "rows or objects", "changed": "rows or objects",
        },
        """
        select ledger, conn_id, service, c->>'part' as part, c->>'kind' as kind, (c->>'added')::bigint as added,
               (c->>'removed')::bigint as removed, (c->>'changed')::bigint as changed
        from (select ledger, conn_id, service, unnest(changes::json[]) as c from records where kind = 'service')
        """,
    ),
    "service_contents": View(
        "a table, bucket or folder of a service, as it was at the end",
        {
            "ledger": _RUN["ledger"], "conn_id": "", "service": "", "part": "its name", "kind": "table, bucket …",
            "row_count": "rows or objects", "keys": "JSON list of the columns of its primary key",
            "digest": "of the rows, in any order",
            "file": "below the ledger's folder, a JSON object for each row; NULL where there are too many",
        },
        """
        select ledger, conn_id, service, part, part_kind as kind, row_count, keys, digest, file
        from records where kind = 'contents' order by ledger, n
        """,
    ),
    "findings": View(
        "what was found",
        {
            **_RUN, "task_id": "", "instant": "", "check_id": "", "severity": "error or warning", "message": "",
            "fix": "", "line": "of the Dag file, where it is known",
        },
        """
        select ledger, dag_id, run_id, task_id, instant, check_id, severity, message, fix, line
        from records where kind = 'finding' order by ledger, n
        """,
    ),
    "logs": View(
        "the log of a try",
        {**_INSTANCE, "try_number": "", "text": "lines LEVEL text"},
        "select ledger, dag_id, run_id, task_id, map_index, try_number, text from kept_logs",
    ),
}  # fmt: skip
"""Name -> view, those that others are made of before them."""
