"""From raw values, as a file or a call gives them, to entries of a world: one function a section.

Every function raises ``EntryError`` with all faults of its value.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping

from harness.errors import WorldError
from harness.kernel.instant import Microseconds
from harness.project.conn_type import normal_type
from harness.world import document
from harness.world.connection import Connection
from harness.world.duration import duration
from harness.world.entries import Answer, Pool, TriggerAnswer
from harness.world.pattern import fault_of
from harness.world.problem import EntryError, WorldProblem, kind
from harness.world.stubs import read_stub

_CONNECTION_ID = re.compile(r"[\w#!()\-.:/\\]{1,250}")


FROM_ENVIRONMENT = object()
"""What is read of an entry ``{from: environment}``."""


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


def read_duration(value: object) -> Microseconds:
    """Virtual microseconds."""
    try:
        return duration(value)
    except ValueError as error:
        raise EntryError(WorldProblem(str(error))) from None


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
    return tuple(map(_trigger, value))


def _trigger(value: object) -> TriggerAnswer:
    spec = document.check(document.TriggerSpec, {} if value is None else value)
    try:
        after = duration(spec.after)
    except ValueError as error:
        raise EntryError(WorldProblem(f"after: {error}", ("after",))) from None
    return TriggerAnswer(spec.event, after, spec.raises)


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
    if section in ("connections", "variables") and value == {"from": "environment"}:
        return FROM_ENVIRONMENT
    return read_value(value)
