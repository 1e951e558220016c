"""What a person does while a calendar goes on: trigger, pause, unpause, clear, backfill; and how people write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.bridge.backfills import is_partitioned
from harness.bridge.timetables import manual, moment_of, parse_date
from harness.errors import DagNotFound, TaskNotFound, UsageError, known_names
from harness.kernel import Instant, iso
from harness.kernel.instant import later, to_datetime, to_instant
from harness.scheduler.dag_runs.backfill import REPROCESS, Backfill
from harness.simulation.calendar import Calendar
from harness.simulation.components.scheduler_loop import Driver
from harness.simulation.options import VERBS, Action
from harness.simulation.run_factory import RunFactory
from harness.world.json_object import read_json

if TYPE_CHECKING:
    from airflow.sdk import DAG

BACKFILL_FORM = """write '… backfill sales {"from": "2025-01-01", "to": "2025-01-05"}'"""
_RENAMED = {"from_date": "from", "to_date": "to"}
_KEYS = tuple(_RENAMED.get(field.name, field.name) for field in fields(Backfill))
_FLAGS = ("reverse", "run_on_latest_version", "dry_run")


def backfill_of(options: Mapping[str, Any]) -> Backfill:
    """Read ``from``, ``to`` and what else a backfill may be told.

    Args:
        given: ``from`` and ``to`` are ISO text, ``datetime`` or ``date``; the other keys are fields of `Backfill`.
    Raises: UsageError: a key or a value that means nothing, or no dates.
    """
    for key in options:
        if key not in _KEYS:
            raise UsageError(f"a backfill has no {key!r}", known=known_names(str(key), _KEYS), fix=BACKFILL_FORM)
    missing = [key for key in ("from", "to") if key not in options]
    if missing:
        raise UsageError(
            f"a backfill needs {' and '.join(map(repr, missing))}", known=known_names("", _KEYS), fix=BACKFILL_FORM
        )
    rest = {key: _checked(key, value) for key, value in options.items() if key not in ("from", "to")}
    return Backfill(_instant("from", options["from"]), _instant("to", options["to"]), **rest)


def _instant(key: str, value: Any) -> Instant:
    try:
        return moment_of(value)
    except (ValueError, TypeError):
        raise _bad(key, value, "an ISO 8601 date in the years 2 to 9000") from None


def _checked(key: str, value: Any) -> Any:
    if key in _FLAGS and not isinstance(value, bool):
        raise _bad(key, value, "true or false")
    if key == "max_active_runs" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise _bad(key, value, "a whole number from 1 on")
    if key == "reprocess" and value not in REPROCESS:
        raise _bad(key, value, f"one of {', '.join(REPROCESS)}")
    if key == "conf" and value is not None and not isinstance(value, Mapping):
        raise _bad(key, value, "an object, or null")
    return value


def _bad(key: str, value: Any, expected: str) -> UsageError:
    return UsageError(f"{key!r} of a backfill is {value!r}, not {expected}", fix=BACKFILL_FORM)


_FORM = "write --action '2025-01-03T05:00Z trigger sales {\"full\": true}', or '… clear sales.load'"
SHOWN = 3
_WITH_JSON = ("trigger", "backfill")


def parse_action(text: str) -> Action:
    """Read ``ISO VERB DAG[.TASK] [JSON]``.

    Raises: UsageError: anything else.
    """
    words = text.split(maxsplit=3)
    if len(words) < 3 or words[1] not in VERBS:
        raise UsageError(f"--action {text!r} is not TIME VERB DAG", known=f"verbs: {', '.join(VERBS)}", fix=_FORM)
    try:
        at = parse_date(words[0])
        options = read_json(words[3]) if len(words) > 3 else {}
    except ValueError as error:
        raise UsageError(f"--action {text!r}: {error}", fix=_FORM) from None
    if not isinstance(options, dict) or (options and words[1] not in _WITH_JSON):
        raise UsageError(f"--action {text!r}: only {' and '.join(_WITH_JSON)} take a JSON object", fix=_FORM)
    if words[1] == "backfill":
        return Action(to_datetime(at), "backfill", words[2], backfill=backfill_of(options))
    dag_id, _, task_id = words[2].partition(".") if words[1] == "clear" else (words[2], "", "")
    return Action(to_datetime(at), words[1], dag_id, task_id or None, options)


class Actor:
    """Performs actions in a simulation as their time comes.

    Raises (at once): DagNotFound, TaskNotFound, UsageError: an action that cannot mean anything here.
    """

    def __init__(self, run_factory: RunFactory, driver: Driver, calendar: Calendar) -> None:
        self.run_factory, self.driver, self.calendar = run_factory, driver, calendar

    def plan(self, action: Action, until: Instant) -> None:
        """Have an action happen at its instant, ``until`` at the latest."""
        known = self.calendar.entries
        if action.dag_id not in known:
            raise DagNotFound(f"no Dag {action.dag_id!r} to {action.verb}", known=known_names(action.dag_id, known))
        tasks = known[action.dag_id].calendar.dag.tasks
        if action.task_id is not None and action.task_id not in tasks:
            where = f"Dag {action.dag_id!r}"
            raise TaskNotFound(f"no task {action.task_id!r} in {where}", known=known_names(action.task_id, tasks))
        if action.verb == "backfill":
            self._check_backfill(action, known[action.dag_id].dag)
        which, now = f"an action ({action.verb} {action.dag_id})", self.driver.simulation.now
        at = to_instant(action.at)
        if at < now:
            raise UsageError(f"{which} lies before the calendar begins, {iso(now)}", fix="take a later time for it")
        if at > until:
            raise UsageError(f"{which} lies after the calendar ends, {iso(until)}", fix="take an earlier time for it")
        subject = action.dag_id if action.task_id is None else f"{action.dag_id}.{action.task_id}"
        self.run_factory.agenda.plan(at, partial(self._perform, action), "action", f"{action.verb} {subject}")

    def _check_backfill(self, action: Action, dag: DAG) -> None:
        if action.backfill is None:
            raise UsageError(f"the backfill of {action.dag_id} does not say of which dates", fix=BACKFILL_FORM)
        if is_partitioned(dag):
            raise UsageError(
                f"Dag {action.dag_id!r} has partitions, and the harness does not know backfills of those",
                where=str(dag.fileloc),
                fix="leave this action out",
            )

    def _perform(self, action: Action) -> None:
        if action.verb == "trigger":
            self._trigger(action)
        elif action.backfill is not None:
            self.calendar.backfill(action.dag_id, action.backfill)
        elif action.verb == "clear":
            self._clear(action)
        else:
            self.calendar.pause(action.dag_id, action.verb == "pause")

    def _trigger(self, action: Action) -> None:
        """Source: the trigger endpoint, given the present instant as logical date, as the UI gives it (3.3.2)."""
        store, now = self.run_factory.store, self.driver.simulation.now
        dag = store.dags[action.dag_id]
        date = now
        while store.dated_run(action.dag_id, date) is not None:  # nobody clicks at the very instant of another run
            date = later(date, 1)
        plan = replace(manual(dag, date), run_after=now)
        if action.run_id is not None:
            plan = plan.named(action.run_id)
        if store.run(action.dag_id, plan.run_id) is not None:
            self._did_nothing(action, f"there is a run {plan.run_id} already")
            return
        run = self.run_factory.create(dag, plan, action.conf)
        run.date_ahead = date - now
        self.driver.add(run)

    def _did_nothing(self, action: Action, why: str) -> None:
        """An action that met nothing to act upon."""
        what = f"{action.verb} {action.dag_id}{'' if action.task_id is None else f'.{action.task_id}'}"
        self.calendar.complain(action.dag_id, "warning", f"{what} at {iso(action.at)} did nothing: {why}", "action")

    def _clear(self, action: Action) -> None:
        runs = list(self.run_factory.store.runs_of(action.dag_id))
        found = [run for run in runs if action.run_id in (None, run.run_id)]
        if not found:
            names = ", ".join(run.run_id for run in runs[-SHOWN:])
            self._did_nothing(action, f"there is no such run (latest: {names})" if names else "nothing has run yet")
            return
        dag, tasks = self.run_factory.store.dags[action.dag_id], None
        if action.task_id is not None:
            tasks = {action.task_id, *dag.task_dict[action.task_id].get_flat_relative_ids(upstream=False)}
        self.driver.clear(max(found, key=lambda run: run.run_after), tasks)
