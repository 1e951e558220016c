"""What a project's own files set and declare: ``.env``, ``airflow.cfg``, Astro's ``airflow_settings.yaml``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from configparser import Error, RawConfigParser
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.project.exports import (
    ExportedEntry,
    Exports,
    connection_entry,
    exports_of,
    of_uri,
    pool_entry,
    variable_entry,
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_NOT_TAKEN = re.compile(
    r"(PATH|HOME|TMPDIR|SHELL|USER|AIRFLOW_HOME|AIRFLOW_CONFIG|(PYTHON|LD_|DYLD_|AIRFLOW_HARNESS_).*)$"
)
SECRETS = CONNECTION, VARIABLE = "AIRFLOW_CONN_", "AIRFLOW_VAR_"
"""Connections and variables in an environment: those of a shell may be production's, so that nobody sees them."""
_SERVERS = (
    *("celery", "celery_broker_transport_options", "celery_kubernetes_executor", "database", "edge", "elasticsearch"),
    *("execution_api", "fab", "kerberos", "kubernetes", "kubernetes_executor", "local_kubernetes_executor", "logging"),
    *(
        "metrics",
        "openlineage",
        "opensearch",
        "secrets",
        "sentry",
        "traces",
        "triggerer",
        "usage_data_collection",
        "workers",
    ),
)
"""Sections that say how production's servers are set up; no Dag needs them to be parsed, and here they lead nowhere."""
_CORE = {
    *("auth_manager", "executor", "fernet_key", "load_examples", "plugins_folder", "dags_folder", "unit_test_mode"),
    *(
        "simple_auth_manager_passwords_file",
        "hostname_callable",
        "internal_api_url",
        "multi_team",
        "execution_api_server_url",
    ),
}


_PATH = "PYTHONPATH"
_HOMES = ("/opt/airflow", "/usr/local/airflow")
"""``AIRFLOW_HOME`` in the images of Airflow and of Astro."""
SHOWN = 3
"""Names of the shell that are told."""


@dataclass(frozen=True)
class Declarations:
    """What the files of a project say.

    Attributes:
        settings: of Airflow, by (section, key), in lower case; the environment's before the file's.
        environment: variables for the processes that parse.
        variables: with their values, None where the value is elsewhere.
        bundles: folders of local Dag bundles.
        search: entries of ``PYTHONPATH`` in ``.env`` that are there.
        unread: lines of ``.env`` that cannot be read, each as a sentence with its place.
        exports: what ``airflow … export`` and Astro's file tell of connections, variables and pools, without secrets.
        places: ``file:line`` of ``AIRFLOW_CONN_*`` and ``AIRFLOW_VAR_*`` in ``.env``.
    """

    settings: Mapping[tuple[str, str], str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    connections: frozenset[str] = frozenset()
    variables: Mapping[str, str | None] = field(default_factory=dict)
    pools: Mapping[str, int] = field(default_factory=dict)
    bundles: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    exports: Exports = field(default_factory=Exports)
    unread: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    def setting(self, section: str, key: str) -> str | None:
        """A setting of Airflow, None where the project does not make it."""
        return self.settings.get((section, key))


def declarations_of(folders: Sequence[Path]) -> Declarations:
    """Read them.

    Args:
        folders: the project, and those above it that may hold settings of it too; the nearer goes before the farther.
    Raises: UsageError: a file that cannot be read as what it is.
    """
    files: dict[str, str] = {}
    settings: dict[tuple[str, str], str] = {}
    for folder in reversed(folders):
        files |= dot_env(folder / ".env")
        settings |= airflow_cfg(folder / "airflow.cfg")
    shell = {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW_")}
    settings |= _settings_in({**files, **shell})
    astro, values = _astro(folders[0] / "airflow_settings.yaml")
    exports = exports_of(folders).with_more(astro)
    fields = {f"AIRFLOW__{s.upper()}__{k.upper()}": v for (s, k), v in settings.items() if _matters(s, k)}
    plain = {name: value for name, value in files.items() if not name.startswith("AIRFLOW__")}
    new = {name: value for name, value in plain.items() if name.startswith(SECRETS) or name not in os.environ}
    return Declarations(
        settings=settings,
        environment={**new, **fields},
        connections=frozenset([*_named(files, CONNECTION), *exports.names("connections")]),
        variables={
            **exports.variables,
            **values,
            **_named(files, VARIABLE),
        },
        pools={one.name: one.value["slots"] for one in exports.entries if one.section == "pools"},
        bundles=tuple(_bundles(settings.get(("dag_processor", "dag_bundle_config_list")))),
        search=tuple(one for folder in folders for one in python_path(folder / ".env", folders[0])),
        exports=exports,
        unread=tuple(line for folder in folders for line in unread_lines(folder / ".env", folders[0])),
        places={n: place for folder in reversed(folders) for n, place in places(folder / ".env", folders[0]).items()},
    )


def dot_env(file: Path) -> dict[str, str]:
    """Variables of a ``.env`` file, those left out that would move Python or Airflow's home.

    Raises: UsageError: not text.
    """
    return {name: value for name, value in _assigned(file).items() if not _NOT_TAKEN.match(name)}


def python_path(file: Path, project: Path) -> list[str]:
    """Entries of ``PYTHONPATH`` in a ``.env``, absolute; those that do not exist are left out.

    A path of Airflow's home in a container, where there is none here, is that of the project, which is mounted there.
    """
    found = []
    for entry in _assigned(file).get(_PATH, "").split(os.pathsep):
        inside = next((entry[len(home) :].strip("/") for home in _HOMES if f"{entry}/".startswith(f"{home}/")), None)
        place = (file.parent / entry).resolve()
        if inside is not None and not place.exists():
            place = (project / inside).resolve()
        if entry and "$" not in entry and place.exists():
            found.append(str(place))
    return found


def unread_lines(file: Path, project: Path) -> Iterator[str]:
    """What python-dotenv cannot read of a ``.env`` file and passes over, with its line; not the text, it may be secret.

    Source: ``parse_binding`` of dotenv/parser.py (1.2.4).
    Raises: UsageError: not text.
    """
    text = _text(file).removeprefix("\ufeff")
    if not text:
        return
    from dotenv.parser import parse_stream

    for binding in parse_stream(StringIO(text)):
        if binding.error:
            shown = file.relative_to(project) if file.is_relative_to(project) else file
            yield f"{shown}:{line_of(binding)} cannot be read as NAME=value, and is passed over"


def places(file: Path, project: Path) -> dict[str, str]:
    """Where a ``.env`` file gives connections and variables of Airflow, as ``file:line``.

    Raises: UsageError: not text.
    """
    text = _text(file).removeprefix("\ufeff")
    if not any(prefix in text for prefix in SECRETS):
        return {}
    from dotenv.parser import parse_stream

    shown = file.relative_to(project) if file.is_relative_to(project) else file
    return {
        binding.key: f"{shown}:{line_of(binding)}"
        for binding in parse_stream(StringIO(text))
        if binding.key is not None and binding.value is not None and binding.key.startswith(SECRETS)
    }


def line_of(binding: Any) -> int:
    """The line of what python-dotenv read; blank lines before it are a part of it."""
    blank = len(binding.original.string) - len(binding.original.string.lstrip())
    return int(binding.original.line + binding.original.string[:blank].count("\n"))


def told(found: Mapping[str, str], known: Collection[str]) -> list[str]:
    """What is said of connections and variables in ``.env`` that a world does not name: never used without a word.

    Args:
        found: as `places` gives them.
        known: those that the world has or asks for.
    """
    new = sorted(name for name in found if name not in known)
    connections = [name for name in new if name.startswith(CONNECTION)]
    variables = [name for name in new if name.startswith(VARIABLE)]
    ask = "{from: environment} in the world asks for it"
    lines = []
    if connections:
        lines.append(f"{_some(connections, found)}: no task is given it; {ask}")
    if variables:
        lines.append(f"{_some(variables, found)}: used, since the world has no such variable")
    return lines


def _some(names: Sequence[str], found: Mapping[str, str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"{ascii(name)[1:-1]} ({found[name]})" for name in names[:SHOWN]) + more


def _assigned(file: Path) -> dict[str, str]:
    """What a ``.env`` file assigns, as python-dotenv and ``docker compose`` read it: quotes, comments, ``${NAME}``.

    ``${NAME}`` may name a variable of the shell, but no connection or variable of Airflow there: nobody sees those.

    Source: ``DotEnv.parse`` and ``resolve_variables`` of dotenv/main.py, without their words in the log (1.2.4).
    Raises: UsageError: not text.
    """
    text = _text(file).removeprefix("\ufeff")
    if not text:
        return {}
    from dotenv.parser import parse_stream
    from dotenv.variables import parse_variables

    shell = {name: value for name, value in os.environ.items() if not name.startswith(SECRETS) and name != _PATH}
    found: dict[str, str] = {}
    for binding in parse_stream(StringIO(text)):
        if binding.key is not None and binding.value is not None and _NAME.fullmatch(binding.key):
            parts = parse_variables(binding.value)
            found[binding.key] = "".join(part.resolve({**shell, **found}) for part in parts)
    return found


def airflow_cfg(file: Path) -> dict[tuple[str, str], str]:
    """Settings of an ``airflow.cfg``, by (section, key), in lower case.

    Raises: UsageError: not in the form of a configuration.
    """
    parser = RawConfigParser(strict=False)
    try:
        parser.read_string(_text(file))
    except Error as error:
        raise UsageError(f"{file} cannot be read: {' '.join(str(error).split())}", fix="correct the file") from None
    return {
        (section.lower(), key): value.replace("%%", "%")
        for section in parser.sections()
        for key, value in parser.items(section)
        if "{AIRFLOW_HOME}" not in value
    }


def _settings_in(env: Mapping[str, str]) -> dict[tuple[str, str], str]:
    parts = ((name.split("__"), value) for name, value in env.items() if name.startswith("AIRFLOW__"))
    return {(name[1].lower(), "__".join(name[2:]).lower()): value for name, value in parts if len(name) > 2}


def kept(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what leads a process of ours outside: settings of Airflow, its owner's secrets."""
    parts = {name: name.lower().split("__") for name in environment}
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("AIRFLOW__", *SECRETS))
        or (name.startswith("AIRFLOW__") and _matters(parts[name][1], "__".join(parts[name][2:])))
    }


def set_aside(environment: Mapping[str, str]) -> str | None:
    """What is said of the connections and variables in a shell, which no Dag is shown; None where there are none."""
    found = sorted(name for name in environment if name.startswith(SECRETS))
    if not found:
        return None
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    names = ", ".join(ascii(name)[1:-1] for name in found[:SHOWN])
    return f"{names}{more} of the shell: no Dag sees it, unless the world asks for it, {{from: environment}}"


def _matters(section: str, key: str) -> bool:
    """Whether a setting may change what a Dag file becomes, and leads to nothing outside."""
    return (
        section not in _SERVERS and not (section == "core" and key in _CORE) and not key.endswith(("_cmd", "_secret"))
    )


def _named(env: Mapping[str, str], prefix: str) -> dict[str, str | None]:
    """What variables of the environment declare; Airflow asks for them in upper case, whatever a Dag writes."""
    found = {name.removeprefix(prefix): value for name, value in env.items() if name.startswith(prefix)}
    return {**found, **{name.lower(): value for name, value in found.items()}}


def _bundles(text: str | None) -> Iterator[str]:
    """Folders of ``LocalDagBundle``; others come from elsewhere.

    Source: ``DagBundlesManager.parse_config`` (3.3.2).
    """
    with suppress(ValueError):
        for bundle in json.loads(text or "[]"):
            if isinstance(bundle, dict) and str(bundle.get("classpath", "")).endswith("LocalDagBundle"):
                path = (bundle.get("kwargs") or {}).get("path")
                if path:
                    yield str(path)


def _astro(file: Path) -> tuple[list[ExportedEntry], dict[str, str]]:
    """What ``airflow_settings.yaml`` declares for a local Airflow, and its variables with their values.

    Raises: UsageError: it cannot be read as what it is.
    """
    import yaml

    try:
        document = yaml.safe_load(_text(file)) or {}
    except yaml.YAMLError as error:
        raise UsageError(f"{file} cannot be read: {' '.join(str(error).split())}", fix="correct the file") from None
    airflow = document.get("airflow") if isinstance(document, dict) else None
    airflow = airflow if isinstance(airflow, dict) else {}
    entries, values = [], {}
    for row in _rows(airflow, "connections", "conn_id"):
        fields = of_uri(str(row["conn_uri"])) if row.get("conn_uri") else {}
        fields |= {key.removeprefix("conn_"): one for key, one in row.items() if one not in (None, "")}
        fields = {("conn_type" if key == "type" else key): one for key, one in fields.items()}
        entries.append(connection_entry(str(row["conn_id"]), fields, file.name))
    for row in _rows(airflow, "variables", "variable_name"):
        name, value = str(row["variable_name"]), row.get("variable_value")
        values[name] = json.dumps(value) if isinstance(value, (dict, list)) else str(value or "")
        entries.append(variable_entry(name, values[name], file.name))
    for row in _rows(airflow, "pools", "pool_name"):
        slots = str(row.get("pool_slot") or 0)
        if not re.fullmatch(r"-?\d{1,9}", slots):
            raise UsageError(
                f"{file}: pool {row['pool_name']!r} has pool_slot {slots!r}", fix="give it a whole number of slots"
            )
        entries.append(pool_entry(str(row["pool_name"]), {"slots": int(slots)}, file.name))
    return entries, values


def _rows(airflow: Mapping[str, Any], section: str, key: str) -> list[dict[str, Any]]:
    rows = airflow.get(section)
    return [row for row in rows if isinstance(row, dict) and row.get(key)] if isinstance(rows, list) else []


def _text(file: Path) -> str:
    if not file.is_file():
        return ""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}", fix="save it as UTF-8, readable to you") from None
