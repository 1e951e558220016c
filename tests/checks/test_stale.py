"""A hit of the cache never hides a change: the second answer is that of a run without cache."""

from __future__ import annotations

import compileall
import contextlib
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import time_machine

from harness.checks.context import CheckSelection, Declared
from harness.gate.cache import Cache, note_output
from harness.gate.inspection import CheckOptions, inspect
from harness.gate.present import stamp_of
from harness.gate.worker_pool import WorkerPool
from harness.project.config import read_config
from tests.checks import stale
from tests.checks.cases import gate

pytestmark = pytest.mark.gate

DECLARED = Declared("world.yaml", {"etl": 1, "default_pool": 1})
ASKED = CheckSelection({"pool-missing": "error", "import-error": "error", "unstable-dag": "error"})
CONTROL = """
import os, logging
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from airflow.sdk import DAG, task

AIRFLOW = version("apache-airflow-core")
logging.getLogger(__name__).info("parsed")
EXISTS = Path(__file__).exists()

with DAG("control", schedule="@daily", dagrun_timeout=timedelta(hours=1)):
    @task(pool="etl")
    def work(): ...
    work()
"""


def context(dags, cache):
    """Missing pools by file, everything else that was found, files that were parsed."""
    result = gate(dags, cache=cache, declared=DECLARED, selection=ASKED)
    pools = {one.dag_id: one.message for one in result.findings if one.check == "pool-missing"}
    others = [(one.path, one.message) for one in result.findings if one.check != "pool-missing"]
    return pools, others, {file.path.rsplit("/", 1)[1][:-3] for file in result.files if not file.cached}


def test_whatever_a_file_depends_on(tmp_path, monkeypatch):
    dags = tmp_path / "project" / "dags"
    dags.mkdir(parents=True)
    (tmp_path / "project" / "pyproject.toml").write_text("")
    stale.make(dags)
    (dags / "control.py").write_text(CONTROL)
    compileall.compile_dir(dags / "module", quiet=1)  # the module is then read from its byte code
    cache = tmp_path / "cache"
    assert context(dags, cache)[:2] == ({}, [])
    report = tmp_path / "project" / "report.json"
    report.write_text("{}")
    note_output(cache, report)
    assert context(dags, cache) == ({}, [], stale.EACH_TIME)
    for way in stale.WAYS:
        way.change(dags / way.name)
    for name, value in stale.VARIABLES.items():
        monkeypatch.setenv(name, value)
    mask = os.umask(0o77)
    try:
        pools, others, parsed = context(dags, cache)
        assert (pools, others) == context(dags, None)[:2]
    finally:
        os.umask(mask)
    assert pools.keys() == {way.name for way in stale.WAYS}
    assert others == []
    assert "control" not in parsed


def test_what_was_saved_while_it_was_parsed_is_not_kept(tmp_path):
    file, other = tmp_path / "a.py", tmp_path / "b.py"
    for path in (file, other):
        path.write_text("old")
    then = {f"file:{path}": stamp_of(str(path)) for path in (file, other)}
    report = {"depends": then, "imported": [], "libraries": [], "events": [], "dags": []}
    cache = Cache(tmp_path / "cache", "question")
    other.write_text("newer")
    cache.keep(str(file), report)
    assert cache.find(str(file)) is None
    cache.keep(str(file), {**report, "depends": {f"file:{other}": stamp_of(str(other))}})
    cache.write()
    assert Cache(tmp_path / "cache", "question").find(str(file)) is not None


@pytest.fixture
def project(tmp_path):
    """A project with a world, plugins, policies and settings of its own, looked at once."""
    for name, text in {
        "pyproject.toml": '[tool.airflow-harness]\nworld = "world.yaml"\ndags = ["dags"]\n',
        "world.yaml": "variables: {region: eu}\nconnections:\n  house: {uri: 'http://one.example'}\nenv: {STAGE: a}\n",
        "airflow.cfg": "[core]\ndefault_timezone = utc\n",
        ".env": "STAGE=b\n",
        "config/airflow_local_settings.py": "POOL = 'etl'\n",
        "plugins/house.py": "POOL = 'etl'\n",
        "plugins/house.yaml": "pool: etl\n",
        "dags/one.py": CONTROL,
        "dags/asks.py": f"from datetime import datetime\nNOW = datetime.now()\n{CONTROL.replace('control', 'asks')}",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    inspect(read_config(tmp_path), CheckOptions(ignore=("policy",)))
    return tmp_path


class Parsed(Exception):
    """Files are parsed."""


def test_whatever_all_files_depend_on(project, monkeypatch):
    """Which files are parsed after each change; none is, once it is taken back."""
    parsed = []

    def run(_worker_pool, requests, _done):
        parsed.extend(sorted(request.path.rsplit("/", 1)[1] for request in requests))
        raise Parsed

    monkeypatch.setattr(WorkerPool, "run", run)

    def looked():
        parsed.clear()
        with contextlib.suppress(Parsed):
            inspect(read_config(project), CheckOptions(ignore=("policy",)))
        return list(parsed)

    unchanged, every = ["asks.py"], ["asks.py", "one.py"]  # who asks for the time is parsed each time
    assert looked() == unchanged
    changes = {
        "world.yaml": ("eu", "us"),
        "world.yaml ": ("one.example", "two.example"),
        "world.yaml  ": ("STAGE: a", "STAGE: c"),
        "airflow.cfg": ("utc", "Europe/Berlin"),
        ".env": ("b", "c"),
        "config/airflow_local_settings.py": ("etl", "gone"),
        "plugins/house.py": ("etl", "gone"),
        "plugins/house.yaml": ("etl", "gone"),
        "pyproject.toml": ("dags =", "limits = {parse-time-s = 9}\ndags ="),
        "dags/one.py": ("etl", "eti"),
    }
    for name, (old, new) in changes.items():
        path = project / name.strip()
        text = path.read_text()
        path.write_text(text.replace(old, new))
        assert looked() == every, name
        path.write_text(text)
        assert looked() == unchanged, name
    for name in ("plugins/new.py", "airflow_local_settings.py", "dags/two.py"):
        (project / name).write_text("" if "two" not in name else CONTROL)
        assert looked() == (["asks.py", "two.py"] if "two" in name else every), name
        (project / name).unlink()
        assert looked() == unchanged, name
    for name, value in (("AIRFLOW__CORE__PARALLELISM", "3"), ("TZ", "Asia/Tokyo")):
        with monkeypatch.context() as context:
            context.setenv(name, value)
            assert looked() == every, name
    with time_machine.travel(datetime.now(timezone.utc) + timedelta(days=2)):
        assert looked() == every
    library = Path(time_machine.__file__)  # of an installed package, its version unchanged
    found = library.stat()
    try:
        os.utime(library, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
        assert looked() == every
    finally:
        os.utime(library, ns=(found.st_atime_ns, found.st_mtime_ns))
    for name in (".hidden", "airflow-harness-baseline.json", "logs/x", "__pycache__/x"):  # these are nobody's business
        (project / "dags" / name).parent.mkdir(exist_ok=True)
        (project / "dags" / name).write_text("")
    assert looked() == unchanged
