"""The world file: YAML to a ``World``, all its problems in one error that names file and line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import WorldError, known_names
from harness.world.model import World
from harness.world.problem import EntryError, WorldProblem, kind

if TYPE_CHECKING:
    from harness.world.nodes import Document
    from harness.world.sources import Included


@dataclass(frozen=True)
class _Located:
    line: int
    problem: WorldProblem
    file: str


def load(path: Path) -> World:
    """The world that a file declares.

    Args:
        path: a YAML file.
    Raises: WorldError: unreadable, no YAML, or with problems: all of them, each with ``file:line``.
    """
    return laid_over(World(), path)


def laid_over(world: World, path: Path) -> World:
    """A world with the entries of a file over its own: what the file says goes before. The world itself stays.

    Raises: WorldError: as `load`.
    """
    shown = shown_path(Path(path))
    document = _document(_text(Path(path), shown), shown)
    return _read(world, document, Path(path).parent, shown)


def with_sections(world: World, sections: Mapping[str, object], folder: Path, shown: str, line: int) -> World:
    """The same with sections that are given as data, as they would stand in a file: ``{"pools": {"etl": 2}}``.

    Args:
        folder: that paths of files to include are relative to.
        shown, line: where they are given.
    Raises: WorldError: with all that is wrong with them.
    """
    from harness.world.nodes import Document

    return _read(world, Document(dict(sections), {(): line}), folder, shown)


def _read(world: World, document: Document, folder: Path, shown: str) -> World:
    reader = _WorldReader(document, folder, shown)
    made = reader.over(world.copy())
    if reader.found:
        raise _error(shown, sorted(reader.found, key=lambda located: (located.file != shown, located.line)))
    return made


def shown_path(path: Path) -> str:
    """Relative to the working directory when below it, as given otherwise."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)


_PATH_FIX = "correct the path; it is relative to where the command runs"


def _text(path: Path, shown: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = [str(name.name) for name in sorted(path.parent.glob("*.y*ml"))] if path.parent.is_dir() else []
        known = known_names(path.name, near)
        raise WorldError(f"there is no file {shown}", known=known, fix=_PATH_FIX) from None
    except UnicodeDecodeError as error:
        fix = "save the file as UTF-8"
        raise WorldError(f"{shown} is not UTF-8 text (byte {error.start})", where=shown, fix=fix) from None
    except OSError as error:
        raise WorldError(f"{shown} cannot be read: {error.strerror}", where=shown) from None


def _document(text: str, shown: str) -> Document:
    import yaml

    from harness.world.nodes import parse

    try:
        return parse(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise WorldError(f"{shown} is not valid YAML: {error.problem}", where=f"{shown}:{line}") from None
    except (yaml.YAMLError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise WorldError(f"{shown} is not valid YAML: {reason}", where=f"{shown}:1") from None


_LISTS = {
    "events": 'write - {at: "+3h", variables: {region: eu}}',
    "faults": "write - {task: sales.load, kind: lost, on_try: 1}",
}
"""A first item of the sections that are lists."""


class _WorldReader:
    """Walks a document once, building the world and collecting what is wrong."""

    def __init__(self, document: Document, folder: Path, shown: str) -> None:
        self.document, self.folder, self.shown = document, folder, shown
        fix = "keep one of them"
        self.found: list[_Located] = [
            _Located(line, WorldProblem(f"key {key!r} is given twice, first on line {first}", fix=fix), shown)
            for key, line, first in document.duplicates
        ]

    def over(self, world: World) -> World:
        """The world, changed."""
        from harness.world.schema import WorldFile

        data = self.document.data
        if not isinstance(data, Mapping):
            self._note((), WorldProblem(f"a world file is a mapping of sections, not {kind(data)}"))
            return world
        known = list(WorldFile.model_fields)
        if data.get("include") is not None:
            self._include(world, data["include"])
        for section, content in data.items():
            if section == "include":
                continue  # first of all: what stands in the world itself goes before
            if section not in known:
                fact = f"unknown key {section!r}"
                self._note((section,), WorldProblem(fact, known=known_names(str(section), known)))
            elif content is None:
                continue  # a section whose entries are all commented out
            elif section == "executor":
                self._executor(world, content)
            elif section == "network":
                self._network(world, content)
            elif section == "from_environment":
                self._from_environment(world, content, data)
            elif section == "events":
                self._listed(section, "event", content, self._event(world))
            elif section == "faults":
                self._listed(section, "fault", content, self._fault(world))
            elif section == "chaos":
                self._chaos(world, content)
            elif isinstance(content, Mapping):
                self._section(world, section, content)
            else:
                self._note((section,), WorldProblem(f"{section} must be a mapping of names, not {kind(content)}"))
        return world

    def _include(self, world: World, content: object) -> None:
        from harness.world.sources import Unreadable, entries, sources

        try:
            files = sources(content, self.folder)
        except EntryError as invalid:
            self._note_all(("include",), "include", invalid)
            return
        for source in files:
            shown = shown_path(source.file)
            try:
                for one in entries(source):
                    self._included(world, shown, one)
            except Unreadable as error:
                self.found.append(_Located(error.line, WorldProblem(f"{shown} {error.fact}", fix=error.fix), shown))

    def _included(self, world: World, shown: str, one: Included) -> None:
        from harness.world.reading import SECTIONS

        try:
            if one.fault is not None:
                raise EntryError(WorldProblem(one.fault))
            world.put(one.section, one.name, one.value)
        except EntryError as invalid:
            for problem in invalid.problems:
                fact = f"{SECTIONS[one.section][0]} {one.name!r}: {problem.fact}"
                self.found.append(_Located(one.line, WorldProblem(fact, (), problem.known, problem.fix), shown))
        else:
            world.declared_at[one.section, one.name] = f"{shown}:{one.line}"

    def _from_environment(self, world: World, content: object, data: Mapping[str, object]) -> None:
        from harness.world.reading import ASKED, SECTIONS
        from harness.world.sources import listed

        try:
            names = listed(content)
        except EntryError as invalid:
            self._note_all(("from_environment",), "from_environment", invalid)
            return
        for section, number, name in names:
            place, own = ("from_environment", section, number), data.get(section)
            try:
                if isinstance(own, Mapping) and name in own:
                    raise EntryError(WorldProblem("is given below its section too", fix="keep one of them"))
                world.put(section, name, ASKED)
            except EntryError as invalid:
                self._note_all(place, f"{SECTIONS[section][0]} {name!r}", invalid)
            else:
                world.declared_at[section, str(name)] = self._where(place)

    def _executor(self, world: World, content: object) -> None:
        from harness.world.reading import executor_as_read, read_executor

        try:
            world.executor = read_executor(
                {**executor_as_read(world.executor), **content} if isinstance(content, Mapping) else content
            )
        except EntryError as invalid:
            self._note_all(("executor",), "executor", invalid)
        world.chosen |= set(map(str, content)) if isinstance(content, Mapping) else set()
        for key in ("parallelism", *(content if isinstance(content, Mapping) else ())):
            world.declared_at["executor", str(key)] = self._where(("executor", key))

    def _network(self, world: World, content: object) -> None:
        from harness.world.network import read_network

        try:
            world.network = world.network.with_layer(read_network(content))
        except EntryError as invalid:
            self._note_all(("network",), "network", invalid)

    def _listed(self, section: str, word: str, content: object, take: Callable[[object, str], None]) -> None:
        """A section that is a list, item by item."""
        if not isinstance(content, list):
            fact = f"{section} must be a list, not {kind(content)}"
            self._note((section,), WorldProblem(fact, fix=_LISTS[section]))
            return
        for number, value in enumerate(content):
            place = (section, number)
            try:
                take(value, self._where(place))
            except EntryError as invalid:
                self._note_all(place, f"{word} {number + 1}", invalid)

    def _event(self, world: World) -> Callable[[object, str], None]:
        from harness.world.reading_around import read_event

        return lambda value, where: world.events.append(read_event(value, where))

    def _fault(self, world: World) -> Callable[[object, str], None]:
        from harness.world.reading_around import read_fault

        return lambda value, where: world.faults.append(read_fault(value, where))

    def _chaos(self, world: World, content: object) -> None:
        from harness.world.reading_around import read_chaos

        try:
            world.drawn_faults = read_chaos(content, self._where(("chaos",)))
        except EntryError as invalid:
            self._note_all(("chaos",), "chaos", invalid)

    def _section(self, world: World, section: str, content: Mapping[object, object]) -> None:
        from harness.world.reading import SECTIONS

        for name, value in content.items():
            try:
                world.put(section, name, value)
            except EntryError as invalid:
                self._note_all((section, name), f"{SECTIONS[section][0]} {name!r}", invalid)
            else:
                world.declared_at[section, str(name)] = self._where((section, name))

    def _note_all(self, path: tuple[object, ...], entry: str, invalid: EntryError) -> None:
        for problem in invalid.problems:
            named = WorldProblem(f"{entry}: {problem.fact}", known=problem.known, fix=problem.fix)
            self._note((*path, *problem.path), named)

    def _note(self, path: tuple[object, ...], problem: WorldProblem) -> None:
        self.found.append(_Located(self._line(path), problem, self.shown))

    def _where(self, path: tuple[object, ...]) -> str:
        return f"{self.shown}:{self._line(path)}"

    def _line(self, path: tuple[object, ...]) -> int:
        """The line of a key, or of the nearest key above it that stands in the file."""
        written = tuple(str(part) for part in path)
        while written and written not in self.document.line_of:
            written = written[:-1]
        return self.document.line_of.get(written, 1)


def _error(shown: str, found: list[_Located]) -> WorldError:
    """One problem in the house's fields; several as one offender line each."""
    if len(found) == 1:
        one, problem = found[0], found[0].problem
        return WorldError(problem.fact, where=f"{one.file}:{one.line}", known=problem.known, fix=problem.fix)
    rows = []
    for located in found:
        rows.append(f"{located.file}:{located.line}  {located.problem.fact}")
        rows += [f"    {label:<5} {text}" for label, text in _details(located.problem)]
    return WorldError(f"{len(found)} problems in {shown}", where="\n          ".join(rows))


def _details(problem: WorldProblem) -> list[tuple[str, str]]:
    return [(label, text) for label, text in (("known", problem.known), ("fix", problem.fix)) if text]
