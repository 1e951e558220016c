"""The trigger rules, each a function of how many upstream instances are in which state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.scheduler.model import FAILED, REMOVED, SKIPPED, SUCCESS, UPSTREAM_FAILED, TaskState

Ruling = tuple[bool, "TaskState | None"]
"""(the rule is met, the state the instance must take or None)."""


@dataclass(slots=True)
class UpstreamStates:
    """Counts of finished upstream instances by state, of all of them, and of setups among them.

    Source: airflow/ti_deps/deps/trigger_rule_dep.py `_UpstreamTIStates` (3.3.2).
    """

    success: int
    skipped: int
    failed: int
    upstream_failed: int
    removed: int
    success_setup: int
    skipped_setup: int
    upstream: int
    upstream_setup: int

    @classmethod
    def of(
        cls,
        states: Mapping[str | None, int],
        setups: Mapping[str | None, int],
        upstream: int,
        upstream_setup: int,
    ) -> UpstreamStates:
        """From counts by state of all relevant upstreams and of the setups among them."""
        return cls(
            states.get(SUCCESS, 0),
            states.get(SKIPPED, 0),
            states.get(FAILED, 0),
            states.get(UPSTREAM_FAILED, 0),
            states.get(REMOVED, 0),
            setups.get(SUCCESS, 0),
            setups.get(SKIPPED, 0),
            upstream,
            upstream_setup,
        )

    @property
    def failures(self) -> int:
        return self.failed + self.upstream_failed

    @property
    def done(self) -> int:
        return self.success + self.skipped + self.failed + self.upstream_failed + self.removed

    @property
    def all_done(self) -> bool:
        return self.done >= self.upstream


def required(s: UpstreamStates, map_index: int) -> TaskState | None:
    """The state that an upstream whose success is required imposes (``all_success``, indirect setups)."""
    if s.failures:
        return UPSTREAM_FAILED
    if s.skipped:
        return SKIPPED
    return REMOVED if s.removed and s.success and map_index > -1 and map_index >= s.success else None


def _all_success(s: UpstreamStates, map_index: int) -> Ruling:
    return s.upstream - s.success - s.removed <= 0, required(s, map_index)


def _all_failed(s: UpstreamStates, _: int) -> Ruling:
    return s.upstream - s.failures - s.removed <= 0, SKIPPED if s.success or s.skipped else None


def _all_done(s: UpstreamStates, _: int) -> Ruling:
    return s.all_done, None


def _all_done_min_one_success(s: UpstreamStates, _: int) -> Ruling:
    if s.skipped:
        return False, SKIPPED
    if s.all_done and not s.success:
        return False, UPSTREAM_FAILED
    return s.success + s.failures >= s.upstream - s.removed and s.success > 0, None


def _all_done_setup_success(s: UpstreamStates, _: int) -> Ruling:
    if not s.all_done:
        return False, None
    if not s.upstream_setup:
        return True, None
    if s.skipped_setup >= s.upstream_setup:
        return s.success_setup > 0, SKIPPED
    return s.success_setup > 0, None if s.success_setup else UPSTREAM_FAILED


def _one_success(s: UpstreamStates, _: int) -> Ruling:
    if s.success:
        # All skipped while some succeeded cannot be: ``done`` would exceed ``skipped``.
        return True, None
    if not s.all_done:
        return False, None
    return False, SKIPPED if s.done == s.skipped else UPSTREAM_FAILED


def _one_failed(s: UpstreamStates, _: int) -> Ruling:
    met = s.failures > 0
    return met, SKIPPED if s.all_done and not met else None


def _one_done(s: UpstreamStates, _: int) -> Ruling:
    met = s.success + s.failed > 0
    return met, SKIPPED if s.all_done and not met else None


def _none_failed(s: UpstreamStates, _: int) -> Ruling:
    return s.upstream - s.success - s.skipped - s.removed <= 0, UPSTREAM_FAILED if s.failures else None


def _none_failed_min_one_success(s: UpstreamStates, _: int) -> Ruling:
    met = s.upstream - s.success - s.skipped - s.removed <= 0 and s.success > 0
    if s.failures:
        return met, UPSTREAM_FAILED
    if s.skipped == s.upstream:
        return met, SKIPPED
    # Until 3.1.8 an upstream that was all removed or skipped let the task run.
    return met, UPSTREAM_FAILED if s.all_done and not s.success else None


def _none_skipped(s: UpstreamStates, _: int) -> Ruling:
    return s.all_done and not s.skipped, SKIPPED if s.skipped else None


def _all_skipped(s: UpstreamStates, _: int) -> Ruling:
    return s.upstream - s.skipped <= 0, SKIPPED if s.success or s.failures else None


RULES: Mapping[str, Callable[[UpstreamStates, int], Ruling]] = {
    "all_success": _all_success,
    "all_failed": _all_failed,
    "all_done": _all_done,
    "all_done_min_one_success": _all_done_min_one_success,
    "all_done_setup_success": _all_done_setup_success,
    "one_success": _one_success,
    "one_failed": _one_failed,
    "one_done": _one_done,
    "none_failed": _none_failed,
    "none_failed_min_one_success": _none_failed_min_one_success,
    "none_skipped": _none_skipped,
    "all_skipped": _all_skipped,
}
"""By trigger rule; ``always`` never gets this far. Arguments: the counts and the instance's map index.

Source: airflow/ti_deps/deps/trigger_rule_dep.py `_evaluate_direct_relatives` (3.3.2). In 3.1.8 removed
upstreams are forgiven to mapped instances only, and there `none_failed_min_one_success` needs no success.
"""
