"""What the controller tells each worker of pytest-xdist."""

from __future__ import annotations

from typing import Any

import pytest

from harness.pytest_plugin.checks import hand_over
from harness.pytest_plugin.postgres_server_process import open_server_process


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A worker is about to start; pytest-xdist calls this in the controller."""
    open_server_process(node)
    hand_over(node)
