"""All patches. A line stands here before the code does.

Tests plant each patch and see it put back, find code that patches and stands in no line, and hold
``docs/dev/patches.md`` against the table. ``AIRFLOW_HARNESS_SHORTCUTS=off`` leaves out what is of the kind ``speed``
(`harness.bridge.patches.shortcuts`).
"""

from __future__ import annotations

from harness.bridge.patches.inventory.elsewhere import CHECKS, LOADING, VERIFY
from harness.bridge.patches.inventory.patch import Patch
from harness.bridge.patches.inventory.simulation import NETWORK, OWNERS, TASKS, TIME
from harness.bridge.patches.inventory.speed import SPEED

PATCHES: tuple[Patch, ...] = (*TASKS, *NETWORK, *TIME, *OWNERS, *LOADING, *CHECKS, *VERIFY, *SPEED)
