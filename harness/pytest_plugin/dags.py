"""The Dags of the project, loaded once a session."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.project import Project, project_of
from harness.pytest_plugin.scope import scope_of

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from harness.bridge.loader import Folder
    from harness.simulation import Rehearsal


class DagBag(Mapping[str, "DAG"]):
    """Dags by id, sorted.

    Attributes:
        dags: the same as a ``dict``.
        import_errors: path of each file that did not import -> the traceback, from its own first frame on.
        duplicates: (dag_id, file that won, file that was left out).
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self.dags: dict[str, DAG] = dict(sorted(folder.dags.items()))
        self.import_errors = {str(failure.path): failure.traceback for failure in folder.failures}
        self.duplicates = list(folder.duplicates)

    def __getitem__(self, dag_id: str) -> DAG:
        """The Dag of this id.

        Raises: DagNotFound, with the nearest ids; DagImportError when its file did not import.
        """
        __tracebackhide__ = True
        return self.dags[dag_id] if dag_id in self.dags else self._folder.dag(dag_id)

    def __contains__(self, dag_id: object) -> bool:
        return dag_id in self.dags

    def get(self, dag_id: str, default: Any = None) -> Any:
        """The Dag of this id, or the default."""
        return self.dags.get(dag_id, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self.dags)

    def __len__(self) -> int:
        return len(self.dags)

    def __repr__(self) -> str:
        return f"<{len(self.dags)} Dags, {len(self.import_errors)} import errors>"


@pytest.fixture(scope="session")
def dag_bag(_airflow_rehearsal: Rehearsal) -> DagBag:
    """The project's Dags by id: a mapping, with ``.dags`` and ``.import_errors``.

    A file that does not import raises nothing here; it is told in ``.import_errors``, and when its Dag is asked for.
    """
    return bag_of(_airflow_rehearsal)


def bag_of(rehearsal: Rehearsal) -> DagBag:
    """The Dags that were loaded. Raises: NoDagsFolder: the project names no folder of them."""
    if not rehearsal.folder.roots:
        raise _no_folder()
    return DagBag(rehearsal.folder)


@pytest.fixture(scope="session")
def _airflow_rehearsal(pytestconfig: pytest.Config) -> Rehearsal:
    """The engine over the project's Dags; over none when the project has no Dag folder."""
    from harness.errors import AirflowUnusable
    from harness.kernel.frozen import freezegun_suspended

    before = sys.path[:]
    with freezegun_suspended():  # classes made now must not be built on a frozen datetime
        try:
            rehearsal = _load(project_of(pytestconfig))
        except AirflowUnusable as error:
            pytest.fail(str(error), pytrace=False)
        if "freezegun" in sys.modules:
            _preload(rehearsal)
    scope_of(pytestconfig).path = [entry for entry in sys.path if entry not in before]
    return rehearsal


def _load(project: Project) -> Rehearsal:
    from harness.gate.settings import xcom_bytes
    from harness.simulation import Rehearsal
    from harness.world import World, load

    most = xcom_bytes(project.settings)
    if not project.dags:
        return Rehearsal(xcom_bytes=most)
    world = load(project.world) if project.world else None
    if project.settings.network:
        world = world or World()
        world.allow(*project.settings.network)
    return Rehearsal.of_paths(project.dags, most, world, project.secrets)


def _preload(rehearsal: Rehearsal) -> None:
    """Have everything that a run needs imported: under freezegun Airflow does not import."""
    from harness.bridge.snapshot import one_task_dag
    from harness.bridge.stored import unstorable

    rehearsal.run(one_task_dag())
    unstorable(one_task_dag())


def _no_folder() -> Exception:
    from harness.errors import NoDagsFolder

    return NoDagsFolder(
        "this project names no Dag folder",
        known="looked for dags in [tool.airflow-harness] of pyproject.toml, and for a folder dags/",
        fix="--airflow-dags PATH, or dags = […] in pyproject.toml",
    )
