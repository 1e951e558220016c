"""A first world file, written from the names that Dags use; what type a connection is, they tell too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping

from harness.project.declarations import CONNECTION, VARIABLE
from harness.project.exports import ExportedEntry
from harness.project.sensitive import HIDDEN

HEAD = """\
# What production provides to these Dags: written by `airflow-harness init` from what they name.
# Complete it with production's sizes and kinds; real secrets have no place here.
"""


SCHEMA_COMMENT = "# yaml-language-server: $schema={}\n"
"""The first line of a world, by which editors find its schema, a file beside it."""

ANY_JSON = "{}"
"""The hint of a variable that is read as JSON, where nothing more is known of it."""
_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
"""What YAML takes for something else than text."""

_CALLED = {
    "slack_webhook": "slackwebhook",
    "gcp": "google_cloud_platform",
    "s3": "aws",
    "google_cloud": "google_cloud_platform",
}
"""Words of arguments and hooks that are no type themselves -> the type: ``slack_webhook_conn_id``, ``S3Hook``."""
_OTHERS = ("ssh", "snowflake", "slack")
"""Types that may stand in a name though no service answers them."""
DEFAULT = "_default"
"""How ids end that hooks of Airflow take where none is named."""
_PROVIDERS = {
    **{name: name for name in ("databricks", "snowflake", "spark", "ssh", "trino", "kubernetes")},
    "amazon": "aws",
    "google": "google_cloud_platform",
}
"""Airflow's providers whose operators have connections of one type, beside those whose type a service answers."""
_NAMED_BY = re.compile(r"\(([^()]*)\)|(\w+)\(\)|the param '([^']*)'|^(\w+) of ")
"""What a use tells: ``task 'load' (aws_conn_id)``, ``S3Hook()``, ``the param 'aws_conn_id'``, ``SmtpNotifier of …``."""


def scaffold(
    used: Mapping[str, Mapping[str, Iterable[tuple[str, str]]]],
    exported: Iterable[ExportedEntry] = (),
    services: Services | None = None,
    places: Mapping[str, str] | None = None,
) -> str:
    """The YAML text of a world.

    Args:
        used: section (``pools``, ``connections``, ``variables``, ``stubs``) -> name -> (where it is used, hint).
        exported: what files of the project say of some of them; each has its own file named as the source.
        services: connection type -> (the service that answers it, what it is).
        places: variable of the environment, as ``AIRFLOW_CONN_CRM`` -> where ``.env`` gives it.
    """
    answering = services or {}
    known = {(one.section, one.name): one for one in exported}
    there = places or {}
    parts = [HEAD + _include(dict.fromkeys(one.file for one in known.values()))]
    for section, entry in (("pools", _pool), ("connections", _connection(answering)), ("variables", _variable)):
        names = used.get(section, {})
        if names:
            by_name = sorted(names.items())
            lines = [
                _entry(name, list(uses), entry, known.get((section, name)), answering, _place(section, name, there))
                for name, uses in by_name
            ]
            parts.append(f"{section}:\n" + "".join(lines))
    parts += _stubs(used.get("stubs", {}))
    return "\n".join(parts)


def _stubs(used: Mapping[str, Iterable[tuple[str, str]]]) -> list[str]:
    """Stand-ins for what cannot run here: proposed and not written, for nobody knows what the tasks come to."""
    if not used:
        return []
    lines = ["# These cannot run here: say what they come to, and take the # away.\n# stubs:\n"]
    for name, uses in sorted(used.items()):
        where, needs = next(iter(uses))
        lines.append(f"#   {key_of(name)}: {{returns: null}}    # {where}; needs {needs}\n")
    return ["".join(lines)]


def _include(files: Iterable[str]) -> str:
    """The line that takes files of the project as they are: proposed and not written, for it takes their secrets."""
    listed = ", ".join(file for file in files if not file.startswith("/"))
    return f"\n# They are taken whole, with their secrets, by\n# include: [{listed}]\n" if listed else ""


Uses = list[tuple[str, str]]
Services = Mapping[str, tuple[str, str]]


def _entry(
    name: str,
    uses: Uses,
    guessed: Callable[[Uses], tuple[str, str]],
    exported: ExportedEntry | None,
    services: Services,
    place: str | None,
) -> str:
    value, remark = guessed(uses) if exported is None else _of_file(exported, services)
    remark = "; ".join(filter(None, [remark, place and f"or {{from: environment}}, which is {place}"]))
    return f"{_uses(uses, exported)}  {key_of(name)}: {value}{f'    # {remark}' if remark else ''}\n"


def _place(section: str, name: str, places: Mapping[str, str]) -> str | None:
    prefix = {"connections": CONNECTION, "variables": VARIABLE}.get(section)
    return None if prefix is None else places.get(prefix + name.upper())


def _pool(uses: Uses) -> tuple[str, str]:
    return str(max(16, *(int(hint or 1) for _, hint in uses))), "how many slots has it in production?"


def _connection(services: Services) -> Callable[[Uses], tuple[str, str]]:
    def guessed(uses: Uses) -> tuple[str, str]:
        kind = next((hint for _, hint in uses if hint), "")
        if kind not in services:
            return "{conn_type: " + (kind or "generic") + "}", ""
        service, title = services[kind]
        typed = "" if kind == service or _is_first(kind, service, services) else f", conn_type: {kind}"
        return f"{{service: {service}{typed}}}", title

    return guessed


def _is_first(kind: str, service: str, services: Services) -> bool:
    """Whether a service answers as this type unless the world says another."""
    return next(each for each, (name, _) in services.items() if name == service) == kind


def _variable(uses: Uses) -> tuple[str, str]:
    hints = [hint for _, hint in uses if hint]
    value = next((hint for hint in hints if hint != ANY_JSON), None)  # what the parse told says more than any JSON
    if value is None and hints:
        return json.dumps(ANY_JSON), "a guess: it is read as JSON"
    return json.dumps(value or ""), "a guess: the file is not parsed without one" if value else ""


def _of_file(exported: ExportedEntry, services: Services) -> tuple[str, str]:
    """An entry as a file of the project tells it, and what of it was left there."""
    value = exported.value
    if exported.section == "pools" and set(value) == {"slots"}:
        value = value["slots"]
    text = json.dumps(HIDDEN if value is None else value, ensure_ascii=False)
    remarks = [f"not copied: {', '.join(exported.kept_back)}"] if exported.kept_back else []
    kind = value.get("conn_type") if exported.section == "connections" else None
    if kind in services:
        service, title = services[str(kind)]
        remarks.append(f"or {{service: {service}}}, {title}")
    return text, "; ".join(remarks).replace("\n", " ")


def _uses(uses: Uses, exported: ExportedEntry | None) -> str:
    places = sorted({where for where, _ in uses})
    more = f", and {len(places) - 1} more" if len(places) > 1 else ""
    used = f"{places[0]}{more}" if places else "no Dag names it"
    return f"  # {used}{f'; {exported.file}' if exported else ''}\n"


def key_of(name: str) -> str:
    """A key as YAML reads it back: in quotes unless it is a plain word."""
    plain = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) is not None and name.lower() not in _WORDS
    return name if plain else json.dumps(name)


def default_type(conn_id: str) -> str:
    """The type of a connection that Airflow's hooks take where none is named, by its id; empty for any other id.

    Source: ``default_conn_name`` of the providers' hooks: ``aws_default``, ``google_cloud_default`` (3.3).
    """
    stem = conn_id.removesuffix(DEFAULT)
    return "" if stem == conn_id else _CALLED.get(stem, stem)


def type_in_id(conn_id: str, answered: Iterable[str]) -> str:
    """The type that is a word of a connection's id, as of ``warehouse_postgres``; empty where none is.

    For where nothing else tells: an operator of any database (``conn_id``) says nothing of which one it is.
    """
    words = _words(answered)
    return next((words[part] for part in re.split(r"[^a-z0-9]+", conn_id.lower()) if part in words), "")


def _words(answered: Iterable[str]) -> dict[str, str]:
    """What stands in names -> the type."""
    return {**_CALLED, **{kind: kind for kind in (*answered, *_OTHERS)}}


def type_of_provider(module: str, answered: Collection[str]) -> str:
    """The type of the connections of an operator's package: ``airflow.providers.smtp.operators.smtp``; else empty.

    Args:
        answered: types that services answer.
    """
    parts = module.split(".")
    names = parts[2:4] if parts[:2] == ["airflow", "providers"] else []
    return next((_PROVIDERS.get(name, name) for name in names if name in _PROVIDERS or name in answered), "")


def conn_type_of(by: str, answered: Iterable[str]) -> str:
    """The type; empty where nothing tells it.

    Args:
        by: who names the connection, in words of `harness.checks.resources.used_names`.
        answered: types that services answer.
    """
    told = " ".join(part for match in _NAMED_BY.findall(by) for part in match).lower()
    words = _words(answered)
    # The longest word: "slack" stands within "slack_webhook", and "http" within what another package may call its own.
    return next((words[word] for word in sorted(words, key=lambda one: (-len(one), one)) if word in told), "")
