"""Hypothesis strategies of differential cases, all of them Dags that Airflow accepts.

Simple comes first everywhere, so a case that disagrees shrinks to few tasks with no options.
"""

from __future__ import annotations

from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.differential.case import Act, Case, DagCase
from tests.differential.generate.assemble import assemble
from tests.differential.generate.raw import FEATURES, TRIGGER_RULES, Raw, fields, group_spans, raw_tasks
from tests.differential.generate.scheduler import cases_scheduler_level
from tests.differential.generate.seeded import seeded

__all__ = ["TRIGGER_RULES", "cases_run_level", "cases_scheduler_level", "seeded"]

START, UNTIL = "2025-01-01T00:00:00+00:00", "2025-01-03T00:00:00+00:00"
FEATURE_LISTS = st.lists(st.sampled_from(FEATURES), unique=True)
DURATIONS = (0,)
"""What takes time is for the scheduler level: ``dag.test()`` runs one task after the other."""


@st.composite
def cases_run_level(draw: st.DrawFn) -> Case:
    """One Dag of 1 to 15 tasks, scheduled once: trigger rules, skips, retries, mapping, groups, setups, waits."""
    features = frozenset(draw(FEATURE_LISTS))
    assembled = assemble(draw(_tasks(features)), draw(group_spans(features)))
    return Case((DagCase("d0", *assembled, schedule="@once", start_date=START, catchup=False),), START, UNTIL)


@lru_cache(maxsize=1024)
def _tasks(features: frozenset[str]) -> SearchStrategy[list[Raw]]:
    return st.lists(raw_tasks(fields(features, DURATIONS), Act()), min_size=1, max_size=15)
