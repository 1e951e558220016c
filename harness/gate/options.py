"""What the gate is told, in two steps: how every file is parsed, and how the gate goes about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.context import CheckSelection, Declared
from harness.checks.own import OwnChecks
from harness.project.repository import Repository
from harness.world.model import World

if TYPE_CHECKING:
    from harness.gate.check_result import GateResult


@dataclass(frozen=True)
class ParseOptions:
    """What is the same for every file of a run, and crosses to the processes that parse.

    Attributes:
        repository: what surrounds the Dag folder.
        timeout_s: real seconds that an import may take.
        checking_s: real seconds that all checks of one file may take, after its import.
        memory_mb: memory that a file may use beyond what Airflow has, each of its processes.
        most_processes: a file with more processes at once is taken for a fork bomb.
        own: users' own checks.
        shared: libraries that are imported before the files, once for all of them.
    """

    selection: CheckSelection
    declared: Declared = field(default_factory=Declared)
    world: World = field(default_factory=World)
    repository: Repository = field(default_factory=Repository)
    timeout_s: float = 30.0
    checking_s: float = 60.0
    memory_mb: int = 1024
    most_processes: int = 64
    own: OwnChecks = field(default_factory=OwnChecks)
    shared: tuple[str, ...] = ()


@dataclass(frozen=True)
class GateOptions:
    """How the gate does its work.

    Attributes:
        cache: folder of the cache; None: nothing is kept.
        jobs: how many processes work side by side.
        partial: some files of the repository are not checked, so what is not seen may still exist.
        on_file: called for each file that was parsed, with (how many so far, how many in all, its path).
        on_stop: called with what the files that were looked at came to, when Ctrl-C or SIGTERM comes before the others
            were; the exception goes on.
    """

    parse: ParseOptions
    cache: Path | None = None
    jobs: int = 2
    partial: bool = False
    on_file: Callable[[int, int, str], None] = lambda *_: None
    on_stop: Callable[[GateResult], None] = lambda _: None
