"""Checks a whole project: settings and a command line go in, what is to be reported comes out.

The command line and the pytest plugin both come in here.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from harness.checks import catalogue
from harness.checks.context import Declared
from harness.checks.registry import CHECKS
from harness.errors import NoDagsFolder, UsageError
from harness.gate import baseline
from harness.gate.baseline import Baseline
from harness.gate.cache import FOLDER
from harness.gate.check_result import CheckResult, GateResult
from harness.gate.options import GateOptions, ParseOptions
from harness.gate.own_table import registered
from harness.gate.run import run_gate
from harness.gate.settings import parse_limit, selection_of
from harness.gate.suppressions import PathSuppressions, Suppressions
from harness.project.config import Config
from harness.project.declarations import CONNECTION, VARIABLE
from harness.project.discovery import FoundFile
from harness.project.repository import by_settings, repository_of
from harness.project.scope import ChangeImpact, FileScope, changed_since, scope_of
from harness.text import counted
from harness.world import World, load
from harness.world.entries import Executor
from harness.world.file import shown_path


@dataclass(frozen=True)
class CheckOptions:
    """What a command line asks for, beside the settings of the project.

    Attributes:
        paths: folders and files; the project's own when empty.
        select, ignore: check ids and families.
        world: a world file to use in place of the project's.
        jobs: how many processes work side by side; None: as many as there are processors.
        cache: whether answers of former runs count.
        baseline: a file to use in place of the usual one beside ``pyproject.toml``.
        use_baseline: whether a baseline counts at all.
        write_baseline: write what is found into the baseline.
        changed_since: report only what a change since this revision can have touched.
        on_file: see `harness.gate.options.GateOptions`.
        on_stop: called with what was found until Ctrl-C or SIGTERM came; the exception goes on.
    """

    paths: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    world: Path | None = None
    jobs: int | None = None
    cache: bool = True
    baseline: Path | None = None
    use_baseline: bool = True
    write_baseline: bool = False
    changed_since: str | None = None
    on_file: Callable[[int, int, str], None] = lambda *_: None
    on_stop: Callable[[CheckResult], None] = lambda _: None


MOST_JOBS = 8
SHOWN_GONE = 5


def inspect(config: Config, options: CheckOptions) -> CheckResult:
    """Check the Dag files of a project.

    Raises: NoDagsFolder: there are none. UsageError, WorldError: settings or a world file that cannot mean anything.
    """
    if options.baseline is not None and options.baseline.is_dir():
        fix = f"name a file, as --baseline {shown_path(options.baseline / baseline.NAME)}"
        raise UsageError(f"--baseline {shown_path(options.baseline)} is a folder", fix=fix)
    catalogue.load()
    cache = config.root / FOLDER if options.cache else None
    own = registered(config.root, cache)
    selection = selection_of(config, options.select, options.ignore)
    dags = dags_of(config)
    scope = scope_of(options.paths, dags)
    change, every = None, len(scope.files)
    if options.changed_since is not None:
        change = changed_since(options.changed_since, scope, dags, config.root)
        scope = scope if change.paths else replace(scope, files=[], partial=True)
    file = options.world or config.world
    world = World() if file is None else load(file)
    if file is None and not scope.partial:
        selection = replace(selection, options={**selection.options, "names": True})
    parse = ParseOptions(
        selection=selection,
        declared=declared_of(world, file, config.root),
        world=world,
        timeout_s=parse_limit(config, "import-timeout-s"),
        memory_mb=int(parse_limit(config, "memory-mb")),
        own=own,
    )
    ignores = PathSuppressions(config.per_path_ignores, config.root)

    def stopped(result: GateResult) -> None:
        until_then = Suppressions(result, config.root, ignores, partial=True)
        if options.use_baseline and (options.baseline or config.root / baseline.NAME).is_file():
            until_then.subtract(Baseline.read(options.baseline or config.root / baseline.NAME))
        note = f"stopped: {len(result.files)} of {every} Dag files were looked at"
        options.on_stop(CheckResult(until_then.result, config.root, until_then.waived, until_then.known, (note,)))

    jobs = options.jobs or default_jobs()
    gate_options = GateOptions(parse, cache, jobs, scope.partial, options.on_file, stopped)
    suppressions = Suppressions(_of_each_project(scope.files, gate_options), config.root, ignores, scope.partial)
    notes = [
        *scope.notes,
        *_unread(scope.files),
        *_without_world(file, scope, suppressions.result),
        *_with_baseline(suppressions, config, options),
    ]
    result = suppressions.result
    if change is not None:
        result, reach = touched(result, change, every)
        notes = [*reach, *notes]
    return CheckResult(result, config.root, suppressions.waived, suppressions.known, tuple(notes))


def _unread(files: list[FoundFile]) -> list[str]:
    """What is passed over in ``.env`` files, once a line."""
    found = (line for root in dict.fromkeys(file.root for file in files) for line in repository_of(root).unread)
    return list(dict.fromkeys(found))


def _of_each_project(files: list[FoundFile], gate_options: GateOptions) -> GateResult:
    """Run the gate; where the files belong to several projects, once for each, with its own settings."""
    projects = by_settings(file.root for file in files)
    if len(projects) < 2:
        return run_gate(files, gate_options)
    found: list[GateResult] = []

    def stopped(result: GateResult) -> None:
        gate_options.on_stop(_together([*found, result]))

    for repository, roots in projects:
        theirs = [file for file in files if file.root in roots]
        found.append(run_gate(theirs, replace(gate_options, partial=True, on_stop=stopped), repository))
    return _together(found)


def _together(found: list[GateResult]) -> GateResult:
    every = sorted((one for result in found for one in result.files), key=lambda one: one.path)
    return GateResult(tuple(every), found[0].checks, sum(result.seconds for result in found))


def see_a_dag(found: CheckResult) -> None:
    """Make sure that a project holds a Dag, or a finding that explains why none is seen.

    Raises: NoDagsFolder: it holds neither.
    """
    files = found.result.files
    if found.result.findings or any(file.dag_ids or file.failed for file in files):
        return
    raise NoDagsFolder(
        f"no Dag in {counted(len(files), 'file')}",
        known=", ".join(shown_path(Path(file.path)) for file in files[:SHOWN_GONE]),
        why="a check that looks at nothing must not look clean",
        fix='name the folder of your Dags, or set dags = ["…"] under [tool.airflow-harness] in pyproject.toml',
    )


def touched(result: GateResult, change: ChangeImpact, count: int) -> tuple[GateResult, list[str]]:
    """Keep what concerns the files that a change can have touched, and what lies between Dags.

    Args:
        count: Dag files that there are.
    Returns: the result of those files and of others with such findings; notes for the reader.
    """
    if change.everything:
        return result, list(change.notes)
    met = [one for one in result.files if change.touches(Path(one.path), one.depends, one.failed is not None)]
    paths, failed = {one.path for one in met}, any(one.failed for one in met)
    between = {check.id for check in CHECKS.values() if check.level == "repository"} - _OF_ONE_FILE
    between |= {"import-error"} if failed else set()  # it is told once, with the first of the files that fail alike
    files = []
    for one in result.files:
        kept = one.findings if one.path in paths else tuple(found for found in one.findings if found.check in between)
        if kept or one.path in paths:
            files.append(replace(one, findings=kept))
    note = f"{len(met)} of {count} Dag files can have been touched since {change.revision}"
    return replace(result, files=tuple(files)), [note]


_OF_ONE_FILE = {"import-error", "parse-time"}
"""Checks that look at the whole repository to judge a single file."""


def dags_of(config: Config) -> list[Path]:
    """The Dag folders of the settings, else those that the project itself names (Dag bundles, ``dags_folder``)."""
    return config.dags or list(repository_of(config.root).dags)


def default_jobs() -> int:
    """Processors this process may use, at most `MOST_JOBS`."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    return min(count, MOST_JOBS)


def _with_baseline(suppressions: Suppressions, config: Config, options: CheckOptions) -> list[str]:
    """Write the baseline where that is asked for, then leave out what it knows. Returns: notes for the reader."""
    customary = config.root / baseline.NAME
    file = options.baseline or customary
    if options.write_baseline:
        made = suppressions.as_baseline(Baseline.read(file) if file.is_file() else Baseline())
        made.write(file)
        suppressions.subtract(made)
        return [f"wrote {counted(made.entries.total(), 'finding')} to {shown_path(file)}"]
    if not options.use_baseline or (options.baseline is None and not customary.is_file()):
        return []
    suppressions.subtract(Baseline.read(file))
    gone = sorted(suppressions.gone.entries)
    notes = [f"the baseline names {check} in {path}, which is gone: {message}" for check, path, _, _, message in gone]
    if len(notes) > SHOWN_GONE:
        notes[SHOWN_GONE:] = [f"and {len(notes) - SHOWN_GONE} more"]
    return [*notes, f"--write-baseline drops {'them' if len(gone) > 1 else 'it'}"] if gone else []


def _without_world(file: Path | None, scope: FileScope, result: GateResult) -> list[str]:
    """Say what could not be judged, because no world file says what exists."""
    if file is not None or scope.partial:
        return []
    named = {(one.section, one.name) for found in result.files for one in found.names}
    counts = Counter(section for section, _ in named if section != "stubs")
    counted = [f"{count} {section if count > 1 else section[:-1]}" for section, count in sorted(counts.items())]
    if not counted:
        return []
    listed = " and ".join(filter(None, (", ".join(counted[:-1]), counted[-1])))
    verb, they = ("is", "it exists") if counts.total() == 1 else ("are", "they exist")
    return [f"{listed} {verb} named; no world says whether {they}: airflow-harness init writes one"]


def declared_of(world: World, file: Path | None, root: Path) -> Declared:
    """Names of a world, those among its environment variables too.

    Args:
        file: where it stands; None when there is no world file, so that nothing can be said to be missing.
        root: the project; the file is named relative to it.
    """
    if file is None:
        return Declared()
    path = file.resolve()
    return Declared(
        path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path),
        {name: pool.slots for name, pool in world.pools.items()},
        frozenset({*world.connections, *world.names_from_environment("connections"), *_named(world, CONNECTION)}),
        frozenset({*world.variables, *world.names_from_environment("variables"), *_named(world, VARIABLE)}),
        queues=_queues(world.executor),
        executors=frozenset(world.executor.executors) or None,
    )


def _queues(executor: Executor) -> frozenset[str] | None:
    """Queues that workers serve; None where some executor has no workers, so that it takes whatever it is given."""
    if not executor.workers:
        return None
    default = next(iter(executor.executors), None)
    served = {worker.executor or default for worker in executor.workers.values()}
    if any(name not in served for name in executor.executors):
        return None
    return frozenset(queue for worker in executor.workers.values() for queue in worker.queues)


def _named(world: World, prefix: str) -> set[str]:
    """Airflow looks a key up under its upper-case name (``EnvironmentVariablesBackend``, 3.3.2)."""
    found = {name.removeprefix(prefix) for name in world.env if name.startswith(prefix)}
    return found | {name.lower() for name in found}
