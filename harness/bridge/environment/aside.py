"""An Airflow that was imported for us, out of its owner's way while nothing of ours runs.

In a test suite our fixtures may be the first to import Airflow: then it stands on a throw-away home. A test of the
owner's that imports it afterwards, in its own function, means the owner's. So between our tests its modules are not in
``sys.modules``, and whoever imports it finds it made the owner's first: as if the owner had imported it. From then on a
simulation only borrows it (`harness.bridge.environment.seal`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

AIRFLOW = "airflow"


class Aside:
    """The modules put aside, and the finder that brings them back.

    Attributes:
        owners: Airflow is its owner's, who imported it; it stays where it is.
    """

    def __init__(self) -> None:
        self.owners = False
        self._ours = False
        self._modules: dict[str, ModuleType] = {}
        self._spec: ModuleSpec | None = None

    def put(self) -> None:
        """Take Airflow out of ``sys.modules``, unless its owner has it or nobody has."""
        if self.owners or AIRFLOW not in sys.modules:
            return
        self._ours, self._spec = True, sys.modules[AIRFLOW].__spec__
        self._modules = {name: sys.modules.pop(name) for name in list(_names(sys.modules))}
        sys.meta_path.insert(0, self)

    def back(self) -> None:
        """Put it there again, for us."""
        if not self._modules and AIRFLOW in sys.modules and not self._ours:
            self.owners = True
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        sys.modules.update(self._modules)
        self._modules = {}

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A finder's part. Looking for Airflow is not importing it: nothing happens until the loader is asked."""
        if name != AIRFLOW or self._spec is None:
            return None
        loader: Any = _Adoption(self, self._modules[AIRFLOW], self._spec)
        return ModuleSpec(name, loader, origin=self._spec.origin, is_package=True)

    def adopt(self) -> None:
        """Make it the owner's."""
        self.owners = True
        self.back()
        read_again()


class _Adoption:
    """The loader that gives the module there is."""

    def __init__(self, aside: Aside, module: ModuleType, spec: ModuleSpec) -> None:
        self._aside, self._module, self._spec = aside, module, spec

    def create_module(self, _spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec
        self._aside.adopt()


def _names(modules: Any) -> Iterator[str]:
    return (name for name in modules if name == AIRFLOW or name.startswith(f"{AIRFLOW}."))


ASIDE = Aside()
"""Of this process."""


def read_again() -> None:
    """Have an imported Airflow read anew what it reads when it is imported: its home, settings, database, plugins.

    In place, for whoever has imported these objects by name. What other modules made of single settings, as
    ``DEFAULT_OWNER``, stays.

    Source: ``airflow.configuration``, ``airflow.settings.initialize`` (3.3.2).
    """
    from airflow import configuration, settings

    configuration.AIRFLOW_HOME = configuration.get_airflow_home()
    configuration.AIRFLOW_CONFIG = configuration.get_airflow_config(configuration.AIRFLOW_HOME)
    settings.AIRFLOW_HOME = configuration.AIRFLOW_HOME
    for module in (configuration, sys.modules.get("airflow.sdk.configuration")):
        present = vars(module).get("conf") if module is not None else None
        if module is not None and present is not None:
            _become(present, module.initialize_config())
    configuration.secrets_backend_list[:] = configuration.initialize_secrets_backends()
    settings.configure_vars()
    settings.prepare_syspath_for_config_and_plugins()
    if "airflow_local_settings" not in sys.modules:
        settings.import_local_settings()
    if settings.engine is not None:
        settings.engine.dispose()
    settings.configure_orm()
    _forget_plugins()


def _become(present: Any, fresh: Any) -> None:
    vars(present).clear()
    vars(present).update(vars(fresh))


def _forget_plugins() -> None:
    """Plugins are looked for when they are first needed: in the owner's folder then."""
    manager: Any = sys.modules.get("airflow.plugins_manager")
    if manager is None:
        return
    for value in list(vars(manager).values()):
        if hasattr(value, "cache_clear"):
            value.cache_clear()
    for name, kind in vars(manager).get("__annotations__", {}).items():  # 3.1
        if str(kind).endswith("| None"):
            setattr(manager, name, None)
    if isinstance(vars(manager).get("loaded_plugins"), set):
        manager.loaded_plugins.clear()
