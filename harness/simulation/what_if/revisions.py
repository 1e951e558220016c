"""The Dags of several revisions of the user's repository, each in a work tree and in processes of its own.

Modules of two revisions have the same names, so that one process cannot hold both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from harness.engines.served import ServedPart
from harness.engines.serving import Job
from harness.errors import UsageError
from harness.project.revision import CheckedOut, checked_out
from harness.results.finding import Finding
from harness.simulation.sharing.portable import PortableSimulation
from harness.simulation.what_if.variations import REVISION

HERE = "."
"""The working tree, with what is not committed."""
OPTION = f"--vary {REVISION}"


@dataclass(frozen=True, slots=True)
class Revision:
    """One of them, checked out.

    Attributes:
        tree: None of the working tree.
    """

    name: str
    job: Job
    tree: CheckedOut | None

    def told(self, finding: Finding) -> Finding:
        """A finding as one tells it whose files are those of the working tree, and who has several revisions."""
        if self.tree is None:
            return finding
        there, here = str(self.tree.top), str(self.tree.of)

        def moved(text: str | None) -> str | None:
            return text if text is None else text.replace(there, here)

        message = f"{self.name}: {moved(finding.message)}"
        return replace(finding, message=message, path=moved(finding.path), fix=moved(finding.fix))


def part_of(revisions: Mapping[str, Revision], settings: Mapping[str, str]) -> ServedPart:
    """What simulates a world with these settings."""
    return ServedPart(revisions[settings[REVISION]].job, settings)


def trees_of(names: Iterable[str], roots: Iterable[Path], stack: ExitStack) -> dict[str, CheckedOut | None]:
    """Check revisions out, for as long as the stack is open.

    Args:
        names: as git knows them; `HERE`.
        roots: folders and files of Dags in the working tree.
    Raises: UsageError: no git, no such revision, or one that has these folders not.
    """
    paths = [root.resolve() for root in roots]
    first = paths[0] if paths[0].is_dir() else paths[0].parent
    found: dict[str, CheckedOut | None] = {}
    for name in names:
        if name == HERE:
            found[name] = None
            continue
        tree = found[name] = stack.enter_context(checked_out(name, first, OPTION))
        for path in paths:
            _refuse_missing(name, path, tree)
    return found


def _refuse_missing(name: str, path: Path, tree: CheckedOut) -> None:
    if not path.is_relative_to(tree.of):
        fact = f"{OPTION}={name}: {path} lies outside of the repository {tree.of}"
        raise UsageError(fact, fix="name Dag folders of one repository with --dags")
    if not tree.counterpart(path).exists():
        fact = f"{OPTION}={name}: that revision has no {path.relative_to(tree.of)}"
        raise UsageError(fact, fix="name a later revision")


def revised(simulation: PortableSimulation, tree: CheckedOut | None) -> PortableSimulation:
    """The simulation of the Dags of a revision."""
    past = simulation.options.from_ledger
    options = replace(simulation.options, from_ledger=None if past is None else past.resolve())
    if tree is None:
        return replace(simulation, options=options)
    there = tree.counterpart(Path.cwd())
    here = there if there.is_relative_to(tree.top) and there.is_dir() else tree.top
    return replace(simulation, roots=tuple(map(tree.counterpart, simulation.roots)), options=options, here=here)
