"""What would end or replace the process ends the task alone: no rehearsal goes green without a verdict."""

import asyncio
import os
import subprocess
import sys
import threading
from datetime import datetime, timezone
from os import execv as by_name
from pathlib import Path

import pytest
from airflow.sdk import DAG, task

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def dag_of(body, **options):
    with DAG("gone", schedule="@daily", start_date=START) as dag:
        task(task_id="t", **options)(body)()
    return dag


def from_a_thread():
    thread = threading.Thread(target=os._exit, args=(3,))
    thread.start()
    thread.join()
    return "went on"


def from_a_thread_that_is_waited_for():
    event = threading.Event()

    def leave():
        os.execv("/bin/true", ["true"])
        event.set()

    threading.Thread(target=leave).start()
    event.wait()


WAYS = {
    "execv": lambda: os.execv("/bin/true", ["true"]),
    "execve": lambda: os.execve("/bin/true", ["true"], {}),
    "execlp": lambda: os.execlp("true", "true"),
    "execvpe": lambda: os.execvpe("true", ["true"], {}),
    "by name": lambda: by_name("/bin/true", ["true"]),
    "posix": lambda: sys.modules["posix"].execv("/bin/true", ["true"]),
    "abort": lambda: os.abort(),
    "a thread": from_a_thread,
    "a thread that is waited for": from_a_thread_that_is_waited_for,
    "asyncio": lambda: asyncio.run(asyncio.to_thread(os.execv, "/bin/true", ["true"])),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_task_cannot_end_the_rehearsal(rehearse, way):
    before = (os._exit, os.abort, os.execv, os.execve, sys.modules["posix"].execv, by_name)
    result = rehearse(dag_of(WAYS[way]))
    assert (os._exit, os.abort, os.execv, os.execve, sys.modules["posix"].execv, by_name) == before
    failed = result.task("t")
    assert failed.state == "failed"
    assert failed.error.kind == "WorkerExited"
    assert "its process" in failed.error.message


def test_children_may_become_what_they_like(rehearse):
    def children():
        spawned = os.spawnv(os.P_WAIT, "/bin/true", ["true"])
        posix_spawned = os.waitpid(os.posix_spawn("/bin/true", ["true"], os.environ), 0)[1]
        child = os.fork()
        if child == 0:
            os.execv("/bin/false", ["false"])
        forked = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        leaving = os.fork()
        if leaving == 0:
            os._exit(7)
        left = os.waitstatus_to_exitcode(os.waitpid(leaving, 0)[1])
        return [spawned, posix_spawned, forked, left, subprocess.run(["/bin/true"]).returncode]

    assert rehearse(dag_of(children)).task("t").xcom() == [0, 0, 1, 7, 0]


def test_a_callback_that_ends_the_worker_is_a_finding(rehearse):
    result = rehearse(dag_of(lambda: 1, on_success_callback=lambda context: os.execv("/bin/true", ["true"])))
    assert result.state == "success"
    assert [one.severity for one in result.findings] == ["error"]
    assert "os.execv('/bin/true', …)" in result.findings[0].message


@pytest.mark.parametrize(
    "ends",
    [
        "os._exit(0)",
        "os.execv('/bin/true', ['true'])",
        "t = threading.Thread(target=os._exit, args=(0,)); t.start(); t.join()",
    ],
)
def test_a_dag_file_cannot_end_what_loads_it(tmp_path, ends):
    from harness.simulation import Rehearsal

    text = f"import os, threading\nfrom airflow.sdk import DAG\ndag = DAG('d')\n{ends}\n"
    (tmp_path / "leaves.py").write_text(text)
    (tmp_path / "stays.py").write_text("from airflow.sdk import DAG\ndag = DAG('stays')\n")
    before = (os._exit, os.execv)
    folder = Rehearsal.of_paths([tmp_path]).folder
    assert (os._exit, os.execv) == before
    assert list(folder.dags) == ["stays"]
    assert [Path(failure.path).name for failure in folder.failures] == ["leaves.py"]
    assert "its process" in folder.failures[0].message


def test_what_a_dag_file_imported_by_name_is_the_call_itself_afterwards(tmp_path):
    from harness.simulation import Rehearsal

    text = "from os import _exit\nfrom airflow.sdk import DAG, task\n"
    text += "from airflow.providers.standard.operators.python import PythonOperator\n"
    text += "with DAG('d', schedule=None):\n    PythonOperator(task_id='t', python_callable=_exit, op_args=[4])\n"
    (tmp_path / "leaves.py").write_text(text)
    rehearsal = Rehearsal.of_paths([tmp_path])
    assert rehearsal.run("d").task("t").error.message == "the code ended its process: os._exit(4)"
    held = rehearsal.folder.dags["d"].task_dict["t"].python_callable
    child = os.fork()
    if child == 0:
        held(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_a_tests_double_of_an_exit_stays(rehearse, monkeypatch):
    called = []
    monkeypatch.setattr(os, "_exit", called.append)
    assert rehearse(dag_of(lambda: os._exit(5))).task("t").state == "success"
    assert called == [5]
