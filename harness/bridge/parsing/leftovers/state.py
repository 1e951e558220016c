"""State of a process that a Dag file may leave for the next one, and that is nobody's fault to change."""

from __future__ import annotations

import gc
import locale
import logging
import os
import random
import socket
import sys
from typing import Any

State = tuple[Any, ...]


def state() -> State:
    """Small things to compare before and after a file: when they differ, no other file follows in this process."""
    from airflow.sdk.definitions._internal.contextmanager import DagContext, TaskGroupContext

    root = logging.root
    return (
        (gc.isenabled(), gc.get_threshold(), sys.getswitchinterval(), socket.getdefaulttimeout()),
        (root.level, root.manager.disable, len(root.handlers), len(root.filters)),
        (locale.setlocale(locale.LC_ALL), os.getpriority(os.PRIO_PROCESS, 0), random.getstate()),
        (DagContext.get_current() is None, TaskGroupContext.get_current(None) is None),
    )
