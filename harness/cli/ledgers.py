"""Where a run's ledger is kept when nobody names a folder: below the temporary folder, the newest few only."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from harness.cli.faults import writing
from harness.errors import MachineError, UsageError
from harness.ledger.reading import found
from harness.project.scratch import own

KEPT = 20


@contextmanager
def ledger_folder(keep: Path | None, dag_id: str, has_result: Callable[[], bool]) -> Iterator[Path]:
    """The folder a run writes its journal in.

    Without ``keep`` a new one; it goes again when the block is left by an error that has no result to look at.

    Args:
        keep: the folder the user named.
        has_result: whether there is something to show of what ran, asked when the block is left by an error.
    Raises: MachineError: that folder cannot be written. UsageError: its name means nothing.
    """
    if keep is not None:
        _make(keep)
        yield keep
        return
    folder = _fresh(ledgers_home(), dag_id)
    try:
        yield folder
    except BaseException:
        if not has_result():
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _make(keep: Path) -> None:
    fix = "name a folder that can be written"
    try:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise writing(error, f"--keep {str(keep)!r}") from None
    except ValueError as error:  # a NUL in its name
        raise UsageError(f"--keep {str(keep)!r}: {error}", fix=fix) from None
    if not os.access(keep, os.W_OK):
        raise writing(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), f"--keep {str(keep)!r}")


def ledgers_home() -> Path:
    """The user's own folder of ledgers: in the temporary folder, never below HOME, closed to others."""
    user = os.getuid()
    home = Path(os.environ.get("HOME") or "/nonexistent").resolve()
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    usable = [place for place in candidates if place.is_dir() and os.access(place, os.W_OK)]
    outside = [place for place in usable if home not in (place.resolve(), *place.resolve().parents)]
    if not usable:
        tried = ", ".join(dict.fromkeys(map(str, candidates)))
        raise MachineError("no temporary folder can be written", known=tried, fix="name one in TMPDIR, or use --keep")
    folder = (outside or usable)[0] / f"airflow-harness-ledgers-{user}"
    if not own(str(folder)):  # somebody else's: do not follow
        return Path(tempfile.mkdtemp(prefix=f"airflow-harness-ledgers-{user}-", dir=folder.parent))
    return folder


def past_ledger(name: str, keep: Path | None) -> Path:
    """The folder of a ledger that a run goes by, as `harness.ledger.reading.found` finds it.

    Among those that are kept for the user it counts as new, so that the ledger of the run does not take its place.

    Args:
        keep: the folder of the run's own ledger, where the user named it.
    Raises: LedgerError: there is none. UsageError: the run would write over it.
    """
    home = ledgers_home()
    folder = found(name, home)
    if keep is not None and keep.resolve() == folder.resolve():
        fact = f"--keep {str(keep)!r} is the ledger of --from-ledger, which would be written over"
        raise UsageError(fact, fix="name another folder with --keep")
    if folder.resolve().parent == home.resolve():
        os.utime(folder)
    return folder


def _fresh(home: Path, dag_id: str) -> Path:
    """A new folder, old ones beyond the newest `KEPT` removed."""
    name = re.sub(r"[^\w.-]", "_", dag_id)
    stem = f"{name}-{datetime.now(timezone.utc):%Y%m%dT%H%M%S}"
    for number in range(1, 10_000):
        folder = home / (stem if number == 1 else f"{stem}-{number}")
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            _prune(home)
            return folder
    raise UsageError(f"{home} holds too many ledgers of this second", fix="name a folder with --keep")


def _prune(home: Path) -> None:
    aged: list[tuple[int, str, Path]] = []
    for folder in home.iterdir():
        with suppress(OSError):  # another process prunes too
            aged.append((folder.stat().st_mtime_ns, folder.name, folder))
    for _, _, folder in sorted(aged, reverse=True)[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)
