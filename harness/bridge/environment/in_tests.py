"""Connections and variables for code in a test outside of any task, as a hook in its body: the test's world answers.

A worker's code finds them through its supervisor, and so does code in a test meanwhile. Simulations have a supervisor
of their own, which stands before this one while they run. Nothing of Airflow is imported here: what is there is
changed, and what the test imports is changed as soon as it is there; a test that asks for nothing pays nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

from harness.bridge.patches import AfterImport, replaced
from harness.project.declarations import CONNECTION, VARIABLE
from harness.world.model import World

_COMMS = "airflow.sdk.execution_time.task_runner"
_BACKENDS = ("airflow.configuration", "airflow.sdk.configuration")
_WORLD = "airflow.sdk.execution_time.secrets.execution_api.ExecutionAPISecretsBackend"
_ENVIRONMENT = "airflow.secrets.environment_variables.EnvironmentVariablesBackend"
_UNREAD: list[Any] = [None, None]
"""As many as Airflow's own are: then it asks `initialize_secrets_backends` (``ensure_secrets_loaded``, 3.1)."""

Present = Callable[["str | None"], World]
"""The world of now; the connection of the id leads to its service, where it names one."""


@contextmanager
def answered_in_test(present: Present, owners: Mapping[str, str]) -> Iterator[None]:
    """``BaseHook.get_connection``, ``Variable.get`` and the like are answered out of a world for the block.

    Secrets backends of the settings are not asked; variables of the environment are, as by any worker, if the test set
    them.

    Args:
        present: gives the world whenever something is asked for.
        owners: ``AIRFLOW_CONN_*`` and ``AIRFLOW_VAR_*`` of whoever runs pytest, which are not the test's.
    """
    with ExitStack() as stack:

        def then(module: ModuleType) -> None:
            if module.__name__ == _COMMS:
                from harness.bridge.supervisor.conversation import SupervisorOfTest, supervisor_comms

                stack.enter_context(supervisor_comms(SupervisorOfTest(present)))
            else:
                stack.enter_context(replaced(_backends(module, owners)))

        finder = AfterImport((_COMMS, *_BACKENDS), then)
        finder.begin()
        try:
            yield
        finally:
            finder.end()


def _backends(module: Any, owners: Mapping[str, str]) -> Iterator[tuple[Any, str, Any]]:
    """Source: ``ensure_secrets_loaded``, ``initialize_secrets_backends`` (3.1 and 3.3.2)."""
    original = module.initialize_secrets_backends

    def backends(default_backends: Any = ()) -> list[Any]:  # noqa: ARG001 - wherever it is asked from
        # The last two: a custom backend of the settings comes first.
        environment, world = original(default_backends=[_ENVIRONMENT, _WORLD])[-2:]
        return [_OfTest(environment, owners), world]

    yield module, "initialize_secrets_backends", backends
    if hasattr(module, "_secrets_backend_cache"):
        yield module, "_secrets_backend_cache", {}
    if hasattr(module, "secrets_backend_list"):
        yield module, "secrets_backend_list", _UNREAD


class _OfTest:
    """Airflow's backend of the environment, without what stood there before pytest began."""

    def __init__(self, backend: Any, owners: Mapping[str, str]) -> None:
        self._backend, self._owners = backend, owners

    def get_connection(self, conn_id: str, *args: Any, **kwargs: Any) -> Any:
        """A connection that the test set."""
        is_owners = self._is_owners(CONNECTION + conn_id.upper())
        return None if is_owners else self._backend.get_connection(conn_id, *args, **kwargs)

    def get_variable(self, key: str, *args: Any, **kwargs: Any) -> Any:
        """A variable that the test set."""
        is_owners = self._is_owners(VARIABLE + key.upper())
        return None if is_owners else self._backend.get_variable(key, *args, **kwargs)

    def _is_owners(self, name: str) -> bool:
        return name in self._owners and os.environ.get(name) == self._owners[name]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)
