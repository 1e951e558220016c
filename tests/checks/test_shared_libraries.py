"""Libraries imported once for many files: findings are what they are when each file imports them itself."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from harness.gate import worker_pool
from tests.checks.cases import gate

pytestmark = pytest.mark.gate

LIBRARIES = {
    "good": "VALUE = 1",
    "warns": "import warnings\nclass RemovedInAirflow5(DeprecationWarning): ...\n"
    "RemovedInAirflow5.__module__ = 'airflow.exceptions'\nwarnings.warn('old', RemovedInAirflow5)",
    "sets": "import os\nos.environ['HOUSE'] = '1'",
    "threads": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "replaces": "import time\ntime.sleep = print",
    "missing": "import no_such_module_at_all",
    "exits": "raise SystemExit(3)",
    "asks": "import socket\nsocket.getaddrinfo('example.org', 80)",
}
PROGRAM = """
import json, os, sys
import harness.gate.fork_server
from harness.bridge.parsing import shared_libraries
from harness.bridge.parsing.watching import Users

sys.path.insert(0, sys.argv[1])
shared_libraries._INSTALLED_IN += (os.path.realpath(sys.argv[1]) + "/",)
found = {}
for name in json.loads(sys.argv[2]):
    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            shared_libraries.import_shared([name, "good"], Users("/nowhere"))
            shared = shared_libraries.SHARED
            os.write(writer, json.dumps([sorted(shared.seconds), shared.refused.get(name)]).encode())
        finally:
            os._exit(0)
    os.close(writer)
    found[name] = json.loads(os.read(reader, 10_000))
print(json.dumps(found))
"""


def test_a_library_that_changes_its_process_or_warns_is_refused(tmp_path):
    for name, text in LIBRARIES.items():
        (tmp_path / f"{name}.py").write_text(text)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), json.dumps([*LIBRARIES])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "good": [["good"], None],
        "warns": [["warns"], "it warns"],
        "sets": [["sets"], "environment variables: HOUSE"],
        "threads": [["threads"], "it starts threads"],
        "replaces": [["replaces"], "replaced: time.sleep"],
        "missing": [["good"], None],  # each file that imports it meets with the same
        "exits": [["good"], None],
        "asks": [["good"], None],
    }


HEAD = "from airflow.sdk import DAG, task\nimport json\n"
DAG = """
with DAG({dag_id!r}, schedule=None):
    @task(pool={pool})
    def work(): ...
    work()
"""


def test_what_one_file_does_to_a_library_no_other_meets_with(tmp_path):
    """The library is one that Airflow brings: each file must find it as if it were alone."""
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "first.py").write_text(
        f"{HEAD}import email.message, wsgiref.util\nwsgiref.util.POOL = 'gone'\n"
        + DAG.format(dag_id="first", pool="'default_pool'")
    )
    (dags / "second.py").write_text(
        f"{HEAD}import wsgiref.util\n"
        + DAG.format(dag_id="second", pool="getattr(wsgiref.util, 'POOL', 'default_pool')")
    )
    (dags / "third.py").write_text(
        f"import os\nos.environ['HOUSE_TZ'] = '1'\n{HEAD}import wsgiref.util\n"
        + DAG.format(dag_id="third", pool="'default_pool'")
    )
    (dags / "fourth.py").write_text(
        f"import os\n{HEAD}import wsgiref.util\nos._exit(3)\n" + DAG.format(dag_id="fourth", pool="'default_pool'")
    )
    result = gate(dags, jobs=1)
    told = {(one.path.rsplit("/", 1)[1], one.check) for one in result.findings if one.severity != "x"}
    checks = {"pool-missing", "process-pollution", "import-error", "unstable-dag"}
    assert {(path, check) for path, check in told if check in checks} == {
        ("third.py", "process-pollution"),
        ("fourth.py", "import-error"),
    }


def test_a_folder_before_the_libraries_goes_before_them(tmp_path):
    dags = tmp_path / "dags"
    (dags / "near" / "wsgiref").mkdir(parents=True)
    (dags / "near" / "wsgiref" / "__init__.py").write_text("")
    (dags / "near" / "wsgiref" / "util.py").write_text("POOL = 'gone'")
    text = "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parent / 'near'))\n"
    (dags / "near_first.py").write_text(
        f"{text}{HEAD}import wsgiref.util\n" + DAG.format(dag_id="near", pool="wsgiref.util.POOL")
    )
    plain = DAG.format(dag_id="plain", pool="getattr(wsgiref.util, 'POOL', 'default_pool')")
    (dags / "plain.py").write_text(f"{HEAD}import wsgiref.util\n{plain}")
    result = gate(dags, jobs=1)
    assert {one.dag_id for one in result.findings if one.check in ("pool-missing", "import-error")} == {"near"}


UNSTABLE = {
    "set_here": "DOC = ','.join({str(number) for number in range(50)})",
    "set_there": "from sets_of_mine import DOC",
    "views": "one = dict.fromkeys('abcdefgh')\nDOC = ','.join(one.keys() | one.keys())",
    "chance": "import random\nDOC = str(random.random())",
    "chance_of_numpy": "import numpy.random\nDOC = str(numpy.random.random())",
    "address": "DOC = str(object())",
    "clock": "import time\nDOC = str(time.time())",
}
STABLE = {
    "sorted_set": "DOC = ','.join(sorted({'a', 'b', 'c', 'd'}))",
    "constant": "DOC = 'as ever'",
    "seeded": "import numpy.random\nnumpy.random.seed(7)\nDOC = str(numpy.random.random())",
}
DOCUMENTED = "\nfrom airflow.sdk import DAG\ndag = DAG({dag_id!r}, schedule=None, doc_md=DOC)\n"


def unstable(folder, files):
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text + DOCUMENTED.format(dag_id=name))
    return {one.dag_id for one in gate(folder).findings if one.check == "unstable-dag"}


def test_what_is_another_one_at_every_parse_is_seen_from_forks_of_one_process(tmp_path, monkeypatch):
    """Random numbers and addresses of a fork are those of the process that it comes from, unless one sees to it."""
    seeds = []
    start = worker_pool.WorkerPool._start

    def started(self, seed, *rest, **more):
        seeds.append(seed)
        start(self, seed, *rest, **more)

    monkeypatch.setattr(worker_pool.WorkerPool, "_start", started)
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / ".airflowignore").write_text("sets_of_mine.py\n")
    (dags / "sets_of_mine.py").write_text("DOC = ','.join(set('abcdefghijklmnop'))\n")
    forked = {name: text for name, text in UNSTABLE.items() if name not in ("set_here", "set_there", "views")}
    again = {"chance_again": UNSTABLE["chance_of_numpy"]}  # several import it: it is imported ahead
    assert unstable(dags, {**forked, **again, **STABLE}) == {*forked, *again}
    assert seeds == [1]
    ordered = {name: UNSTABLE[name] for name in ("set_here", "set_there", "views")}
    assert unstable(dags, ordered) >= {*ordered}
    assert seeds == [1, 1, 2]
