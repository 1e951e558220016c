"""What pytest finds by its entry point: it becomes `harness.pytest_plugin`, the one that is installed beside it.

Its name is nobody else's. ``harness`` may be: ``python -m pytest`` puts the working directory before everything else on
``sys.path``, and a project may have a ``harness.py`` there. So the package is taken from the folder of this file, not
from the first place on the path.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

_PACKAGE = "harness"
_FOLDER = Path(__file__).resolve().parent / _PACKAGE


def plugin() -> ModuleType:
    """The plugin of the package beside this file.

    Raises: pytest.UsageError: another module of that name was imported before.
    """
    present = sys.modules.get(_PACKAGE)
    if present is None:
        _import_package()
    elif [Path(folder).resolve() for folder in getattr(present, "__path__", ())] != [_FOLDER]:
        _refuse(present)
    return import_module(f"{_PACKAGE}.pytest_plugin")


def _import_package() -> None:
    spec = spec_from_file_location(_PACKAGE, _FOLDER / "__init__.py", submodule_search_locations=[str(_FOLDER)])
    assert spec is not None
    assert spec.loader is not None
    package = sys.modules[_PACKAGE] = module_from_spec(spec)
    try:
        spec.loader.exec_module(package)
    except BaseException:
        del sys.modules[_PACKAGE]
        raise


def _refuse(present: ModuleType) -> None:
    import pytest

    where = getattr(present, "__file__", None) or ", ".join(getattr(present, "__path__", ())) or "an unknown place"
    raise pytest.UsageError(
        f"module-hidden: the package {_PACKAGE!r} of airflow-harness is hidden by a module that was there before\n"
        f"  where   {where}\n"
        "  fix     rename it, put it into a package, or leave the plugin out: pytest -p no:airflow_harness"
    )


sys.modules[__name__] = plugin()
