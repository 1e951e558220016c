"""Connections, variables and pools as ``airflow … export`` wrote them, where the files lie in a project.

A file is known by its name (``connections.json``, ``airflow_variables.prod.json``, ``pools.json``, ``connections.env``)
and by its form; it may lie in the project, in a folder of it, or in a folder above up to the git root. Their secrets
are forgotten as soon as they are read.

Source: ``connections_export``, ``variables_export``, ``pool_export`` of airflow/cli/commands;
``load_connections_dict``, ``load_variables`` of airflow/secrets/local_filesystem.py (3.3.2).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from harness.project import WRITTEN, own_folders
from harness.project.sensitive import HIDDEN, has_hidden, plain_part

_NAME = re.compile(r"(?:[\w-]*[_.-])?(connection|variable|pool)s?(?:[_.-][\w.-]*)?\.(json|ya?ml|env)", re.IGNORECASE)
_NO_EXPORTS = {"dags", "plugins", "tests", "test", *WRITTEN}
"""Folders whose files have such names by chance."""
_FIELDS = ("conn_type", "host", "login", "schema", "port", "description")
_ALSO = {*_FIELDS, "password", "extra", "extra_dejson", "conn_id", "uri", "is_encrypted", "is_extra_encrypted", "id"}
_MOST = 8 * 1024 * 1024
"""Bytes of a file that is read."""


@dataclass(frozen=True)
class ExportedEntry:
    """What a file of the project says of a connection, a variable or a pool.

    Attributes:
        section: ``connections``, ``variables`` or ``pools``.
        file: relative to the project where it lies below.
        value: as a world file has it, without secrets; None where all of it may be one.
        kept_back: names of the parts that may be secret, which are not in it.
    """

    section: str
    name: str
    file: str
    value: Any = None
    kept_back: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exports:
    """All entries that were found. Where several files have one name, the nearest file counts.

    Attributes:
        unread: files with the name of an export that cannot be read, each with the reason.
    """

    entries: tuple[ExportedEntry, ...] = ()
    unread: tuple[str, ...] = ()

    def names(self, section: str) -> dict[str, ExportedEntry]:
        """The entries of one section, by name."""
        return {one.name: one for one in self.entries if one.section == section}

    @property
    def variables(self) -> dict[str, str | None]:
        """Variables with their values, None where all or a part is kept back.

        Source: ``Variable.set(serialize_json=True)`` of ``variables_import``, which indents JSON by two (3.3.2).
        """
        return {one.name: _text_of(one) for one in self.entries if one.section == "variables"}

    def with_more(self, more: Iterable[ExportedEntry]) -> Exports:
        """The same with the entries of another file, which go before."""
        return Exports(_once(self.entries, more), self.unread)


def exports_of(folders: Sequence[Path]) -> Exports:
    """Read the exports of a project.

    Args:
        folders: the project, then those above it.
    """
    found: list[ExportedEntry] = []
    unread = []
    for file in reversed(list(_files(folders))):
        kind, form = _named(file)
        shown = file.relative_to(folders[0]).as_posix() if file.is_relative_to(folders[0]) else str(file)
        try:
            document = _read(file, form)
        except Exception as error:  # YAML's are many
            unread.append(f"{shown} cannot be read as an export of {kind}s: {' '.join(str(error).split())[:200]}")
            continue
        found += _entries(kind, document, shown)
    return Exports(_once(found), tuple(unread))


def _once(*entries: Iterable[ExportedEntry]) -> tuple[ExportedEntry, ...]:
    return tuple({(one.section, one.name): one for some in entries for one in some}.values())


def _text_of(variable: ExportedEntry) -> str | None:
    if variable.kept_back:
        return None
    return variable.value if isinstance(variable.value, str) else json.dumps(variable.value, indent=2)


SHOWN = 5


def told(exports: Exports, taken: Collection[tuple[str, str]]) -> list[str]:
    """What is said of variables and pools that a run takes from exports: never used without a word.

    Args:
        taken: (section, name) of what the world does not have itself.
    """
    lines = []
    for section in ("variables", "pools"):
        by_file: dict[str, list[str]] = {}
        for name, one in sorted(exports.names(section).items()):
            if (section, name) in taken:
                by_file.setdefault(one.file, []).append(ascii(name)[1:-1])
        for file, names in by_file.items():
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            word = section if len(names) > 1 else section[:-1]
            listed = ", ".join(names[:SHOWN]) + more
            lines.append(f"{word} {listed} ({file}): used, since the world has none of that name")
    return lines


def section_of(name: str) -> str | None:
    """What a file of this name holds: ``connections``, ``variables`` or ``pools``; None where it tells nothing."""
    match = _NAME.fullmatch(name)
    return None if match is None else f"{match[1].lower()}s"


def normal_type(conn_type: str) -> str:
    """``postgresql`` is ``postgres``, and ``-`` is ``_``.

    Source: ``Connection._normalize_conn_type`` of airflow/sdk/definitions/connection.py (3.3.2).
    """
    return "postgres" if conn_type == "postgresql" else conn_type.replace("-", "_")


def connection_entry(name: str, fields: Mapping[str, Any], file: str) -> ExportedEntry:
    """A connection from fields as Airflow exports them. A login without a password may be a token, and is kept back."""
    stored = {key: fields.get(key) for key in _FIELDS if fields.get(key) not in (None, "")}
    back = ["password"] if fields.get("password") else []
    if "login" in stored and not back:
        back.append("login")
        del stored["login"]
    value = {key: plain_part(one, "") for key, one in stored.items()}
    extra = _extra(fields.get("extra") or fields.get("extra_dejson"))
    if extra is None:
        back.append("extra")
    elif shown := {key: plain_part(one, key) for key, one in extra.items()}:
        back += [f"extra.{key}" for key, one in shown.items() if has_hidden(one)]
        if kept := {key: one for key, one in shown.items() if not has_hidden(one)}:
            value["extra"] = kept
    back += [key for key, one in value.items() if one == HIDDEN]
    value = {key: one for key, one in value.items() if one != HIDDEN}
    return ExportedEntry("connections", name, file, {"conn_type": "generic", **value}, tuple(back))


def variable_entry(name: str, value: Any, file: str) -> ExportedEntry:
    """A variable; of text and of JSON alike what may be secret is kept back."""
    shown = plain_part(value, name)
    back = ("value",) if has_hidden(shown) else ()
    return ExportedEntry("variables", name, file, None if shown == HIDDEN else shown, back)


def pool_entry(name: str, fields: Mapping[str, Any], file: str) -> ExportedEntry:
    """A pool from ``slots`` and what is beside them."""
    more = {"include_deferred": True} if fields.get("include_deferred") else {}
    return ExportedEntry("pools", name, file, {"slots": int(fields["slots"]), **more})


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    """The nearest first: the project's own, those of its folders, those of the folders above."""
    for folder in folders:
        entries = _sorted(folder)
        yield from (one for one in entries if _is_export(one))
        if folder == folders[0]:
            for name in own_folders(folder, (one.name for one in entries if one.is_dir()), but=_NO_EXPORTS):
                yield from filter(_is_export, _sorted(folder / name))


def _sorted(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_export(file: Path) -> bool:
    try:
        return _NAME.fullmatch(file.name) is not None and file.is_file() and file.stat().st_size <= _MOST
    except OSError:
        return False


def _named(file: Path) -> tuple[str, str]:
    match = _NAME.fullmatch(file.name)
    assert match is not None
    return match[1].lower(), match[2].lower()


def _read(file: Path, form: str) -> Any:
    text = file.read_text(encoding="utf-8")
    if form == "json":
        return json.loads(text) if text.strip() else {}
    if form == "env":
        lines = (line.strip() for line in text.splitlines())
        pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
        return {name.strip(): value.strip() for name, equals, value in pairs if equals}
    import yaml

    return yaml.safe_load(text)


def _entries(kind: str, document: Any, file: str) -> Iterator[ExportedEntry]:
    """None where the document has another form: the file is something else."""
    if not isinstance(document, Mapping) or not all(isinstance(name, str) and name for name in document):
        return
    make: Callable[[str, Any, str], ExportedEntry] = _MAKERS[kind]
    found = []
    for name, value in document.items():
        read = _READERS[kind](value)
        if read is None:
            return
        found.append(make(name, read[0], file))
    yield from found


def _connection(value: Any) -> tuple[Any] | None:
    if isinstance(value, list) and len(value) == 1:  # as ``load_connections_dict`` takes them
        value = value[0]
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if isinstance(value, str):
        return (of_uri(value),) if "://" in value else None
    if isinstance(value, Mapping) and set(value) <= _ALSO and ("conn_type" in value or "uri" in value):
        return (of_uri(str(value["uri"])) if value.get("uri") else value,)
    return None


def _variable(value: Any) -> tuple[Any] | None:
    described = isinstance(value, Mapping) and "value" in value and set(value) <= {"value", "description"}
    return (value["value"] if described else value,)


def _pool(value: Any) -> tuple[Any] | None:
    slots = value.get("slots") if isinstance(value, Mapping) else None
    return (value,) if isinstance(slots, int) and not isinstance(slots, bool) else None


def of_uri(uri: str) -> dict[str, Any]:
    """The parts of a connection's URI; one that is no URI tells only that there is a connection."""
    try:
        parts = urlsplit(uri)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        extra: Any = query.get("__extra__", query)
        found = {"host": parts.hostname, "port": parts.port, "login": parts.username, "password": parts.password}
    except ValueError:
        return {}
    texts = {key: unquote(one) if isinstance(one, str) else one for key, one in found.items()}
    schema = unquote(parts.path[1:])
    kind = normal_type(parts.scheme)
    nested = uri.count("://") > 1  # ``http://https://host``: the parts are not where they seem to be
    return {"conn_type": kind} if nested else {**texts, "conn_type": kind, "schema": schema, "extra": extra}


def _extra(value: Any) -> dict[str, Any] | None:
    """A connection's extra; None where it is something else than an object."""
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return {str(key): one for key, one in value.items()} if isinstance(value, Mapping) else None if value else {}


_READERS: dict[str, Callable[[Any], tuple[Any] | None]] = {
    "connection": _connection,
    "variable": _variable,
    "pool": _pool,
}
_MAKERS: dict[str, Callable[[str, Any, str], ExportedEntry]] = {
    "connection": connection_entry,
    "variable": variable_entry,
    "pool": pool_entry,
}
