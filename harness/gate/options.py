"""The options of `airflow-harness check`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


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
        on_file: see `harness.gate.run.GateOptions`.
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
