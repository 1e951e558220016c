"""What a command line asks of the checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CheckOptions:
    """What is asked for beyond the settings.

    Attributes:
        paths: folders and files; the project's own when empty.
        select, ignore: check ids and families.
        world: in place of the project's world file.
        jobs: processes side by side; as many as there are processors when None.
        cache: whether the last runs' answers count.
        baseline: in place of the customary file beside ``pyproject.toml``.
        use_baseline: whether one counts at all.
        write_baseline: keep what is found in it.
        changed_since: only what a change since this revision can have touched.
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
