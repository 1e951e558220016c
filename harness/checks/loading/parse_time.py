"""``parse-time``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.finding import Problem
from harness.checks.look import LIMITS, Judgement, Note
from harness.checks.registry import check

TIMES = 5
"""Slower than so many times the median of the repository."""
ENOUGH = 10
"""Files that make a median."""
NEVER_BELOW_S = 0.5


def gather(_: object) -> None:
    """Nothing: the time of every import is measured anyway."""


@check("parse-time", severity="warning", level="repository", gather=gather, gathers="file")
def parse_time(_notes: list[Note], judgement: Judgement) -> Iterator[Problem]:
    """A file that takes long to import: longer than ``parse-time-s`` (2 s), or than 5 times the median of 10 files.

    The Dag processor imports every file again and again, and every task imports its own before it starts: a slow file
    delays all others and each of its tasks, and beyond ``core.dagbag_import_timeout`` (30 s) Airflow gives it up.

    Move work and heavy imports (pandas, clients of clouds) into the tasks. The time is the import's own, the faster of
    two; what this machine kept it waiting for a processor does not count. Below half a second nothing is slow.
    """
    from statistics import median

    limit = judgement.asked.limits.get("parse-time-s", LIMITS["parse-time-s"])
    usual = median(judgement.seconds.values()) if len(judgement.seconds) >= ENOUGH else None
    for path, seconds in sorted(judgement.seconds.items()):
        if seconds > limit:
            yield Problem(f"the file takes {seconds:.1f} s to import, more than {limit:g} s", path=path, fix=_FIX)
        elif usual is not None and seconds > max(TIMES * usual, NEVER_BELOW_S):
            said = f"the file takes {seconds:.1f} s to import, {seconds / usual:.0f} times the median ({usual:.2f} s)"
            yield Problem(said, path=path, fix=_FIX)


_FIX = "import what is heavy in the tasks that use it"
