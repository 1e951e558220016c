"""Cases of several Dags and runs, for what the scheduler decides between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.differential.case import Act, Case, DagCase, ManualRun, PoolCase
from tests.differential.generate.assemble import assemble
from tests.differential.generate.later import with_deadlines, with_executors
from tests.differential.generate.raw import FEATURES, Fields, Raw, fields, group_spans, raw_tasks, some_of

START = datetime(2025, 1, 6, tzinfo=timezone.utc)
DURATIONS = (60, 120, 300, 600, 0, 1800)

SCHEDULING = (
    "failures", "pools", "limits", "weights", "past", "active", "assets", "manual", "stops", "parallelism",
    *FEATURES[1:],
)  # fmt: skip
"""What a case may have, besides the features of a Dag."""

THEMES = (
    frozenset[str](),
    frozenset({"active", "pools"}),
    frozenset({"stops", "failures"}),
    frozenset({"assets"}),
    frozenset({"active", "limits"}),
    frozenset({"stops", "failures", "manual"}),
)
"""What shows only together, so that few cases show all of it."""

FEATURE_LISTS = st.lists(st.sampled_from(SCHEDULING), unique=True, max_size=9)


@dataclass(frozen=True)
class Tempo:
    """Schedules that go together: some runs to catch up on, some that come due while the case lasts."""

    schedules: tuple[str, ...]
    step: timedelta
    lasts: timedelta


HOURS = Tempo(("@hourly", "every:3600", "30 * * * *", "every:5400"), timedelta(hours=1), timedelta(hours=3))
DAYS = Tempo(("@daily", "every:86400", "0 6 * * *", "0 */12 * * *"), timedelta(days=1), timedelta(days=2, hours=1))

MANUAL_MINUTES = (10, 25, 50, 61, 95, 130)
"""Never on a half hour: no two runs of a Dag may have one logical date."""


@st.composite
def cases_scheduler_level(draw: st.DrawFn) -> Case:
    """1 to 3 small Dags of several runs: catch-up, past dependencies, pools, limits, weights, assets, manual runs."""
    features = frozenset(draw(FEATURE_LISTS)) | draw(st.sampled_from(THEMES))
    features |= {"mapping"} if "limits" in features else set()
    tempo = draw(st.sampled_from((HOURS, DAYS)))
    pools = draw(_pools()) if "pools" in features else {}
    dags: list[DagCase] = []
    for _ in range(draw(st.sampled_from((1, 2, 3)))):
        dags.append(_dag(draw, features, tempo, pools, dags))
    manual = draw(_manual_runs(len(dags))) if "manual" in features else ()
    parallelism = draw(st.sampled_from((1, 2, 3, 4))) if "parallelism" in features else 32
    case = Case(tuple(dags), _iso(START), _iso(START + tempo.lasts), parallelism, pools, manual)
    return draw(with_deadlines(draw(with_executors(case))))


def _iso(at: datetime) -> str:
    return at.isoformat()


def _dag(
    draw: st.DrawFn, features: frozenset[str], tempo: Tempo, pools: dict[str, PoolCase], before: list[DagCase]
) -> DagCase:
    number = len(before)
    raws = draw(_tasks(features, tuple(pools), number))
    if "assets" in features and draw(st.sampled_from((False, True, True))):
        raws[-1] = replace(raws[-1], options={**raws[-1].options, "outlets": (f"a{number}", f"b{number}")})
    spans = draw(group_spans(features))
    options = draw(_dag_options(features, tempo))
    if str(options["schedule"]).startswith("every:"):  # without catchup its grid begins when the Dag is parsed
        options["catchup"] = True
    offered = tuple(dict.fromkeys(name for dag in before for task in dag.tasks for name in task.outlets))
    if offered and draw(st.sampled_from((True, True, False))):
        least = draw(st.sampled_from((1, min(2, len(offered)))))
        options["assets"] = tuple(draw(st.lists(st.sampled_from(offered), min_size=least, max_size=3, unique=True)))
        options["assets_any"] = draw(st.sampled_from((False, True)))
        options["schedule"] = None
    tasks, groups = assemble(raws, spans, only_all_success=options.get("fail_fast", False))
    return DagCase(f"d{number}", tasks, groups, **options)


@lru_cache(maxsize=1024)
def _tasks(features: frozenset[str], pools: tuple[str, ...], number: int) -> SearchStrategy[list[Raw]]:
    possible = {**fields(features, DURATIONS), **_task_options(features, pools, number)}
    return st.lists(raw_tasks(possible, Act(duration_s=DURATIONS[0])), min_size=1, max_size=6)


def _task_options(features: frozenset[str], pools: tuple[str, ...], number: int) -> Fields:
    """Fields of tasks that matter between runs and Dags."""
    outlets = (f"a{number}", f"b{number}")
    several: dict[str, dict[str, tuple[object, ...]]] = {
        "failures": {"retry_exponential_backoff": (2.0,), "max_retry_delay_s": (120, 600)},
        "pools": {"pool": pools, "pool_slots": (2,)},
        "limits": {"max_active_tis_per_dag": (1, 2), "max_active_tis_per_dagrun": (1, 2)},
        "weights": {"priority_weight": (2, 5, 10), "weight_rule": ("upstream", "absolute")},
        "past": {
            "depends_on_past": (True,),
            "wait_for_downstream": (True,),
            "ignore_first_depends_on_past": (True, False),
        },
        "assets": {"outlets": (outlets[:1], outlets, outlets[1:], outlets)},
    }
    return _chosen(several, features)


def _chosen(several: dict[str, dict[str, tuple[object, ...]]], features: frozenset[str]) -> Fields:
    return {
        name: st.sampled_from(values)
        for feature, group in several.items()
        if feature in features
        for name, values in group.items()
    }


@lru_cache(maxsize=1024)
def _dag_options(features: frozenset[str], tempo: Tempo) -> SearchStrategy[dict[str, Any]]:
    """Fields of a Dag: what is drawn always, and what is there at times."""
    ends = (_iso(START - tempo.step), _iso(START + tempo.step))
    several: dict[str, dict[str, tuple[object, ...]]] = {
        "active": {"max_active_runs": (1, 2, 3), "max_active_tasks": (1, 2, 3)},
        "stops": {
            "end_date": ends,
            "max_consecutive_failed_dag_runs": (1, 2),
            "fail_fast": (True,),
            "dagrun_timeout_s": (120, 300, 900),
            "is_paused": (True,),
        },
        "manual": {"schedule": (None,)},
    }
    always = {
        "schedule": st.sampled_from(tempo.schedules),
        "start_date": st.sampled_from([_iso(START - back * tempo.step) for back in (1, 2, 3, 0)]),
        "catchup": st.sampled_from((True, True, True, False)),
    }
    return st.builds(
        lambda drawn, others: {**drawn, **others},
        st.fixed_dictionaries(always),
        some_of(_chosen(several, features), 3),
    )


def _pools() -> SearchStrategy[dict[str, PoolCase]]:
    """Small pools; a task may want more slots than its pool has, and then waits for ever, as in Airflow."""
    pool = st.builds(PoolCase, st.sampled_from((2, 1, 3, -1)), st.sampled_from((False, True)))
    return st.fixed_dictionaries({"p0": pool}, optional={"p1": pool})


def _manual_runs(dags: int) -> SearchStrategy[tuple[ManualRun, ...]]:
    asked = st.tuples(st.sampled_from(MANUAL_MINUTES), st.sampled_from(range(dags)))

    def runs(several: list[tuple[int, int]]) -> tuple[ManualRun, ...]:
        return tuple(
            ManualRun(_iso(START + timedelta(minutes=minute)), f"d{dag}", f"manual__{minute}")
            for minute, dag in sorted(several)
        )

    return st.lists(asked, min_size=1, max_size=3, unique=True).map(runs)
