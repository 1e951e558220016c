"""What a command's function returns: the work, still to be done."""

from __future__ import annotations

from collections.abc import Callable

from harness.cli.terminal import Terminal

Job = Callable[[Terminal], int]
"""What a command does once its arguments are understood; returns the exit code."""
