"""Files that are written whole or not at all: whoever looks meanwhile finds the old text, or the new one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_whole(file: Path, text: str, private: bool = False) -> None:
    """Write a text file, made anew beside the old one and put in its place; a device or a pipe is written to.

    A text that is no Unicode has what is wrong with it escaped. The mode of an old file stays, but for a private one.

    Args:
        private: the file is the user's alone, whatever the umask and an old one's mode say.
    Raises: OSError: it cannot be written there. ValueError: a NUL in its name.
    """
    data = text.encode("utf-8", "backslashreplace")
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and not file.is_file():
        file.write_bytes(data)
        return
    target = Path(os.path.realpath(file))
    new = target.with_name(f".{os.getpid()}.{target.name}"[:255])
    try:
        new.unlink(missing_ok=True)  # of a process that was killed, and had our number
        new.touch(mode=0o600 if private else 0o666)
        new.write_bytes(data)
        if target.exists() and not private:
            new.chmod(target.stat().st_mode)
        new.replace(target)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise
