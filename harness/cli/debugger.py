"""``--pdb``: the debugger, opened where the user's own code raised."""

from __future__ import annotations

import pdb
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from harness.bridge.explain import explain, user_entries
from harness.world import World

Stack = list[tuple[FrameType, int]]


class TaskDebugger(pdb.Pdb):
    """``pdb`` over the traceback of a task: from the user's first frame on, standing in the user's last.

    ``c`` goes on with the run, ``q`` ends it.

    Args:
        place: ``file:line`` of the user's last frame, None when no frame is the user's.
    Attributes:
        ends_run: the user asked to end the run.
    """

    def __init__(self, place: str | None) -> None:
        super().__init__(nosigint=True)
        self.prompt = "(pdb) "
        self.ends_run = False
        self._place = place

    def get_stack(self, f: FrameType | None, t: TracebackType | None) -> tuple[Stack, int]:
        """The stack as pdb finds it, the current frame being the user's."""
        stack, current = super().get_stack(f, t)
        users = [at for at, (frame, line) in enumerate(stack) if f"{frame.f_code.co_filename}:{line}" == self._place]
        return stack, users[-1] if users else current

    def do_quit(self, arg: str) -> bool | None:
        """End the run."""
        self.ends_run = True
        return super().do_quit(arg)

    def do_EOF(self, arg: str) -> bool | None:  # noqa: N802 - cmd's name
        """As ``q``."""
        self.ends_run = True
        return super().do_EOF(arg)

    do_q = do_exit = do_quit


def post_mortem(error: BaseException) -> None:
    """Debug an error of a task, then go on.

    Raises: KeyboardInterrupt: the user ended the run.
    """
    traceback = users_part(error)
    if traceback is None:
        return
    explained = explain(error, World())
    debugger = TaskDebugger(explained.where)
    debugger.message(f"{explained.kind}: {explained.message}\n(c goes on with the run, q ends it)")
    debugger.reset()
    with _plain_interrupts():
        debugger.interaction(None, traceback)
    if debugger.ends_run:
        raise KeyboardInterrupt


def users_part(error: BaseException) -> TracebackType | None:
    """The traceback from the frame on that reports begin with; the whole one when there is none such."""
    return next(iter(user_entries(error)), error.__traceback__)


@contextmanager
def _plain_interrupts() -> Iterator[None]:
    """Ctrl-C at the prompt is the prompt's, not the simulation's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former: Any = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
