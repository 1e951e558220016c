"""Dags made in the test, run through the whole engine in this process."""

import pytest

from harness.bridge.environment import sandbox

_former = sandbox.enter()


@pytest.fixture
def rehearse():
    """Run a DAG object: ``rehearse(dag, world=None, **options)`` -> RunResult."""
    from harness.bridge.timetables import parse_date
    from harness.simulation import Rehearsal, RunOptions

    def run(dag, world=None, with_dags=(), **options):
        rehearsal = Rehearsal()
        for other in (dag, *with_dags):
            rehearsal.folder.dags[other.dag_id] = other
        for name in ("logical_date", "start"):
            if isinstance(options.get(name), str):
                options[name] = parse_date(options[name])
        return rehearsal.run(dag, world, RunOptions(**options))

    return run


@pytest.fixture
def calendar():
    """Simulate DAG objects: ``calendar(since, until, *dags, world=None, **options)`` -> CalendarResult."""
    from harness.bridge.timetables import parse_date
    from harness.simulation import CalendarOptions, Rehearsal
    from harness.simulation.actions import parse_action

    def simulate(since, until, *dags, world=None, actions=(), **options):
        rehearsal = Rehearsal()
        rehearsal.folder.dags |= {dag.dag_id: dag for dag in dags}
        acted = tuple(map(parse_action, actions))
        return rehearsal.simulate(
            CalendarOptions(parse_date(since), parse_date(until), actions=acted, **options), world
        )

    return simulate


@pytest.fixture
def minutes():
    """The timeline of a run as {(task name, state): minutes after its start}."""

    def table(result):
        return {(name, state): (at - result.start_date).total_seconds() / 60 for at, name, state in result.events}

    return table
