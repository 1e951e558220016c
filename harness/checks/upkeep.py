"""What the gate itself has to say: checks like the others, with a page, but nothing to call."""

from __future__ import annotations

from harness.checks.registry import check

WAIVER, CHECK_FAILED = "waiver", "check-failed"


@check(WAIVER, severity="warning", level="gate")
def waiver() -> None:
    """A waiver that gives no reason, names no check, or waives nothing.

    A waiver without a reason does not count. One that waives nothing is left over from a finding that was mended, and
    would hide the next one.

    Fix: ``# harness: ignore[check-id] the reason``, on a line of the statement or on a comment line directly above it;
    take out what is no longer needed.
    """


@check(CHECK_FAILED, level="gate")
def check_failed() -> None:
    """A check that raised, or that did not end.

    What it would have said is not known, so the gate does not pass. It can be neither waived nor kept in a baseline.

    Fix: where the check is one of your own, correct it. Where it is one of ours, report it with the Dag that
    makes it raise; until then it can be turned off under ``[tool.airflow-harness.checks]``.
    """
