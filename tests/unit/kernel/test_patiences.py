"""How long the clock waits for what is real, and when spinning takes time: as long as the pages say."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.kernel import event_loop, spin
from harness.kernel.threads import virtual

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    "said",
    [
        f"joined threads have up to {virtual.WORK_PATIENCE_S:g} s of real time,"
        f" other threads {virtual.IDLE_PATIENCE_S:g} s, or {virtual.WAITED_PATIENCE_S:g} s while a task waits",
        f"open descriptors get {event_loop.IO_GRACE_S:g} s of real time before a jump",
        f"child processes up to {virtual.WORK_PATIENCE_S:g} s",
        f"the first {'thousand' if spin.FREE == 1_000 else spin.FREE} turns at an instant take no time",
        f"later ones {spin.TURN / 1_000:g} ms each, and beyond {spin.PATIENT:,} more and more",
    ],
    ids=["threads", "descriptors", "children", "the first turns", "later turns"],
)
def test_as_users_are_told(said: str) -> None:
    assert said in (DOCS / "fidelity.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "said",
    [
        f"{virtual.WORK_PATIENCE_S:g} s for work in a pool, {virtual.WAITED_PATIENCE_S:g} s for other threads"
        f" while a process waits for one, {virtual.IDLE_PATIENCE_S:g} s while nobody waits",
        f"waits {virtual.LAST_PATIENCE_S:g} s for threads that run,"
        f" and {virtual.REST_PATIENCE_S:g} s for threads that all rest",
        f"for {virtual.LOCKED_SLICES} slices of {virtual.SLICE_S * 1000:g} ms, or any one place for"
        f" {virtual.BLOCKED_SLICES} of them",
        f"After {virtual.LOCKED_TICKS} ticks of {virtual.TICK_S * 1000:g} ms at the same lock it counts as resting",
    ],
    ids=["work", "the end", "where the main thread stands", "a lock"],
)
def test_as_those_are_told_who_change_it(said: str) -> None:
    assert said in " ".join((DOCS / "dev" / "threads.md").read_text(encoding="utf-8").split())
