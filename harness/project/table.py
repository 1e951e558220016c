"""One table of ``pyproject.toml``: its keys checked as they are taken, each complaint with its line."""

from __future__ import annotations

import re
import stat
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from warnings import warn

from harness.errors import UsageError, known_names

TABLE = "tool.airflow-harness"


class Table:
    """``[tool.airflow-harness]``, or a table below it.

    Args:
        given: what stands in it.
        below: name of the table below ours; empty for ours itself.
    """

    def __init__(self, file: Path, given: dict[str, Any], below: str = "") -> None:
        self._file, self._given, self._below = file, given, below
        self._known: list[str] = []

    @property
    def name(self) -> str:
        """As its header writes it."""
        return f"[{TABLE}.{self._below}]" if self._below else f"[{TABLE}]"

    def paths(self, key: str, example: str, many: bool) -> list[Path] | None:
        """The paths under a key, relative to the file, each of which must exist; None when the key is absent."""
        self._known.append(key)
        if key not in self._given:
            return None
        value = self._given[key]
        texts = _paths(value) if many else [value] if isinstance(value, str) else None
        if texts is None:
            raise self._wrong(key, "a list of paths" if many else "a path", example)
        found = [self._file.parent / text for text in texts]
        for text, path in zip(texts, found):  # noqa: B905 - of one length
            fault = _fault_of(path, many)
            if fault is not None:
                raise UsageError(
                    f"{key!r} of {self.name} names {text!r}, which {fault}",
                    where=self.where(key),
                    known=f"paths are relative to {self._file.parent}",
                    fix="correct the path",
                )
        return found

    def texts(self, key: str, example: str) -> list[str]:
        """A list of texts, empty when the key is absent."""
        self._known.append(key)
        value = self._given.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._wrong(key, "a list of texts", example)
        return value

    def flag(self, key: str, default: bool, former: str | None = None) -> bool:
        """True or false.

        Args:
            former: how the key was spelt; it works for one more release, with a warning.
        """
        if former is not None and former in self._given:
            self._known.append(former)
            if key in self._given:
                raise UsageError(
                    f"{former!r} and {key!r} of {self.name} are the same", where=self.where(former), fix="keep one"
                )
            warn(f"{self.where(former)}: {former!r} of {self.name} is spelt {key!r} now", FutureWarning, stacklevel=2)
            key = former
        self._known.append(key)
        value = self._given.get(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false", f"{key} = false")
        return value

    def below(self, key: str, expected: str, is_right: Callable[[Any], bool]) -> dict[str, Any]:
        """The table below this one, empty when it is absent; every value must be right.

        Args:
            expected: what a value is, in words.
        """
        self._known.append(key)
        given = self._given.get(key, {})
        if not isinstance(given, dict):
            raise self._wrong(key, "a table", f"write [{TABLE}.{key}] with its keys below")
        inner = Table(self._file, given, key)
        for name, value in given.items():
            if not is_right(value):
                raise inner._wrong(name, expected, None)
        return given

    def refuse_unknown(self) -> None:
        """Raise for the first key that nobody took."""
        for key in self._given:
            if key not in self._known:
                raise UsageError(
                    f"unknown key {key!r} in {self.name}",
                    where=self.where(key),
                    known=known_names(key, self._known),
                    fix="correct or remove the key",
                )

    def where(self, key: str) -> str:
        """``file:line`` of a key."""
        from harness.project.lines import line_of

        return f"{self._file}:{line_of(self._file, self._below, key)}"

    def _wrong(self, key: str, expected: str, fix: str | None) -> UsageError:
        fact = f"{key!r} of {self.name} is {expected}, not {shown(self._given[key])}"
        return UsageError(fact, where=self.where(key), fix=fix)


def parsed(file: Path) -> dict[str, Any]:
    """``[tool.airflow-harness]`` as it stands in the file, empty when it is not there.

    Raises: UsageError: no UTF-8, no TOML, no table.
    """
    try:
        document = _toml(file.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text (byte {error.start})", fix="save the file as UTF-8") from None
    except RecursionError:
        raise UsageError(f"{file} is not valid TOML: it is nested too deeply", where=f"{file}:1") from None
    except ValueError as error:  # TOMLDecodeError
        line = re.search(r"at line (\d+)", str(error))
        raise UsageError(f"{file} is not valid TOML: {error}", where=f"{file}:{line[1] if line else 1}") from None
    tool = document.get("tool")
    found = tool.get("airflow-harness", {}) if isinstance(tool, dict) else {}
    if not isinstance(found, dict):
        raise UsageError(
            f"[{TABLE}] is a table, not {shown(found)}",
            where=Table(file, {}).where(""),
            fix=f"write [{TABLE}] with its keys below",
        )
    return found


def _fault_of(path: Path, folders: bool) -> str | None:
    """What is wrong with a path, None when nothing is."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "does not exist"
    except OSError as error:
        return f"cannot be looked at: {error.strerror}"
    except ValueError:
        return "holds a NUL character"
    return "is a folder, not a file" if stat.S_ISDIR(mode) and not folders else None


def shown(value: Any) -> str:
    """A value in an error."""
    return "an empty list" if value == [] else f"{type(value).__name__} {value!r}"


def _toml(text: str) -> dict[str, Any]:
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    found: dict[str, Any] = tomllib.loads(text)
    return found


def _paths(value: Any) -> list[str] | None:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return list(value)
    return None
