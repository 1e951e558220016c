"""The process that was started only waits; a child of it does the work, and leaves its verdict in memory they share.

Tasks run in the process of the command. What they call in C may end it (``exit``, ``_exit``, ``exec…``, a crash), where
nothing of Python's is asked: exit code 0, and no verdict. Whoever started the command must not take that for success.
"""

from __future__ import annotations

import mmap
import os
import signal
from collections.abc import Callable
from contextlib import suppress

from harness.errors import NoVerdict
from harness.project.parent_death import end_with_parent

COMMANDS = frozenset({"replay", "run", "simulate", "verify"})
"""Those that run tasks in their own process."""
_ENDED = b"\1"
_PASSED_ON = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}
_FROM_KERNEL = 128
"""``si_code`` of what a terminal sends: it goes to the whole group, so the child has it too."""


def witnessed(work: Callable[[], int]) -> int | NoVerdict:
    """Do the work in a child, and see whether it came to a verdict.

    Where signals cannot be waited for (macOS), or no process can be had, it is done here and seen by nobody.

    Returns: what the work returned; 128 and the number of a signal that told it to end; `NoVerdict` where neither is
        known. In the child it returns too: what follows is done there.
    """
    if not hasattr(signal, "sigwaitinfo"):
        return work()
    verdict = mmap.mmap(-1, len(_ENDED))  # no descriptor: tasks may close all there are
    watched = _PASSED_ON | {signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    owner = os.getpid()
    try:
        child = os.fork()
    except OSError:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return work()
    if child == 0:
        end_with_parent(owner, signal.SIGTERM)  # else nobody would hear the verdict
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        code = work()
        verdict[:] = _ENDED
        return code
    status = _wait(child, watched)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return _ending(os.waitstatus_to_exitcode(status), verdict[:] == _ENDED)


def _wait(child: int, watched: set[signal.Signals]) -> int:
    """The child's status; signals that somebody sends this process are passed on meanwhile."""
    while True:
        came = signal.sigwaitinfo(watched)
        if came.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(child, os.WNOHANG)  # 0 when it was only stopped
            if ended:
                return status
        elif came.si_code != _FROM_KERNEL:
            with suppress(ProcessLookupError):
                os.kill(child, came.si_signo)


def _ending(code: int, has_verdict: bool) -> int | NoVerdict:
    if has_verdict and code >= 0:
        return code
    if -code in _PASSED_ON:
        return 128 - code
    if code < 0:
        number = -code
        return NoVerdict(f"the process of the command was ended by {signal.Signals(number).name}", code=128 + number)
    return NoVerdict(
        f"the process of the command ended with exit code {code}, and without a verdict",
        why="code written in C that a task called has ended or replaced it: exit(), _exit() or exec…()",
        fix="have the task call it in a program of its own (subprocess)",
    )
