"""One vocabulary of options: each is called alike in the library, the commands and the fixtures.

Each field of `RunOptions` and `CalendarOptions` stands in a table with its option and its argument, or with the reason
why there is none; an option that no table knows fails.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

import click
import pytest

from harness.cli.app import app
from harness.pytest_plugin.fixtures import calendar_of, readiness_of, replay_of
from harness.pytest_plugin.runs import Runner
from harness.simulation.options import CalendarOptions, RunOptions
from harness.simulation.replays.replaying import ReplayOptions
from harness.simulation.what_if.when import WhenOptions

OF_TESTS = "(only in tests)"
RUN = {  # field: (option of `run`, argument of `run_dag`)
    "logical_date": ("--logical-date", "logical_date"),
    "manual": ("--manual", "manual"),
    "conf": ("--conf", "conf"),
    "params": ("--param", "params"),
    "only": ("--only", "only"),
    "from_task": ("--from-task", "from_task"),
    "past": ("--from-ledger", "from_ledger"),
    "seed": ("--seed", "seed"),
    "start": ("--start", "start"),
    "horizon": ("--horizon", "horizon"),
    "keep": ("--keep", "keep"),
    "companions": ("--alone", "alone"),
    "debug": ("--pdb", "(pytest has its own --pdb)"),
    "on_error": ("--pdb", "(pytest has its own --pdb)"),
    "xcoms": (OF_TESTS, "xcoms"),
    "asset_events": (OF_TESTS, "asset_events"),
    "one_by_one": ("(as dag.test() goes: verify)", "(as dag.test() goes: verify)"),
}
CALENDAR = {  # field: (option of `simulate`, argument of `simulate`)
    "since": ("--since", "since"),
    "until": ("--until", "until"),
    "fresh": ("--fresh", "fresh"),
    "dag_ids": ("--dag", "dags"),
    "actions": ("--action", "actions"),
    "conf": ("--conf", "conf"),
    "seed": ("--seed", "seed"),
    "keep": ("--keep", "keep"),
    "debug": ("--pdb", "(pytest has its own --pdb)"),
    "on_error": ("--pdb", "(pytest has its own --pdb)"),
    "schedules": ("(off for replay)", "(off for replay)"),
    "fail_fast": ("(of replay)", "(of replay)"),
    "resume": ("(of replay)", "(of replay)"),
    "code": ("--no-code", "code"),
    "from_ledger": ("--from-ledger", "from_ledger"),
    "draws_past": ("(of when)", "(of when)"),
}
REPLAY = {  # field: (option of `replay`, argument of `replay`)
    "dag_ids": ("(its arguments)", "dags"),
    **{name: (f"--{name.replace('_', '-')}", name) for name in ("since", "until", "reverse", "max_active_runs")},
    **{name: (f"--{name.replace('_', '-')}", name) for name in ("reprocess", "run_on_latest", "conf", "fail_fast")},
    **{name: (f"--{name.replace('_', '-')}", name) for name in ("dry_run", "start", "horizon", "seed", "keep")},
    "idempotent": ("--check", "idempotent"),
    "resume": ("--resume", "(a command's)"),
    "jobs": ("--jobs", "jobs"),
    "engine": ("--engine", "engine"),
    "debug": ("--pdb", "(pytest has its own --pdb)"),
    "on_error": ("--pdb", "(pytest has its own --pdb)"),
}
WHEN = {  # field: (option of `when`, argument of `when_ready`)
    **{name: (f"--{name}", name) for name in ("since", "until", "samples", "seed")},
    "dag_id": ("--dag", "dag"),
    "task_id": ("--task", "task"),
    "quantile": ("--quantile", "(asked of the result)"),
    "from_ledger": ("--from-ledger", "from_ledger"),
    "grace": ("(a day)", "(a day)"),
}
SETTINGS = {"--dags", "--world", "--network"}  # of pyproject.toml too, by the same names
AROUND = {"--memory"}  # traced around a simulation, which knows nothing of it; `memory` in tests
OF_COMMANDS = (
    SETTINGS | AROUND | {"--record", "--driver", "--json", "--report", "--trace", "--ui", "--verbose", "--help"}
)
OF_FIXTURES = {"memory", "dag", "world", "others", "start_from", "run_id"}
OF_PAST_RUNS = {"run": {"--run"}, "replay": {"--from-ledger", "--run", "--own-outcomes"}}
"""Command -> its options that say which run of a ledger is run again, and how: that run has the fields."""
OF_SWEEPS = {"simulate": {"--vary", "--format", "--jobs", "--engine"}, "when": {"--jobs"}}
"""Of a calendar in several worlds, or with several seeds; a test has each world by itself, and one process."""
TABLES = {
    "run": (RUN, RunOptions, Runner.run_dag),
    "simulate": (CALENDAR, CalendarOptions, calendar_of(None)),
    "replay": (REPLAY, ReplayOptions, replay_of(None, None)),
    "when": (WHEN, WhenOptions, readiness_of(None)),
}


def options_of(command: str) -> set[str]:
    """The long options that a command shows."""
    shown = [one for one in app.commands[command].params if isinstance(one, click.Option) and not one.hidden]
    return {next(name for name in one.opts if name.startswith("--")) for one in shown} | {"--help"}


@pytest.mark.parametrize("command", TABLES)
def test_each_field_has_its_option_and_its_argument(command):
    table, options, function = TABLES[command]
    assert set(table) == {field.name for field in fields(options)}
    assert {option for option, _ in table.values() if option.startswith("--")} == (
        options_of(command) - OF_COMMANDS - OF_PAST_RUNS.get(command, set()) - OF_SWEEPS.get(command, set())
    )
    arguments = (
        set(inspect.signature(function).parameters) - {"self"} - (OF_FIXTURES - {one for _, one in table.values()})
    )
    assert {argument for _, argument in table.values() if not argument.startswith("(")} == arguments


def test_what_is_taken_unasked_is_alike_in_the_command_and_the_library():
    unasked = {field.name: field.default for field in fields(WhenOptions)}
    shown = {one.name: one.default for one in app.commands["when"].params}
    for name in ("quantile", "samples", "seed"):
        assert shown[name] == unasked[name]
    assert inspect.signature(readiness_of(None)).parameters["samples"].default == unasked["samples"]


def test_what_verify_takes_is_called_as_in_run():
    assert options_of("verify") - OF_COMMANDS - {"--limit"} <= options_of("run")


def test_what_the_settings_share_with_commands_has_one_name():
    from harness.project.config import Config

    assert {option.removeprefix("--") for option in SETTINGS} <= {field.name for field in fields(Config)}


def test_settings_are_spelt_with_hyphens(tmp_path):
    from harness.project import config

    read = re.findall(r'table\.\w+\(\s*"([\w-]+)"', inspect.getsource(config))
    assert len(read) > 5
    assert [key for key in read if "_" in key] == []
