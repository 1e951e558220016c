"""What the Dags of a project find around them in this process while they are parsed and run; put back afterwards.

The same as the gate's processes have from their start (`harness.project.repository` decides both): ``AIRFLOW_HOME``,
settings, ``sys.path``, plugins, cluster policies. Airflow may have been imported before, by its owner and with the
owner's settings: then what it took from them at its import is replaced too.

``conf.get`` looks at the environment each time it is asked; what follows is asked once (3.1 to 3.3): the constants of
``sdk/definitions/_internal/abstractoperator.py`` with the defaults of ``BaseOperator.__init__`` made of them, the time
zone of naive dates, the folders of ``airflow.settings``, and ``airflow_local_settings.py``
(``settings.import_local_settings``): its owner's policies are put aside.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any
from unittest.mock import patch

from harness.bridge.environment import sandbox
from harness.bridge.environment.plugins import PluginFailure, Plugins
from harness.bridge.versions.names import fresh_policies
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
        variables = os.environ if shell is None else shell
        self._shell = {name: value for name, value in variables.items() if name.startswith(SECRETS)}
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
    def secrets(self) -> dict[str, str]:
        """``AIRFLOW_CONN_*`` and ``AIRFLOW_VAR_*`` of the shell, and those that a test set since."""
        now = {n: value for n, value in os.environ.items() if n.startswith(SECRETS) and self._set.get(n) != value}
        return {**self._shell, **now}

    @property
    def failed_plugins(self) -> list[PluginFailure]:
        """Plugins that did not load when the surroundings were entered, by path."""
        return sorted(self._plugins.failed.values())

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
                stack.enter_context(self._plugins.registered(self.repository.plugins))
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
        present = {**kept(owners), **meant, **ours, **sandbox.settings(self._home)}
        _become({name: value for name, value in {**present, **self._left}.items() if value is not None})
        try:
            yield
        finally:
            now = dict(os.environ)
            self._left = {name: now.get(name) for name in {*now, *present} if now.get(name) != present.get(name)}
            _become(owners)


def _become(environment: Mapping[str, str]) -> None:
    """Make the process's environment this one, touching what differs only."""
    for name in [name for name in os.environ if name not in environment]:
        del os.environ[name]
    for name, value in environment.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


_CONSTANTS = "airflow.sdk.definitions._internal.abstractoperator"
_HOLDERS = (_CONSTANTS, "airflow.sdk.bases.operator", "airflow.sdk.definitions.mappedoperator")
_PARAMETERS = {
    "DEFAULT_OWNER": "owner",
    "DEFAULT_QUEUE": "queue",
    "DEFAULT_RETRIES": "retries",
    "DEFAULT_RETRY_DELAY": "retry_delay",
    "DEFAULT_WEIGHT_RULE": "weight_rule",
    "DEFAULT_TASK_EXECUTION_TIMEOUT": "execution_timeout",
    "DEFAULT_EMAIL_ON_FAILURE": "email_on_failure",
    "DEFAULT_EMAIL_ON_RETRY": "email_on_retry",
}
"""Constant -> the argument of an operator that it is the default of."""
_ZONES = ("airflow._shared.timezones.timezone", "airflow.sdk._shared.timezones.timezone")


@contextmanager
def bound_settings() -> Iterator[None]:
    """What stands in the environment now holds for all that Airflow bound at its import. Imports Airflow."""
    with ExitStack() as stack:
        for change in (*_operator_defaults(), *_zone(), *_folders()):
            stack.enter_context(change)
        yield


def _operator_defaults() -> Iterator[Any]:
    operator = importlib.import_module("airflow.sdk.bases.operator")
    module = importlib.import_module(_CONSTANTS)
    made: dict[str, Any] = {}
    for name, statement in _statements():
        value = eval(statement, vars(module))
        if value != getattr(module, name):
            made[name] = value
    if not made:
        return
    for holder in filter(None, map(sys.modules.get, _HOLDERS)):
        yield from (patch.object(holder, name, value) for name, value in made.items() if name in vars(holder))
    defaults = {_PARAMETERS[name]: value for name, value in made.items() if name in _PARAMETERS}
    yield patch.dict(operator.OPERATOR_DEFAULTS, defaults)
    init = inspect.unwrap(operator.BaseOperator.__init__)
    yield patch.dict(init.__kwdefaults__, {name: v for name, v in defaults.items() if name in init.__kwdefaults__})
    for name, value in defaults.items():
        if name in vars(operator.BaseOperator):
            yield patch.object(operator.BaseOperator, name, value)


@cache
def _statements() -> list[tuple[str, CodeType]]:
    """Name and expression of each constant that is taken from the settings, off the module's own source."""
    found = []
    for node in ast.parse(inspect.getsource(importlib.import_module(_CONSTANTS))).body:
        target = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and isinstance(node, ast.AnnAssign) and node.value and _asks(node.value):
            found.append((target.id, compile(ast.Expression(node.value), _CONSTANTS, "eval")))
    return found


def _asks(expression: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "conf" for node in ast.walk(expression))


def _zone() -> Iterator[Any]:
    """Source: the head of ``airflow/settings.py``, where a zone that is none is UTC."""
    settings: Any = importlib.import_module("airflow.settings")
    name = settings.conf.get("core", "default_timezone", fallback="utc")
    try:
        zone = settings.local_timezone() if name == "system" else settings.parse_timezone(name)
    except Exception:
        zone = settings.utc
    if str(zone).upper() == str(settings.TIMEZONE).upper():
        return
    yield patch.object(settings, "TIMEZONE", zone)
    for holder in filter(None, map(sys.modules.get, _ZONES)):
        if hasattr(holder, "_Timezone"):
            yield patch.object(holder._Timezone, "initialized_timezone", zone)


def _folders() -> Iterator[Any]:
    """Source: ``airflow.settings.configure_vars``."""
    from airflow import configuration, settings

    home = os.environ["AIRFLOW_HOME"]
    folders = {
        "AIRFLOW_HOME": home,
        "DAGS_FOLDER": os.environ.get("AIRFLOW__CORE__DAGS_FOLDER") or f"{home}/dags",
        "PLUGINS_FOLDER": os.environ.get("AIRFLOW__CORE__PLUGINS_FOLDER") or f"{home}/plugins",
    }
    for name, folder in folders.items():
        yield patch.object(settings, name, folder)
    yield patch.object(configuration, "AIRFLOW_HOME", home)


_NAME = "airflow_local_settings"
_ABSENT: Any = object()


class Policies:
    """Those of one project; its module is run once, however often they are applied."""

    def __init__(self) -> None:
        self._changed: dict[str, Any] | None = None
        self._module: ModuleType | None = None

    @contextmanager
    def applied(self, folders: Iterable[Path]) -> Iterator[None]:
        """Policies of the first of these folders that has some; those of the owner's Airflow where none has.

        Raises: whatever the module raises.
        """
        from airflow import settings

        found = next((one / f"{_NAME}.py" for one in folders if (one / f"{_NAME}.py").is_file()), None)
        present = getattr(sys.modules.get(_NAME), "__file__", None)
        if (str(found) if found else None) == present:
            yield
            return
        former, module = dict(vars(settings)), sys.modules.pop(_NAME, None)
        try:
            self._apply(settings, found)
            applied = dict(vars(settings))
            yield
        finally:
            now = vars(settings)
            self._changed = {n: v for n, v in applied.items() if former.get(n, _ABSENT) is not v}
            for name in self._changed:
                if name not in former:
                    now.pop(name, None)
                elif now.get(name) is self._changed[name]:
                    now[name] = former[name]
            self._module = sys.modules.pop(_NAME, None)
            if module is not None:
                sys.modules[_NAME] = module

    def _apply(self, settings: Any, found: Path | None) -> None:
        if self._changed is not None:
            vars(settings).update(self._changed)
            if self._module is not None:
                sys.modules[_NAME] = self._module
            return
        fresh_policies()
        if found is None:
            return
        path = sys.path[:]
        sys.path.insert(0, str(found.parent))
        try:
            settings.import_local_settings()
        finally:
            sys.path[:] = path
