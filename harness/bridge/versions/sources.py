"""How Airflow tells a Dag file, names its module and opens an archive, as the installed version does.

Up to 3.3 an archive's modules are those at its top. From 3.4 on there are
*importers* (``airflow.sdk.importers``): an archive ends with ``.zip``, and its modules are those in its folders too,
each imported by a name of its own.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any


def might_contain_dag(path: str, archive: zipfile.ZipFile | None = None) -> bool:
    """Whether Airflow would import a file, or a member of an archive.

    Source: ``might_contain_dag`` of ``airflow.utils.file`` (up to 3.3) and of ``airflow._shared.module_loading`` (3.4).
    """
    from airflow.utils import file

    ask: Any = getattr(file, "might_contain_dag", None)
    if ask is None:
        from airflow._shared import module_loading

        ask = module_loading.might_contain_dag
    if "conf" in inspect.signature(ask).parameters:
        from airflow.configuration import conf

        ask = partial(ask, conf=conf)
    return bool(ask(path, safe_mode=True, zip_file=archive))


def module_name(path: str) -> str:
    """The name under which Airflow imports a Dag file. Source: ``get_unique_dag_module_name``."""
    try:
        from airflow.utils.file import get_unique_dag_module_name
    except ImportError:
        from airflow._shared.module_loading import get_unique_dag_module_name

    return str(get_unique_dag_module_name(path))


def is_archive(path: Path) -> bool:
    """Whether Airflow takes a file for an archive of Dags: by its content, from 3.4 on by its name."""
    if importlib.util.find_spec("airflow.sdk.importers") is not None and path.suffix.lower() != ".zip":
        return False
    return path.suffix != ".py" and zipfile.is_zipfile(path)


@contextmanager
def modules_in(path: Path) -> Iterator[Iterator[tuple[str, Any]]]:
    """The modules of an archive that may hold Dags: a name, and what imports it. The archive is on the path meanwhile.

    Source: ``PythonDagImporter._load_modules_from_zip`` (3.3.2); ``ZipImporter.list_dag_definitions`` and
    ``PythonDagImporter._load_modules`` (3.4).
    """
    sys.path.insert(0, str(path))
    try:
        if importlib.util.find_spec("airflow.sdk.importers") is None:
            with zipfile.ZipFile(path) as archive:
                yield _at_the_top(archive)
        else:
            yield _at_any_depth(path)
    finally:
        sys.path.remove(str(path))


def _at_the_top(archive: zipfile.ZipFile) -> Iterator[tuple[str, Any]]:
    for name in sorted(n for n in archive.namelist() if n.endswith((".py", ".pyc")) and "/" not in n):
        if might_contain_dag(name, archive):
            stem = name.rpartition(".")[0]
            yield stem, partial(importlib.import_module, stem)


def _at_any_depth(path: Path) -> Iterator[tuple[str, Any]]:
    from airflow.dag_processing.bundles.local import LocalDagBundle
    from airflow.sdk.importers.base import DagImportError
    from airflow.sdk.importers.zip_importer import ZipImporter

    found = ZipImporter().list_dag_definitions(LocalDagBundle(name="", path=str(path)))
    members = [one for one in found if not isinstance(one, DagImportError)]
    for member in sorted(members, key=repr):
        name = module_name(repr(member))
        yield name, partial(_imported, member, name)


def _imported(member: Any, name: str) -> Any:
    from airflow.sdk.importers import python_importer

    source, compiled = python_importer._DefinitionSourceLoader, python_importer._DefinitionBytecodeLoader
    loader = (compiled if member.suffix == ".pyc" else source)(member)
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
