"""Dags with schedules of plain data, and the calendar that makes their runs; no Airflow is near."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from simulation_builders import Play

from harness.bridge.timetables import RunPlan
from harness.kernel import SECOND, Instant
from harness.scheduler.model import DagRun
from harness.simulation.calendar import Calendar
from tests.unit.scheduler.scheduler_builders import NOW


def plan(at: int, run_type: str = "scheduled") -> RunPlan:
    """A run of an instant, due then."""
    return RunPlan(f"{run_type}-{at}", run_type, Instant(at), Instant(at), Instant(at), Instant(at))


def real(dag_id: str, *dates: int | Exception, catchup: bool = True, paused: bool = False, **fields: Any) -> Any:
    """A Dag whose schedule names these dates; one that is an error is raised."""
    tasks = {"a": SimpleNamespace(on_failure_callback=None, _is_sensor=False)}
    given = {"on_success_callback": None, "on_failure_callback": None, "allowed": None, **fields}
    return SimpleNamespace(
        dag_id=dag_id, fileloc=f"dags/{dag_id}.py", dates=list(dates), catchup=catchup,
        is_paused_upon_creation=paused, task_dict=tasks, **given,
    )  # fmt: skip


class Folder:
    """A calendar over a play.

    Attributes:
        asked: (dag_id, logical date of the run before, or "since" an instant) of each question to a timetable.
        made: (dag_id, logical date, seconds after the begin at which it was made).
    """

    def __init__(self, play: Play, *dags: Any, since: int | None = None, conf: Any = None) -> None:
        self.play, self.asked = play, list[tuple[str, Any]]()
        self.made: list[tuple[str, int | None, float]] = []
        self.confs: list[Any] = []
        self.dags = dags
        begin = None if since is None else Instant(since)
        self.calendar = Calendar(play.driver, dags, self.make, begin, conf, known=lambda of: of.plain)
        play.driver.calendar = self.calendar

    def make(self, of: Any, one: RunPlan, conf: Any) -> DagRun:
        simulation = self.play.simulation
        self.made.append((of.dag_id, one.logical_date, (simulation.now - NOW) / SECOND))
        self.confs.append(conf)
        add, kept = self.play.driver.add, list[DagRun]()
        self.play.driver.add = kept.append  # type: ignore[method-assign]
        try:
            self.play.add(
                of.plain, one.run_id, run_type=one.run_type, logical_date=one.logical_date, run_after=one.run_after
            )
        finally:
            self.play.driver.add = add  # type: ignore[method-assign]
        kept[0].extra.dag.dag_id = of.dag_id
        return kept[0]

    def begin(self, until: float | None = None) -> list[tuple[str, float, float]]:
        """Begin; (dag_id, seconds of its date, seconds at which it was made) of what was made by then."""
        self.calendar.begin()
        return self.go_on(until)

    def go_on(self, until: float | None = None) -> list[tuple[str, float, float]]:
        self.play.until(until)
        return [(name, ((date or 0) - NOW) / SECOND, at) for name, date, at in self.made]

    def told(self) -> list[tuple[str, str, str]]:
        return [(one.check, one.severity, one.message) for one in self.calendar.findings]
