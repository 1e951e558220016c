"""After a simulation the process is what it was, however it ended."""

import asyncio
import gc
import json
import logging
import os
import signal
import socket
import sys
import time
from datetime import datetime, timezone

import pytest

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def state_of_the_process():
    import structlog
    from airflow import settings
    from airflow.sdk.execution_time import task_runner, timeout

    return {
        "time": (time.sleep, time.monotonic, time.time, datetime.now),
        "environment": dict(os.environ),
        "signals": {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)},
        "timer": signal.getitimer(signal.ITIMER_REAL),
        "policy": asyncio.get_event_loop_policy(),
        "comms": getattr(task_runner, "SUPERVISOR_COMMS", None),
        "airflow": (task_runner._execute_task, timeout.timeout, task_runner.get_hostname, settings.Session),
        "logging": (logging.getLogger().handlers[:], logging.getLogger().level),
        "structlog": list(structlog.get_config()["processors"]),
        "streams": (sys.stdout, sys.stderr),
        "folder": os.getcwd(),
        "loop": asyncio._get_running_loop(),
        "disabled": logging.root.manager.disable,
        "path": sys.path[:],
        "umask": (before := os.umask(0), os.umask(before))[0],
        "socket": socket.getdefaulttimeout(),
        "usr1": signal.getsignal(signal.SIGUSR1),
        "collector": gc.get_threshold(),
        "caches": caches_stand_where(),
    }


def caches_stand_where():
    """What a simulation replaces so that Airflow does not repeat its work."""
    from harness.bridge.patches.shortcuts import shortcuts

    return {(repr(place), name): vars(place).get(name) for place, name, _ in shortcuts()}


def dag_of(body):
    from airflow.sdk import DAG, task

    with DAG("harmless", schedule="@daily", start_date=START) as dag:
        task(body, task_id="t")()
    return dag


def meddles():
    os.environ["LEFT"] = "behind"
    os.chdir("/")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    sys.path.insert(0, "/nowhere")
    os.umask(0o077)
    socket.setdefaulttimeout(1.0)
    time.sleep(60)
    return asyncio.run(asyncio.sleep(1))


def breaks():
    raise RuntimeError("no")


def interrupted():
    signal.raise_signal(signal.SIGINT)


def test_success_failure_and_ctrl_c_leave_nothing_behind(rehearse):
    rehearse(dag_of(lambda: 1))  # what Airflow itself initialises lazily is initialised
    before = state_of_the_process()
    assert rehearse(dag_of(meddles)).state == "success"
    assert state_of_the_process() == before
    assert rehearse(dag_of(breaks)).state == "failed"
    assert state_of_the_process() == before
    with pytest.raises(KeyboardInterrupt):
        rehearse(dag_of(interrupted))
    assert state_of_the_process() == before
    assert datetime.now(timezone.utc).year > 2025


def test_ctrl_c_runs_no_callback_and_no_further_task(rehearse):
    from airflow.sdk import DAG, task

    called = []
    with DAG("stopped", schedule="@daily", start_date=START) as dag:

        @task(
            retries=3,
            on_failure_callback=lambda c: called.append("failure"),
            on_retry_callback=lambda c: called.append("retry"),
        )
        def stops():
            signal.raise_signal(signal.SIGINT)

        @task(trigger_rule="always")
        def parallel():
            time.sleep(60)
            called.append("parallel")

        stops()
        parallel()
    with pytest.raises(KeyboardInterrupt):
        rehearse(dag)
    assert called == []


def test_the_owners_connections_are_hidden_and_stay(rehearse, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "postgresql://prod.example.test/real")
    monkeypatch.setenv("AIRFLOW_VAR_REGION", "production")

    def body():
        from airflow.sdk import Connection, Variable

        try:
            Connection.get("warehouse")
        except Exception as error:
            return [type(error).__name__, Variable.get("region", default="none")]
        return "reached production"

    assert rehearse(dag_of(body)).task("t").xcom() == ["AirflowNotFoundException", "none"]
    assert os.environ["AIRFLOW_VAR_REGION"] == "production"


def test_prints_logs_and_warnings_go_to_the_tasks_log(rehearse, capsys):
    def body():
        import warnings

        import structlog

        print("printed")
        logging.getLogger("mine").warning("logged %s", "std")
        structlog.get_logger("mine").info("structured", rows=3)
        warnings.warn("old way", DeprecationWarning, stacklevel=1)

    result = rehearse(dag_of(body))
    log = result.task("t").log
    for text in ("printed", "logged std", "structured", "rows=3"):
        assert text in log, log
    assert capsys.readouterr().out == ""


def test_a_log_without_end_keeps_its_beginning_and_its_end(rehearse):
    def body():
        for number in range(7_000):
            print(f"line {number}")
        raise ValueError("the last word")

    lines = rehearse(dag_of(body)).task("t").log.splitlines()
    assert any(line.endswith(" line 0") for line in lines[:20])
    assert "the last word" in "\n".join(lines[-40:])
    (gap,) = [line for line in lines if line.endswith(" lines left out")]
    assert lines.index(gap) == 2_500


def test_randomness_is_seeded_and_restored(rehearse):
    import random

    def body():
        import random

        return random.random()

    random.seed(7)
    state = random.getstate()
    one, two, other = (rehearse(dag_of(body), seed=seed).task("t").xcom() for seed in (0, 0, 1))
    assert one == two != other
    assert random.getstate() == state


def test_a_timer_of_the_owner_goes_on(rehearse):
    """pytest-timeout and the like hold SIGALRM; an execution_timeout must not take it from them."""
    from datetime import timedelta

    from airflow.sdk import DAG, task

    with DAG("guarded", schedule="@daily", start_date=START) as dag:
        task(lambda: time.sleep(60), task_id="t", execution_timeout=timedelta(minutes=5))()
    rung = []
    former = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    signal.setitimer(signal.ITIMER_REAL, 30)
    try:
        assert rehearse(dag).state == "success"
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 30
        signal.raise_signal(signal.SIGALRM)
        assert rung == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def test_from_inside_a_running_event_loop(rehearse):
    async def test():
        return rehearse(dag_of(lambda: asyncio.run(asyncio.sleep(1, "slept")))).task("t").xcom()

    assert asyncio.run(test()) == "slept"


@pytest.mark.parametrize(("code", "states"), [(0, ["success"]), (3, ["up_for_retry", "failed"])])
def test_a_task_that_ends_its_process_ends_only_itself(rehearse, code, states):
    from airflow.sdk import DAG, task

    called = []
    with DAG("gone", schedule="@daily", start_date=START) as dag:
        leaves = task(lambda: os._exit(code), task_id="leaves", retries=1, on_failure_callback=called.append)()
        leaves >> task(lambda: "after", task_id="after", trigger_rule="all_done")()
    result = rehearse(dag)
    assert [attempt.state for attempt in result.task("leaves").attempts] == states
    assert result.task("after").xcom() == "after"
    assert called == []


def test_sigterm_stops_the_run_and_then_reaches_its_owner(rehearse):
    reached = []
    former = signal.signal(signal.SIGTERM, lambda *_: reached.append(time.sleep.__module__))
    try:
        with pytest.raises(KeyboardInterrupt):
            rehearse(dag_of(lambda: signal.raise_signal(signal.SIGTERM)))
    finally:
        signal.signal(signal.SIGTERM, former)
    assert reached == ["time"]


def test_a_journal_says_how_it_ended(rehearse, tmp_path):
    from harness.ledger.reading import verify

    assert rehearse(dag_of(lambda: {"b", "a"}), keep=tmp_path / "whole").state == "success"
    assert verify(tmp_path / "whole" / "journal.jsonl") > 5
    with pytest.raises(KeyboardInterrupt):
        rehearse(dag_of(interrupted), keep=tmp_path / "cut")
    assert verify(tmp_path / "cut" / "journal.jsonl") > 3
    *lines, footer = (tmp_path / "cut" / "journal.jsonl").read_text().splitlines()
    assert json.loads(footer)["interrupted"] is True
    (tmp_path / "killed.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match="no footer"):
        verify(tmp_path / "killed.jsonl")
    whole = (tmp_path / "whole" / "journal.jsonl").read_text()
    (tmp_path / "forged.jsonl").write_text(whole.replace("success", "skipped", 1))
    with pytest.raises(ValueError, match="does not follow"):
        verify(tmp_path / "forged.jsonl")


SHARED: list[str] = []


def append_to_the_module():
    SHARED.append("seen")
    return len(SHARED)


def test_globals_of_one_task_are_seen_by_the_next_and_mocks_reach_both(rehearse, monkeypatch):
    from airflow.sdk import DAG, task

    monkeypatch.setattr(sys.modules[__name__], "SHARED", [])
    with DAG("sharing", schedule="@daily", start_date=START) as dag:
        task(append_to_the_module, task_id="first")() >> task(append_to_the_module, task_id="second")()
    result = rehearse(dag)
    assert [result.task(name).xcom() for name in ("first", "second")] == [1, 2]
    assert SHARED == ["seen", "seen"]
