"""Entries of a world that stand elsewhere: in files that teams have, which it includes, and in the environment.

The files are what ``airflow … export`` writes, Astro's settings, a ``.env``. A world names them under ``include``;
their entries are as they stand there, passwords too, and its own go before them. What the environment holds
may be production's, so that it is given to a Dag only where the world asks for it, with ``{from: environment}``.

Source: ``connections_export``, ``variables_export``, ``pool_export`` of airflow/cli/commands for what is written;
``load_connections_dict``, ``_create_connection``, ``_parse_env_file`` of airflow/secrets/local_filesystem.py,
``variables_import`` and ``EnvironmentVariablesBackend`` for how it is read (3.3.2).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import WorldError, known_names
from harness.project.declarations import CONNECTION, VARIABLE, dot_env, line_of
from harness.project.exports import section_of
from harness.world.entries import Connection
from harness.world.model import World
from harness.world.problem import EntryError, WorldProblem, kind

if TYPE_CHECKING:
    from harness.world.nodes import Document

SECTIONS = ("connections", "variables", "pools")
WORLD = "world"
"""The key of a file that is a world itself."""
OF_WORLDS = (*SECTIONS, "durations")
"""What of such a file may be included."""
ASTRO = "airflow_settings.yaml"
FORM = "write include: [connections.json, airflow_settings.yaml, {variables: vars/prod.json}]"
_FIELDS = ("host", "login", "password", "schema", "description", "uri")
_TEXTS = ("conn_type", *_FIELDS)
_LEFT_OUT = ("conn_id", "id", "is_encrypted", "is_extra_encrypted", "team_name")
_PREFIX = {"connections": CONNECTION, "variables": VARIABLE}


@dataclass(frozen=True)
class Included:
    """An entry of a file.

    Attributes:
        value: as a world file has it.
        fault: why there is none.
    """

    section: str
    name: str
    value: object = field(repr=False)
    line: int
    fault: str | None = None


@dataclass(frozen=True)
class Source:
    """A file that a world includes.

    Attributes:
        section: what it holds, `WORLD` for several; None where its own keys say so: Astro's settings, a ``.env``.
    """

    file: Path
    section: str | None


class Unreadable(Exception):
    """A file that is not what it should be, at a line of it."""

    def __init__(self, fact: str, line: int = 1, fix: str | None = None) -> None:
        super().__init__(fact)
        self.fact, self.line, self.fix = fact, line, fix


def sources(value: object, folder: Path) -> list[Source]:
    """The files that ``include`` names.

    Args:
        folder: of the world file. A path is looked for there, then where the command runs.
    Raises: EntryError: with every fault found in it.
    """
    listed = value if isinstance(value, list) else [value]
    found: list[Source] = []
    problems: list[WorldProblem] = []
    for entry in listed:
        try:
            found.append(_source(entry, folder))
        except EntryError as invalid:
            problems += invalid.problems
    if problems:
        raise EntryError(*problems)
    return found


def _source(entry: object, folder: Path) -> Source:
    section = None
    if isinstance(entry, Mapping) and len(entry) == 1:
        ((section, entry),) = entry.items()
        if section not in (*SECTIONS, WORLD):
            known = known_names(str(section), (*SECTIONS, WORLD))
            raise EntryError(WorldProblem(f"unknown key {section!r}", known=known))
    if not isinstance(entry, str) or not entry:
        raise EntryError(WorldProblem(f"must be a list of files, not of {kind(entry)}", fix=FORM))
    file = next((one for one in (folder / entry, Path(entry)) if one.is_file()), None)
    if file is None:
        near = known_names(Path(entry).name, sorted(one.name for one in folder.iterdir() if one.is_file()))
        raise EntryError(
            WorldProblem(
                f"there is no file {entry}",
                known=f"{near}; a path is relative to the world file, or to where the command runs",
            )
        )
    if section is None and file.name != ASTRO and not _is_env(file):
        section = section_of(file.name)
        if section is None:
            raise EntryError(WorldProblem(f"{entry} does not say what it holds", fix=f"write {{variables: {entry}}}"))
    return Source(file, section)


def _is_env(file: Path) -> bool:
    """A ``.env`` of variables for a process, and not the connections that Airflow exports in such lines."""
    return section_of(file.name) is None and (file.name.startswith(".env") or file.suffix == ".env")


def entries(source: Source) -> Iterator[Included]:
    """What a file holds.

    Raises: Unreadable: not what it should be.
    """
    try:
        text = source.file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8 text (byte {error.start})", fix="save the file as UTF-8") from None
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    if source.section is None:
        yield from _of_dot_env(text, dot_env(source.file)) if _is_env(source.file) else _of_astro(text)
    elif source.section == WORLD:
        yield from _of_world(text)
    elif source.file.suffix == ".env":
        yield from _of_env(text, source.section)
    else:
        yield from _of_mapping(text, source.section, source.file.suffix == ".json")


def _of_world(text: str) -> Iterator[Included]:
    """The named entries of another world file, as ``airflow-harness import`` writes one; no other section of it."""
    document, line_of = _yaml(text)
    if not isinstance(document, Mapping):
        raise Unreadable(f"must be a mapping of sections, not {kind(document)}")
    for section, names in document.items():
        if section not in OF_WORLDS:
            known = ", ".join(OF_WORLDS)
            raise Unreadable(f"cannot be included with its {section!r}: only {known} can", line_of((str(section),)))
        if names is not None and not isinstance(names, Mapping):
            raise Unreadable(f"{section} must be a mapping of names, not {kind(names)}", line_of((str(section),)))
        for name, value in (names or {}).items():
            yield Included(section, str(name), value, line_of((str(section), str(name))))


def _of_mapping(text: str, section: str, is_json: bool) -> Iterator[Included]:
    document, line_of = _json(text) if is_json else _yaml(text)
    if not isinstance(document, Mapping):
        raise Unreadable(f"must be a mapping of {section} by name, not {kind(document)}")
    for name, value in document.items():
        yield _entry(section, str(name), value, line_of((str(name),)))


def _of_env(text: str, section: str) -> Iterator[Included]:
    """Lines ``name=value`` as Airflow reads them: no quotes, no blanks taken off."""
    seen: dict[str, int] = {}
    for line, written in enumerate(text.splitlines(), 1):
        if not written or re.match(r"\s*#", written):
            continue
        name, equals, value = written.partition("=")
        if not (name and equals and value):
            raise Unreadable("must be name=value", line)
        if name in seen:
            raise Unreadable(f"{name!r} is given twice, first on line {seen[name]}", line, "keep one of them")
        seen[name] = line
        yield _entry(section, name, value, line)


def _of_dot_env(text: str, values: Mapping[str, str]) -> Iterator[Included]:
    """Connections and variables of Airflow among the variables of a ``.env``, as python-dotenv reads it.

    Their names are in capitals there; Airflow asks for them so whatever a Dag writes, and here they are in lower case.
    """
    from dotenv.parser import parse_stream

    for binding in parse_stream(StringIO(text)):
        line = line_of(binding)
        if binding.error:
            raise Unreadable("must be NAME=value", line)
        for section, prefix in (("connections", CONNECTION), ("variables", VARIABLE)):
            if binding.key is not None and binding.key.startswith(prefix) and binding.key in values:
                name = binding.key.removeprefix(prefix).lower()
                yield _entry(section, name, values[binding.key], line, described=False)


_ASTRO: dict[str, tuple[str, dict[str, str]]] = {
    "connections": (
        "conn_id",
        {"conn_type": "conn_type", **{f"conn_{one}": one for one in (*_FIELDS, "port", "extra")}},
    ),
    "pools": ("pool_name", {"pool_slot": "slots", "pool_description": "description"}),
    "variables": ("variable_name", {"variable_value": "value"}),
}
"""Section -> (the key of the name, Astro's keys -> ours)."""


def _of_astro(text: str) -> Iterator[Included]:
    """Astro's ``airflow_settings.yaml``; rows without a name are those of its template."""
    document, line_of = _yaml(text)
    airflow = document.get("airflow") if isinstance(document, Mapping) else None
    if not isinstance(airflow, Mapping):
        raise Unreadable(f"must be a mapping with the key airflow, not {kind(document)}")
    for section, (named, keys) in _ASTRO.items():
        for number, row in enumerate(airflow.get(section) or ()):
            line = line_of(("airflow", section, str(number)))
            if not isinstance(row, Mapping):
                raise Unreadable(f"{section} must be a list of mappings", line)
            if not row.get(named):
                continue
            given = {keys[key]: one for key, one in row.items() if key in keys and one not in (None, "")}
            value = given.get("value", "") if section == "variables" else given
            yield _entry(section, str(row[named]), value, line, described=False)


def _entry(section: str, name: str, value: object, line: int, described: bool = True) -> Included:
    try:
        if section == "connections":
            return Included(section, name, _connection_fields(value), line)
        if section == "pools":
            return Included(section, name, _pool(value), line)
    except ValueError as error:
        return Included(section, name, None, line, str(error))
    if described and isinstance(value, Mapping) and "value" in value:
        value = value["value"]
    return Included(section, name, value, line)


def _connection_fields(value: object) -> dict[str, object]:
    """The fields of a world's entry. Raises: ValueError."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError("is no JSON") from None
    if isinstance(value, str):
        return {"uri": value}
    if not isinstance(value, Mapping):
        raise ValueError(f"must be a URI or a mapping of fields, not {kind(value)}")
    fields = {str(key): one for key, one in value.items() if one not in (None, "") and key not in _LEFT_OUT}
    if "extra_dejson" in fields:
        fields["extra"] = fields.pop("extra_dejson")
    if fields.get("uri") is not None:
        return {"uri": str(fields["uri"])}
    for key in set(_TEXTS) & set(fields):
        if isinstance(fields[key], (int, float)):
            fields[key] = str(fields[key])
    port = fields.get("port")
    if isinstance(port, str) and port.isdecimal():
        fields["port"] = int(port)
    return {"conn_type": "generic", **fields}


def _pool(value: object) -> dict[str, object]:
    """The same of a pool. Raises: ValueError."""
    if not isinstance(value, Mapping) or "slots" not in value:
        raise ValueError("must be a mapping with the key slots")
    given = {str(key): one for key, one in value.items() if one not in (None, "") and key not in _LEFT_OUT}
    slots = given["slots"]
    return {**given, "slots": int(slots) if isinstance(slots, str) and re.fullmatch(r"-?\d+", slots) else slots}


def _json(text: str) -> tuple[Any, Callable[[tuple[str, ...]], int]]:
    try:
        document = json.loads(text) if text.strip() else {}
    except json.JSONDecodeError as error:
        raise Unreadable(f"is not valid JSON: {error.msg}", error.lineno) from None
    except RecursionError:
        raise Unreadable("is not valid JSON: it is nested too deeply") from None

    def line_of(path: tuple[str, ...]) -> int:
        found = re.search(rf"{re.escape(json.dumps(path[0]))}\s*:", text)
        return 1 if found is None else text.count("\n", 0, found.start()) + 1

    try:
        return document, _yaml(text)[1]
    except Unreadable:  # tabs, and an escaped slash, are JSON's alone
        return document, line_of


def _yaml(text: str) -> tuple[Any, Callable[[tuple[str, ...]], int]]:
    """By YAML 1.2, as a world itself: what Airflow dumps has quotes wherever 1.1 would read something else."""
    found = _document(text)
    return found.data, lambda path: found.line_of.get(path, 1)


def _document(text: str) -> Document:
    import yaml

    from harness.world.nodes import parse

    try:
        return parse(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(f"is not valid YAML: {error.problem}", mark.line + 1 if mark else 1) from None
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable(f"is not valid YAML: {str(error).splitlines()[0]}") from None


def variable_of(section: str, name: str) -> str:
    """The variable of the environment that Airflow reads; Source: ``EnvironmentVariablesBackend`` (3.3.2)."""
    return _PREFIX[section] + name.upper()


def listed(content: object) -> list[tuple[str, int, object]]:
    """The names of a section ``from_environment: {connections: [crm, warehouse], variables: [region]}``.

    Returns: (section, which of its names from 0, name); of one name that is no list too.
    Raises: EntryError.
    """
    from harness.world.document import check
    from harness.world.schema import FromEnvironmentSpec

    spec = check(FromEnvironmentSpec, content)
    found: list[tuple[str, int, object]] = []
    for section in _PREFIX:
        names = getattr(spec, section)
        if names is not None and not isinstance(names, (str, list, tuple)):
            raise EntryError(WorldProblem(f"{section} must be a list of names, not {kind(names)}", (section,)))
        found += [(section, at, name) for at, name in enumerate([names] if isinstance(names, str) else names or ())]
    return found


def taken_from(world: World, environment: Mapping[str, str], required: bool) -> World:
    """The world with the entries that the environment holds; its variables are set in place.

    Args:
        environment: ``AIRFLOW_CONN_*`` and ``AIRFLOW_VAR_*``, of ``.env`` too.
        required: what is not there is an error.
    Raises: WorldError: a connection that cannot be read; never with its value.
    """
    connections = dict(world.connections)
    for section, name in sorted(world.from_environment):
        variable = variable_of(section, name)
        if name in (connections if section == "connections" else world.variables):
            continue
        if variable in environment and section == "variables":
            world.variables[name] = environment[variable]
        elif variable in environment:
            connections[name] = _connection(environment[variable], variable, world.where(section, name))
        elif required:
            raise WorldError(
                f"{section[:-1]} {name!r} comes from the environment, which has no {variable}",
                where=world.where(section, name),
                fix=f"set {variable} in the shell or in .env, or give it a value of its own in the world",
            )
    return replace(world, connections=connections)


def _connection(text: str, variable: str, where: str | None) -> Connection:
    from harness.world.reading import read_connection

    try:
        try:
            return read_connection(_connection_fields(text))
        except ValueError as error:
            raise EntryError(WorldProblem(str(error))) if not isinstance(error, EntryError) else error from None
    except EntryError as invalid:
        fact = invalid.problems[0].fact
        raise WorldError(f"{variable} of the environment is no connection: {fact}", where=where) from None
