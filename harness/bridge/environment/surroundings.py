"""What the Dags of a project find around them in this process while they are parsed and run; put back afterwards.

The same as the gate's processes have from their start (`harness.project.repository` decides both): ``AIRFLOW_HOME``,
settings, ``sys.path``, plugins, cluster policies. Airflow may have been imported before, by its owner and with the
owner's settings: then what it took from them at its import is replaced too (`harness.bridge.environment.bound`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.bridge.environment import sandbox
from harness.bridge.environment.bound import bound_settings
from harness.bridge.environment.plugins import Plugins
from harness.bridge.environment.policies import Policies
from harness.project.declarations import SECRETS, kept
from harness.project.installed import reported_as_unusable
from harness.project.repository import Repository


class Surroundings:
    """The surroundings of the Dag folders of one project.

    Args:
        repository: what is known of it.
        roots: its Dag folders.
        env: variables that the world sets for its processes.
        shell: connections and variables of whoever runs us, as they were before somebody may have set others on
            purpose; None: those of now. No Dag sees them.
    """

    def __init__(
        self,
        repository: Repository | None = None,
        roots: Iterable[Path] = (),
        env: Mapping[str, str] | None = None,
        shell: Mapping[str, str] | None = None,
    ) -> None:
        self.repository = Repository() if repository is None else repository
        entries = [entry for root in roots for entry in self.repository.search_path(str(root))]
        self.search_path = list(dict.fromkeys(entries))
        self._set = {**self.repository.environment, **(env or {})}
        self._owners = {name: os.environ.get(name) for name in self._set}  # what they say later goes before ours
        given = os.environ if shell is None else shell
        self._shell = {name: value for name, value in given.items() if name.startswith(SECRETS)}
        self._left: dict[str, str | None] = {}
        self._home: str | None = None
        self._plugins, self._policies = Plugins(), Policies()
        self._inside = False

    @property
    def plain_environment(self) -> dict[str, str]:
        """Variables that the project sets and that are none of Airflow's."""
        return {name: value for name, value in self._set.items() if not name.startswith("AIRFLOW")}

    @property
    def hidden(self) -> dict[str, str]:
        """Connections and variables of the shell, but for those that the project sets to the same."""
        return {name: value for name, value in self._shell.items() if self._set.get(name) != value}

    @property
    def settings(self) -> dict[str, str]:
        """Settings of Airflow that shape Dags, as variables of the environment."""
        return {name: value for name, value in self._set.items() if name.startswith("AIRFLOW__")}

    @contextmanager
    def entered(self) -> Iterator[None]:
        """The surroundings, for a block; inside of it another one changes nothing.

        Airflow is imported, where nobody did yet.

        Raises: AirflowUnusable: it does not import, itself or through the project's ``airflow_local_settings.py``.
        """
        if self._inside:
            yield
            return
        self._inside = True
        try:
            with ExitStack() as stack:
                stack.enter_context(self._environment())
                sys.path += [entry for entry in self.search_path if entry not in sys.path]
                with reported_as_unusable():
                    stack.enter_context(bound_settings())
                    stack.enter_context(self._policies.applied(self.repository.config))
                stack.enter_context(self._plugins.registered(self.repository.plugins is not None))
                yield
        finally:
            self._inside = False

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """The environment; what Dag files change in it is there again the next time."""
        if self._home is None:
            self._home = sandbox.home_with(self.repository.home_entries)
        owners = dict(os.environ)
        ours = {name: value for name, value in self._set.items() if owners.get(name) == self._owners[name]}
        meant = {n: value for n, value in owners.items() if n.startswith(SECRETS) and self._shell.get(n) != value}
        given = {**kept(owners), **meant, **ours, **sandbox.settings(self._home)}
        _become({name: value for name, value in {**given, **self._left}.items() if value is not None})
        try:
            yield
        finally:
            now = dict(os.environ)
            self._left = {name: now.get(name) for name in {*now, *given} if now.get(name) != given.get(name)}
            _become(owners)


def _become(environment: Mapping[str, str]) -> None:
    """Make the process's environment this one, touching what differs only."""
    for name in [name for name in os.environ if name not in environment]:
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
