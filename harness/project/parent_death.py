"""A process that is told to end when the one that made it is gone, however that ended."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from signal import Signals

_PDEATHSIG = 1
"""``PR_SET_PDEATHSIG`` of ``prctl(2)``."""


def end_with_parent(parent: int, ending: Signals) -> None:
    """Have this process be sent a signal when its parent dies (Linux); at once where it has died before.

    `harness.services.reaper` has its own: it runs as a program that imports nothing of ours.

    Args:
        parent: who made this process.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError, ImportError):
            import ctypes

            ctypes.CDLL(None).prctl(_PDEATHSIG, ending, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), ending)
