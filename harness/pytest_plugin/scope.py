"""Airflow is ours only while an item of ours runs: the rest of a suite finds the process as it is without us.

An item is ours when it needs the project's Dags. From its first function-scoped fixture on to its end, the environment
points at the throw-away home, unless a test module or a conftest has imported Airflow before: then it is the suite's
own Airflow, whose environment stays as it is, and a run borrows it (`harness.bridge.environment.seal`). Fixtures of
the suite that live longer than a test are set up outside.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

OURS = __name__.rpartition(".")[0]
NEEDS_DAGS = "_airflow_rehearsal"
RUNS_DAGS = frozenset({NEEDS_DAGS, "_airflow_runner", "_airflow_prefixed_runner"})
SCOPE = pytest.StashKey["AirflowScope"]()


class AirflowScope:
    """Whether Airflow is ours at present.

    Attributes:
        path: what the Dags' files need on ``sys.path``, and nobody else does.
    """

    def __init__(self) -> None:
        self.path: list[str] = []
        self._former: dict[str, str | None] | None = None

    @property
    def entered(self) -> bool:
        """Whether it is."""
        return self._former is not None

    def enter(self) -> None:
        """Make it so."""
        if self.entered:
            return
        from harness.bridge.environment import sandbox
        from harness.bridge.environment.aside import ASIDE

        ASIDE.back()
        self._former = {} if ASIDE.owners else sandbox.export()
        sys.path += [entry for entry in self.path if entry not in sys.path]

    def leave(self) -> None:
        """Give the process back."""
        if not self.entered:
            return
        from harness.bridge.environment import sandbox
        from harness.bridge.environment.aside import ASIDE

        sandbox.leave(self._former or {})
        self._former = None
        ASIDE.put()
        sys.path[:] = [entry for entry in sys.path if entry not in self.path]

    @contextmanager
    def left(self) -> Iterator[None]:
        """Outside for the block."""
        inside = self.entered
        self.leave()
        try:
            yield
        finally:
            if inside:
                self.enter()

    def end(self) -> None:
        """pytest ends: Airflow stays in the process, wherever it stands."""
        self.leave()
        if "harness.bridge.environment.aside" in sys.modules:
            sys.modules["harness.bridge.environment.aside"].ASIDE.back()


def scope_of(config: pytest.Config) -> AirflowScope:
    """The scope of this pytest run."""
    found = config.stash.get(SCOPE, None)
    if found is None:
        found = config.stash[SCOPE] = AirflowScope()
        config.add_cleanup(found.end)
    return found


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Enter before the first fixture of an item of ours; stay outside for what outlives it and is not ours."""
    scope = scope_of(request.config)
    ours = fixturedef.func.__module__.startswith(OURS)
    item: pytest.Item = request._pyfuncitem  # of fixtures that live longer too
    if _needs_airflow(fixturedef, ours) or (fixturedef.scope == "function" and _is_ours(item)):
        _enter_for(item, scope)
    elif not ours and fixturedef.scope != "function" and scope.entered:
        with scope.left():
            made: object = yield
            return made
    made = yield
    return made


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """An item whose fixtures were all there already."""
    if _is_ours(item):
        _enter_for(item, scope_of(item.config))
    return (yield)


def _needs_airflow(fixturedef: pytest.FixtureDef[Any], ours: bool) -> bool:
    """Whether a fixture of ours runs Dags: asked for by name in a test, it is not in what the item is known to use."""
    return fixturedef.argname == NEEDS_DAGS or (ours and bool(RUNS_DAGS & set(fixturedef.argnames)))


def _enter_for(item: pytest.Item, scope: AirflowScope) -> None:
    if not scope.entered:
        scope.enter()
        item.addfinalizer(scope.leave)


def _is_ours(item: pytest.Item) -> bool:
    return NEEDS_DAGS in getattr(item, "fixturenames", ())
