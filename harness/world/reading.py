"""From raw values, as a file or a call gives them, to entries of a world: one function a section.

Every function raises ``EntryError`` with all faults of its value.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import TypeVar

from harness.errors import WorldError, known_names
from harness.kernel.instant import Microseconds
from harness.project.exports import normal_type
from harness.world import document
from harness.world.distribution import Duration, Percentiles, ThreePoint
from harness.world.duration import duration
from harness.world.entries import Answer, Connection, Executor, Pool, Stub, TriggerAnswer, Worker
from harness.world.pattern import fault_of
from harness.world.problem import EntryError, WorldProblem, kind

_CONNECTION_ID = re.compile(r"[\w#!()\-.:/\\]{1,250}")


ASKED = {"from": "environment"}
FROM_ENVIRONMENT = object()
"""What is read of an entry ``{from: environment}``."""

_Entry = TypeVar("_Entry")


def read_connection(value: object) -> Connection:
    """A connection from ``{uri}``, fields, or ``{service}``, whose entry may have keys that only the service knows."""
    settings: dict[str, object] = {}
    if isinstance(value, Mapping) and isinstance(value.get("service"), str):
        own = {field.alias or name for name, field in document.ConnectionSpec.model_fields.items()}
        settings = {key: each for key, each in value.items() if key not in own}
        value = {key: each for key, each in value.items() if key in own}
    spec = document.check(document.ConnectionSpec, value)
    if spec.uri is not None:
        try:
            return Connection.from_uri(spec.uri, spec.description)
        except WorldError as error:
            raise EntryError(WorldProblem(error.fact, ("uri",), fix=error.fix)) from None
    conn_type = spec.conn_type or spec.service
    return Connection(
        conn_type=normal_type(conn_type) if conn_type else None,
        schema=spec.schema_,
        **{name: getattr(spec, name) for name in ("host", "login", "password", "port", "extra", "description")},
        service=spec.service,
        settings=settings,
    )


def read_variable(value: object) -> str:
    """Text as it is, anything else as the JSON text that ``airflow variables import`` stores."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, indent=2)
    except (TypeError, ValueError):
        raise EntryError(WorldProblem(f"{kind(value)} cannot be kept as JSON", fix="give text or plain data")) from None


def read_pool(value: object) -> Pool:
    """A pool from a number of slots or a mapping."""
    given = value if isinstance(value, Mapping) else {"slots": value}
    return Pool(**document.check(document.PoolSpec, given).model_dump())


def read_duration(value: object) -> Duration:
    """Virtual microseconds; or a distribution, from percentiles or from ``low``, ``likely`` and ``high``."""
    if not isinstance(value, Mapping):
        try:
            return duration(value)
        except ValueError as error:
            raise EntryError(WorldProblem(str(error))) from None
    if value.keys() & document.ThreePointSpec.model_fields.keys():
        spec = document.check(document.ThreePointSpec, value)
        spans = _spans({name: getattr(spec, name) for name in document.ThreePointSpec.model_fields})
        _see_that_none_falls(spans)
        return ThreePoint(**spans)
    shares = _shares(value)
    spans = _spans({name: value[name] for name in sorted(shares, key=lambda name: shares[name])})
    _see_that_none_falls(spans)
    return Percentiles(tuple((shares[name], each) for name, each in spans.items()))


def _shares(value: Mapping[object, object]) -> dict[str, float]:
    """Percentile -> the share that it stands for."""
    found: dict[str, float] = {}
    problems = []
    for name in value:
        read = document.PERCENTILE.fullmatch(name) if isinstance(name, str) else None
        if read is None:
            known = "p0 to p100, as p50 or p99.9; or low, likely and high"
            problems.append(WorldProblem(f"{name!r} is no percentile", (str(name),), known=known))
        elif (share := float(read[1]) / 100) in found.values():
            problems.append(WorldProblem(f"{name} is given twice", (read[0],), fix="keep one of them"))
        else:
            found[read[0]] = share
    if len(value) < 2:
        fix = "write {p50: 83, p95: 140}, or a span alone where it always takes as long"
        problems.append(WorldProblem("a distribution needs two percentiles or more", fix=fix))
    if problems:
        raise EntryError(*problems)
    return found


def _spans(given: Mapping[str, object]) -> dict[str, Microseconds]:
    """The spans of a distribution."""
    found: dict[str, Microseconds] = {}
    problems = []
    for name, value in given.items():
        try:
            found[name] = duration(value)
        except ValueError as error:
            problems.append(WorldProblem(f"{name}: {error}", (name,)))
    if problems:
        raise EntryError(*problems)
    return found


def _see_that_none_falls(spans: Mapping[str, Microseconds]) -> None:
    """Raises: EntryError: a span of a distribution is below the one before."""
    for before, name in pairwise(spans):
        if spans[name] < spans[before]:
            fix = f"give {name} as long as {before}, or longer"
            raise EntryError(WorldProblem(f"{name} is less than {before}", (name,), fix=fix))


def read_answer(value: object) -> Answer:
    """An answer from an option, a list of options, or a mapping."""
    given = value if isinstance(value, Mapping) else {"choose": value}
    spec = document.check(document.AnswerSpec, given)
    options = (spec.choose,) if isinstance(spec.choose, str) else tuple(spec.choose)
    try:
        after = duration(spec.after)
    except ValueError as error:
        raise EntryError(WorldProblem(f"after: {error}", ("after",))) from None
    return Answer(options, spec.params, after, spec.by)


def read_trigger(value: object) -> tuple[TriggerAnswer, ...]:
    """What comes in the place of a trigger's event: a mapping, or a list of them, one for each deferral of a try."""
    if not isinstance(value, (list, tuple)):
        return (_trigger(value),)
    if not value:
        raise EntryError(WorldProblem("a list of events cannot be empty", fix="give what happens at each deferral"))
    answers = tuple(map(_trigger, value))
    if any(one.resumes is not None for one in answers[1:]):
        fact = (
            "resumes has a place in the first event alone: later ones are of deferrals that the task's own code makes"
        )
        raise EntryError(WorldProblem(fact, fix="give resumes: to the first event"))
    return answers


def _trigger(value: object) -> TriggerAnswer:
    spec = document.check(document.TriggerSpec, {} if value is None else value)
    try:
        after = duration(spec.after)
    except ValueError as error:
        raise EntryError(WorldProblem(f"after: {error}", ("after",))) from None
    return TriggerAnswer(spec.event, after, spec.raises, spec.resumes)


def read_stub(value: object) -> Stub:
    """A stub from one mapping, from nothing at all, or from a list of mappings, one for each try."""
    if not isinstance(value, (list, tuple)):
        return _stub({} if value is None else value)
    if not value:
        raise EntryError(WorldProblem("a list of tries cannot be empty", fix="give what happens at each try"))
    tries, problems = [], []
    for number, one in enumerate(value, 1):
        try:
            if isinstance(one, Mapping) and "fails" in one:
                raise EntryError(WorldProblem("fails has no place in a list of tries", fix="give raises: for each"))
            tries.append(_stub({} if one is None else one))
        except EntryError as invalid:
            problems += [
                WorldProblem(f"try {number}: {each.fact}", known=each.known, fix=each.fix) for each in invalid.problems
            ]
    if problems:
        raise EntryError(*problems)
    return Stub(tries=tuple(tries))


def _stub(value: object) -> Stub:
    spec = document.check(document.StubSpec, value)
    try:
        takes = None if spec.takes is None else duration(spec.takes)
    except ValueError as error:
        raise EntryError(WorldProblem(f"takes: {error}", ("takes",))) from None
    return Stub(  # not model_dump(): it would copy, and refuse, what a test returns
        returns=spec.returns,
        raises=spec.raises,
        state=spec.state,
        follows=None if spec.follows is None else tuple(spec.follows),
        fails=spec.fails,
        runs=spec.itself,
        does=spec.does,
        xcoms=spec.xcoms,
        takes=takes,
    )


def read_command(value: object) -> tuple[str, ...]:
    """A program and its arguments, as a list, or as text that a shell would split."""
    if isinstance(value, str):
        try:
            value = shlex.split(value)
        except ValueError as error:
            raise EntryError(WorldProblem(f"cannot be split as a shell does: {error}", fix="give a list")) from None
    if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) for part in value):
        raise EntryError(WorldProblem(f"must be a list of texts, not {kind(value)}", fix='[python, "{repo}/job.py"]'))
    if not value or not value[0]:
        raise EntryError(WorldProblem("names no program", fix='[python, "{repo}/job.py"]'))
    return tuple(value)


def read_env(value: object) -> str:
    """The text of an environment variable; whole numbers are taken as written."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise EntryError(WorldProblem(f"must be text, not {kind(value)}", fix="put the value in quotes"))
    if "\0" in value:
        raise EntryError(WorldProblem("an environment variable cannot hold a NUL character"))
    try:
        value.encode(errors="surrogateescape")  # as ``os.environ`` does
    except UnicodeEncodeError as error:
        raise EntryError(WorldProblem(f"an environment variable cannot hold {value[error.start]!r}")) from None
    return value


def read_executor(value: object) -> Executor:
    """The section from a mapping.

    Raises: EntryError: with every fault found in it.
    """
    spec = document.check(document.ExecutorSpec, value)
    problems: list[WorldProblem] = []
    executors = _entries("executors", spec.executors, _slots, problems)
    workers = _entries("workers", spec.workers, lambda _, entry: _worker(entry, executors), problems)
    timeout = 0
    try:
        timeout = duration(spec.task_queued_timeout)
    except ValueError as error:
        problems.append(WorldProblem(f"task_queued_timeout: {error}", ("task_queued_timeout",)))
    if problems:
        raise EntryError(*problems)
    return Executor(spec.parallelism, executors, workers, timeout, spec.num_stuck_in_queued_retries)


def executor_as_read(executor: Executor) -> dict[str, object]:
    """The section that `read_executor` would read it from."""
    workers = {name: {**vars(one), "queues": list(one.queues)} for name, one in executor.workers.items()}
    timeout = timedelta(microseconds=executor.task_queued_timeout)
    return {**vars(executor), "task_queued_timeout": timeout, "workers": workers}


def _names_of_executor(entry: str) -> tuple[str, ...]:
    """What ``alias:module.Class`` may be called in a world file: itself, its alias."""
    return (entry, entry.partition(":")[0]) if ":" in entry else (entry,)


def _entries(
    key: str, value: object, read: Callable[[str, object], _Entry], problems: list[WorldProblem]
) -> dict[str, _Entry]:
    """The entries below ``executors`` or ``workers``; what is wrong with them goes to ``problems``."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.append(WorldProblem(f"{key} must be a mapping of names, not {kind(value)}", (key,)))
        return {}
    found: dict[str, _Entry] = {}
    for name, entry in value.items():
        if not isinstance(name, str) or not name:
            problems.append(WorldProblem(f"{key}: a name must be text, not {kind(name)}", (key, str(name))))
            continue
        try:
            found[name] = read(name, entry)
        except EntryError as invalid:
            problems += [
                WorldProblem(f"{key[:-1]} {name!r}: {one.fact}", (key, name, *one.path), one.known, one.fix)
                for one in invalid.problems
            ]
    return found


def _slots(name: str, value: object) -> int | None:
    if name.count(":") > 1 or name.startswith(":") or name.endswith(":"):
        raise EntryError(
            WorldProblem("is no name of an executor", fix="write it as in [core] executor: alias:module.Class")
        )
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise EntryError(WorldProblem(f"slots must be a whole number, not {kind(value)}"))
    if value < 1:
        raise EntryError(WorldProblem("slots must be 1 or more"))
    return value


def _worker(value: object, executors: Mapping[str, int | None]) -> Worker:
    spec = document.check(document.WorkerSpec, {} if value is None else value)
    queues = spec.queues.split(",") if isinstance(spec.queues, str) else spec.queues
    if not isinstance(queues, list) or not queues or not all(isinstance(one, str) and one.strip() for one in queues):
        fix = "write queues: [default, etl]"
        raise EntryError(WorldProblem("queues must be a list of names", ("queues",), fix=fix))
    declared = [entry for entry in executors if spec.executor in _names_of_executor(entry)]
    if spec.executor is not None and not declared:
        known = known_names(spec.executor, list(executors))
        raise EntryError(WorldProblem(f"no executor {spec.executor!r} is declared", ("executor",), known=known))
    queues = tuple(one.strip() for one in queues)
    return Worker(queues, spec.concurrency, declared[0] if declared else None)


def _connection_id(name: str) -> str | None:
    if _CONNECTION_ID.fullmatch(name):
        return None
    return "a connection id has 1 to 250 letters, digits or characters of #!()-_.:/\\"


def _text(name: str) -> str | None:
    return None if name else "a name cannot be empty"


def _env_name(name: str) -> str | None:
    return None if name and not re.search("[=\0]", name) else "not a name of an environment variable"


Check = Callable[[str], "str | None"]
Read = Callable[[object], object]

SECTIONS: dict[str, tuple[str, Check, Read]] = {
    "connections": ("connection", _connection_id, read_connection),
    "variables": ("variable", _text, read_variable),
    "pools": ("pool", _text, read_pool),
    "durations": ("duration", fault_of, read_duration),
    "stubs": ("stub", fault_of, read_stub),
    "triggers": ("trigger", fault_of, read_trigger),
    "commands": ("command", fault_of, read_command),
    "answers": ("answer", fault_of, read_answer),
    "env": ("environment variable", _env_name, read_env),
}
"""Sections that hold named entries: the word for one, the fault of a name if any, the reader of a value."""


def read(section: str, name: object, value: object) -> object:
    """The entry ``name`` of ``section`` from its raw value; `FROM_ENVIRONMENT` for one that stands there.

    Raises: EntryError: a bad name or value.
    """
    _, fault_in, read_value = SECTIONS[section]
    if not isinstance(name, str):
        raise EntryError(WorldProblem(f"a name must be text, not {kind(name)}", fix="put the name in quotes"))
    if fault := fault_in(name):
        raise EntryError(WorldProblem(fault))
    if section in ("connections", "variables") and value == ASKED:
        return FROM_ENVIRONMENT
    return read_value(value)
