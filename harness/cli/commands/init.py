"""``airflow-harness init``: a first world file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options as option
from harness.cli.faults import write_output
from harness.cli.folders import configured
from harness.cli.terminal import Job
from harness.errors import NoDagsFolder
from harness.project.config import DEFAULT_WORLD, config_for
from harness.world.entries import DEFAULT_POOL, DEFAULT_POOL_SLOTS
from harness.world.scaffold import SCHEMA_COMMENT

if TYPE_CHECKING:
    from harness.cli.terminal import Terminal
    from harness.gate.check_result import GateResult
    from harness.project.discovery import FoundFile
    from harness.project.exports import Exports
    from harness.world import World


SCHEMA_SUFFIX = ".schema.json"
Used = dict[str, dict[str, list[tuple[str, str]]]]


@dataclass(frozen=True)
class Scaffold:
    """One call of ``init``."""

    dags: tuple[Path, ...]
    world: Path | None
    to_stdout: bool

    def __call__(self, terminal: Terminal) -> int:
        """Write, or print what is lacking; 1 when files did not import, so that their names are not in it."""
        from harness.project.discovery import dag_files
        from harness.project.repository import repository_of
        from harness.services.registry import services_of_types
        from harness.world import load
        from harness.world.file import shown_path
        from harness.world.scaffold import scaffold

        config = config_for(self.dags, Path.cwd())
        notes: list[str] = []
        files = dag_files(list(self.dags) or configured(config), note=notes.append)
        if not files:
            raise NoDagsFolder("no Dag file there", fix="name the folder of your Dags with --dags")
        target = self.world or config.world or config.root / DEFAULT_WORLD
        there = load(target) if target.is_file() else None
        result = self._looked(files, there)
        repository = repository_of(files[0].root)
        exports = repository.exports
        services = services_of_types()
        used = _lacking(_used(result, exports, services), there)
        text = scaffold(used, exports.entries, services, repository.places)
        if self.to_stdout:
            terminal.out.write(text)
        elif there is None:
            schema = target.with_suffix(SCHEMA_SUFFIX)
            write_output(target, SCHEMA_COMMENT.format(schema.name) + text, f"the world file {str(target)!r}")
            terminal.console.print(f"wrote {shown_path(target)}: {_counted(used)}")
            _write_schema(schema, terminal)
        elif used:
            terminal.console.print(f"{shown_path(target)} is there already; it lacks {_counted(used)}:\n")
            terminal.out.write(text)
        else:
            terminal.console.print(f"{shown_path(target)} names all that the Dags use")
        if there is not None and not self.to_stdout and _names_schema(target):
            _write_schema(target.with_suffix(SCHEMA_SUFFIX), terminal)
        for note in [*notes, *repository.unread, *exports.unread]:
            terminal.note(note)
        for finding in result.findings:
            terminal.note(f"{shown_path(Path(finding.path or ''))}:{finding.line} {finding.message}")
        return 1 if result.count("error") else 0

    def _looked(self, files: list[FoundFile], world: World | None) -> GateResult:
        from harness.checks.context import CheckSelection
        from harness.gate.options import GateOptions, ParseOptions
        from harness.gate.run import run_gate
        from harness.world import World

        selection = CheckSelection({"import-error": "error", "plugin-error": "warning"}, options={"names": True})
        return run_gate(files, GateOptions(ParseOptions(selection, world=world or World())))


def _names_schema(world: Path) -> bool:
    """Whether a world says that its schema stands beside it, where we wrote it."""
    comment = SCHEMA_COMMENT.format(world.with_suffix(SCHEMA_SUFFIX).name)
    return comment.strip() in world.read_text(encoding="utf-8-sig").splitlines()


def _write_schema(target: Path, terminal: Terminal) -> None:
    """Write what editors complete and check a world by, unless it is there as it would be written.

    A file beside the world, and no address in the web: it has the services that are installed here, each with its keys.
    """
    import json

    from harness.services.registry import names, service_class
    from harness.services.world_schema import world_schema
    from harness.world.file import shown_path

    text = json.dumps(world_schema(map(service_class, names())), indent=2) + "\n"
    if not target.is_file() or target.read_bytes() != text.encode():
        write_output(target, text, f"the schema of the world file, {str(target)!r}")
        terminal.console.print(f"wrote {shown_path(target)}, by which editors complete and check it")


def _used(result: GateResult, exports: Exports, answered: Iterable[str]) -> Used:
    """What Dags name, and what the project's files say there is.

    Args:
        answered: types of connections that services answer.
    """
    from harness.world.file import shown_path
    from harness.world.scaffold import conn_type_of, type_in_id

    found: Used = defaultdict(lambda: defaultdict(list))
    for file in result.files:
        for name in file.names:
            place = f"{name.by}, {shown_path(Path(name.path))}:{name.line}"
            hint = name.hint
            if name.section == "connections":
                hint = conn_type_of(name.by, answered) or hint or type_in_id(name.name, answered)
            found[name.section][name.name].append((place, hint))
    for entry in exports.entries:
        if (entry.section, entry.name) != ("pools", DEFAULT_POOL) or entry.value != {"slots": DEFAULT_POOL_SLOTS}:
            found[entry.section].setdefault(entry.name, [])
    return found


def _lacking(used: Used, world: World | None) -> Used:
    if world is None:
        return used
    kept = {
        section: {
            name: uses
            for name, uses in names.items()
            if name not in getattr(world, section) and name not in world.names_from_environment(section)
        }
        for section, names in used.items()
        if section != "stubs"  # a run tells of those that its world lacks
    }
    return {section: names for section, names in kept.items() if names}


def _counted(used: Used) -> str:
    kept = sorted((section, len(names)) for section, names in used.items() if section != "stubs")
    counts = [f"{count} {section if count > 1 else section[:-1]}" for section, count in kept]
    return ", ".join(counts) or "nothing that the Dags need"


@option.dags
@option.text("--world", metavar="FILE", type=option.PATH, help="Where to write.  [default: fixtures/world.yaml]")
@option.flag("--print", "to_stdout", help="Print the file instead of writing it.")
def init(dags: tuple[Path, ...], world: Path | None, to_stdout: bool) -> Job:
    """Write a world file that names every pool, connection and variable the Dags use.

    Each entry says where it is used. Sizes of pools and kinds of connections are guesses: complete them as they are
    in production, and the checks judge by them. What "airflow connections|variables|pools export" wrote, where such a
    file lies in the project, is taken from there, without its secrets. A file that is there already is never
    overwritten: what it lacks is printed.

    Beside it stands its schema, world.schema.json, by which editors complete and check it. It is brought up to date
    whenever init finds a world whose first line names it.

    \b
    Examples:
      airflow-harness init
      airflow-harness init --dags dags --world fixtures/world.yaml
      airflow-harness init --print
    """

    return Scaffold(dags, world, to_stdout)
