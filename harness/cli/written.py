"""Files that a command writes where somebody said: whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from harness.cli.faults import writing


def write_whole(file: Path, text: str, what: str) -> None:
    """Write a text file, made anew beside the old one and put in its place; a device or a pipe is written to.

    Args:
        what: the file in an error, with the option that named it.
    Raises: UsageError: it cannot be written there. MachineError: the disk is full.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and not file.is_file():
            file.write_bytes(data)
            return
        target = Path(os.path.realpath(file))
        new = target.with_name(f".{os.getpid()}.{target.name}"[:255])
        try:
            new.write_bytes(data)
            if target.exists():
                new.chmod(target.stat().st_mode)
            new.replace(target)
        except OSError:
            with suppress(OSError):
                new.unlink()
            raise
    except OSError as error:
        raise writing(error, what) from None
    except ValueError as error:  # a NUL in its name
        raise writing(OSError(0, str(error)), what) from None
