"""A first world file, written from the names that Dags use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

HEAD = """\
# What production provides to these Dags: written by `airflow-harness init` from what they name.
# Complete it with production's sizes and kinds; real secrets have no place here.
"""


_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
"""What YAML takes for something else than text."""


def sketch(used: Mapping[str, Mapping[str, Iterable[tuple[str, str]]]]) -> str:
    """The YAML text of a world.

    Args:
        used: section (``pools``, ``connections``, ``variables``) -> name -> (where it is used, hint).
    """
    parts = [HEAD]
    for section, entry in (("pools", _pool), ("connections", _connection), ("variables", _variable)):
        names = used.get(section, {})
        if names:
            parts.append(f"{section}:\n" + "".join(entry(name, list(uses)) for name, uses in sorted(names.items())))
    return "\n".join(parts)


def _pool(name: str, uses: list[tuple[str, str]]) -> str:
    slots = max(16, *(int(hint or 1) for _, hint in uses))
    return f"{_uses(uses)}  {key_of(name)}: {slots}    # how many slots has it in production?\n"


def _connection(name: str, uses: list[tuple[str, str]]) -> str:
    kind = next((hint for _, hint in uses if hint), "")
    given = "{service: postgres}    # a PostgreSQL of the harness's own" if kind == "postgres" else ""
    return f"{_uses(uses)}  {key_of(name)}: {given or '{conn_type: ' + (kind or 'generic') + '}'}\n"


def _variable(name: str, uses: list[tuple[str, str]]) -> str:
    value = next((hint for _, hint in uses if hint), "")
    told = "    # a guess: the file is not parsed without one" if value else ""
    return f"{_uses(uses)}  {key_of(name)}: {json.dumps(value)}{told}\n"


def _uses(uses: list[tuple[str, str]]) -> str:
    places = sorted({where for where, _ in uses})
    more = f", and {len(places) - 1} more" if len(places) > 1 else ""
    return f"  # {places[0]}{more}\n"


def key_of(name: str) -> str:
    """A key as YAML reads it back: in quotes unless it is a plain word."""
    plain = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) is not None and name.lower() not in _WORDS
    return name if plain else json.dumps(name)
