"""What the machine refuses, said as an error of ours: a full disk, a folder that is read-only, no memory left.

So a file that a command writes where somebody said is there whole, or there is such an error.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from harness.errors import HarnessError, MachineError, UsageError
from harness.project.written import write_whole

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FIX = {
    **dict.fromkeys(_FULL, "free some space, or raise the limit of the user or of the file's size (ulimit -f)"),
    errno.EROFS: "name a folder that can be written",
    errno.EACCES: "see who owns it and what it permits",
    errno.EPERM: "see who owns it and what it permits",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "close other programs: the machine has no descriptor left",
    errno.ENOMEM: "free some memory, or raise its limit (ulimit -v)",
    errno.EAGAIN: "raise the limit of processes (ulimit -u), or use fewer: --jobs 1",
    errno.EIO: "see whether the disk is well",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOTDIR: "name a folder: a part of the path is a file",
    errno.ENAMETOOLONG: "shorten the path",
    errno.ELOOP: "look at the symbolic links of the path: they go in a circle",
    errno.ENOENT: "see that it stays there while the command runs",
    errno.EBADF: "look for code that closes descriptors of its process: os.close, os.closerange",
}
_REFUSED = {*_FULL, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM}
"""What is no fault of the name that was given; the same for every file and folder that a command writes."""
NO_MEMORY = "free some memory, or raise its limit (ulimit -v)"


def machines_refusal(error: BaseException) -> HarnessError | None:
    """The error in the house style, None when it is none of the machine's."""
    if isinstance(error, MemoryError):
        return MachineError("there is no memory left", fix=NO_MEMORY)
    if not isinstance(error, OSError) or error.errno not in _FIX:
        return None
    reason = error.strerror or os.strerror(error.errno)
    if error.filename is None and "usable temporary directory" in str(error):
        tried = ", ".join(dict.fromkeys(tempfile._candidate_tempdir_list()))  # type: ignore[attr-defined]
        return MachineError("no temporary folder can be written", known=tried, fix="name one in TMPDIR")
    if error.filename is None:
        return MachineError(f"the machine refuses: {reason}", fix=_FIX[error.errno])
    return MachineError(f"{printed(error.filename)}: {reason}", fix=_FIX[error.errno])


def writing(error: OSError, what: str) -> HarnessError:
    """The error of a file that somebody named for output.

    Args:
        what: it, with the option that named it.
    Returns: the machine's error where it refuses, whatever was named; a usage error where the name means nothing.
    """
    reason = error.strerror or str(error)
    if error.errno in _REFUSED:
        return MachineError(f"{what} cannot be written: {reason}", fix=_FIX[error.errno])
    return UsageError(f"{what} cannot be written: {reason}", fix="name a file that can be written")


def refuse_a_vanished_folder() -> None:
    """Raise where the current folder was deleted, in which no path means anything.

    Raises: UsageError.
    """
    try:
        os.getcwd()  # noqa: PTH109 - to see whether it is there
    except OSError as error:
        raise UsageError(
            f"the current folder cannot be used: {error.strerror}",
            known=os.environ.get("PWD"),
            fix="go to a folder that exists",
        ) from None


def printed(path: object) -> str:
    """A path as it can be shown, whatever its bytes."""
    text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else str(path)
    return text.encode("utf-8", "backslashreplace").decode()


def write_output(file: Path, text: str, what: str) -> None:
    """Write a file that somebody named, whole or not at all.

    Args:
        what: the file in an error, with the option that named it.
    Raises: UsageError: it cannot be written there. MachineError: the disk is full.
    """
    try:
        write_whole(file, text)
    except OSError as error:
        raise writing(error, what) from None
    except ValueError as error:  # a NUL in its name
        raise writing(OSError(0, str(error)), what) from None
