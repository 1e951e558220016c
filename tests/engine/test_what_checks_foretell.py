"""What checks of the text foretell happens in a simulation, and does not to their good twins."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "dags_under_test"


def simulated(kind, name, since, until, **pools):
    from harness.bridge.timetables import parse_date
    from harness.simulation import CalendarOptions, Rehearsal
    from harness.world import World

    world = World()
    for pool, slots in pools.items():
        world.set_pool(pool, slots)
    options = CalendarOptions(parse_date(since), parse_date(until))
    return Rehearsal.of_paths([ROOT / kind / name]).simulate(options, world)


@pytest.mark.parametrize(("kind", "fed"), [("bad", "scheduled"), ("twins", "success")])
def test_pool_deadlock(kind, fed):
    """Both sensors hold the pool's two slots until they time out."""
    result = simulated(kind, "resources/pool_deadlock.py", "2025-01-02", "2025-01-02T00:30", narrow=2)
    states = {run.dag_id: [task.state for task in run.task_instances] for run in result.runs}
    assert states["feeds"] == [fed]


@pytest.mark.parametrize(("kind", "days"), [("bad", {"2025-03-01"}), ("twins", {"2025-01-01", "2025-01-02"})])
def test_wall_clock(kind, days):
    """Runs of two days that are made up for later: which day do they work on?"""
    from harness.bridge.timetables import parse_date
    from harness.simulation import Rehearsal, RunOptions

    rehearsal = Rehearsal.of_paths([ROOT / kind / "content" / "wall_clock_0.py"])
    dag_id = {"bad": "clocked", "twins": "well_clocked"}[kind]
    found = set()
    for day in ("2025-01-01", "2025-01-02"):
        options = RunOptions(logical_date=parse_date(day), start=parse_date("2025-03-01"), only=("today",))
        found.add(rehearsal.run(dag_id, options=options).task("today").xcom())
    assert found == days
