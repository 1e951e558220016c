"""What belongs to the whole process: the world's inside a simulation, its owner's behind it, whatever tasks did."""

from __future__ import annotations

import gc
import logging
import os
import random
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import numpy
import pytest

from harness.simulation import environment
from harness.simulation.environment import Interruption, interruptible, patient_collector, process_state
from harness.world import World


def state() -> dict[str, Any]:
    umask = os.umask(0o022)
    os.umask(umask)
    return {
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "random": random.getstate(),
        "numpy": numpy.random.get_state()[1].tolist(),
        "path": sys.path[:],
        "disabled": logging.root.manager.disable,
        "timeout": socket.getdefaulttimeout(),
        "umask": umask,
        "handler": signal.getsignal(signal.SIGUSR1),
    }


def test_all_of_it_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("CHANGED", "before")
    before = state()

    def spoil() -> None:
        with process_state(World(), seed=1):
            os.environ["CHANGED"] = "after"
            os.environ["NEW"] = "1"
            del os.environ["KEPT"]
            os.chdir(tmp_path)
            random.random()
            numpy.random.rand()
            sys.path.insert(0, "/somewhere")
            logging.disable(logging.CRITICAL)
            socket.setdefaulttimeout(7)
            os.umask(0o077)
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            raise LookupError

    with pytest.raises(LookupError):
        spoil()
    after = state()
    assert {name for name, value in before.items() if after[name] != value} == set()


def test_the_owners_connections_and_variables_are_hidden_and_the_worlds_environment_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = {"AIRFLOW_CONN_WAREHOUSE": "postgres://x", "AIRFLOW_VAR_KEY": "secret", "AIRFLOW__CORE__X": "1"}
    for name, value in mine.items():
        monkeypatch.setenv(name, value)
    world = World()
    world.set_env("REGION", "north")
    with process_state(world, seed=1):
        assert [name for name in mine if name in os.environ] == ["AIRFLOW__CORE__X"]
        assert os.environ["REGION"] == "north"
    assert {name: os.environ.get(name) for name in mine} == mine
    assert "REGION" not in os.environ


def test_one_seed_is_one_sequence_whatever_was_drawn_before() -> None:
    drawn = []
    for seed in (3, 3, 4, 2**40 + 3, 2**31 + 3):
        random.random()
        numpy.random.rand()
        with process_state(World(), seed):
            drawn.append((random.random(), float(numpy.random.rand())))
    assert drawn[0] == drawn[1]
    assert len({first for first, _ in drawn}) == 4
    assert drawn[0][1] != drawn[2][1]
    assert drawn[0][1] == drawn[3][1], "numpy takes seeds of 32 bits"
    assert drawn[0][1] != drawn[4][1], "and of all of them"


def test_without_numpy_there_is_nothing_to_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "numpy")
    with process_state(World(), seed=1):
        pass
    assert "numpy" not in sys.modules


def test_in_another_thread_signals_are_left_alone() -> None:
    raised: list[BaseException] = []

    def work() -> None:
        try:
            with process_state(World(), seed=1):
                pass
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert raised == []


@pytest.mark.parametrize(("owners", "inside"), [(700, 20_000), (1, 20_000), (0, 0), (19_999, 20_000), (20_001, 20_001)])
def test_the_collector_is_patient_unless_its_owner_is_more_so(owners: int, inside: int) -> None:
    former = gc.get_threshold()
    try:
        gc.set_threshold(owners, 11, 12)
        with patient_collector():
            assert gc.get_threshold() == (inside, 11, 12)
        assert gc.get_threshold() == (owners, 11, 12)
    finally:
        gc.set_threshold(*former)


class TestInterruptions:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_one_is_an_error_where_it_strikes_and_remembered(self, number: int) -> None:
        interruption = Interruption()
        handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        assert not interruption.happened
        with interruptible(interruption):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
            assert interruption.happened
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers

    @pytest.mark.parametrize(("number", "raised"), [(signal.SIGINT, []), (signal.SIGTERM, [signal.SIGTERM])])
    def test_behind_it_the_signal_does_what_it_would_have_done(
        self, monkeypatch: pytest.MonkeyPatch, number: int, raised: list[int]
    ) -> None:
        sent: list[int] = []
        interruption = Interruption()
        with pytest.raises(KeyboardInterrupt):
            interruption.strike(number, None)
        monkeypatch.setattr(signal, "raise_signal", sent.append)
        with pytest.raises(KeyboardInterrupt):
            interruption.go_on()
        assert sent == raised

    def test_in_another_thread_the_handlers_stay(self) -> None:
        interruption, seen = Interruption(), []

        def work() -> None:
            with interruptible(interruption):
                seen.append(signal.getsignal(signal.SIGINT))

        before = signal.getsignal(signal.SIGINT)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert seen == [before]


@pytest.mark.parametrize(
    ("env", "found"),
    [
        ({"STATSD_HOST": "127.0.0.1", "STATSD_PORT": "8125"}, ("127.0.0.1", 8125)),
        ({"STATSD_HOST": "metrics.example", "STATSD_PORT": "8125"}, None),
        ({"STATSD_HOST": "127.0.0.1", "STATSD_PORT": "any"}, None),
        ({"STATSD_HOST": "127.0.0.1"}, None),
        ({}, None),
    ],
)
def test_metrics_go_to_a_server_of_the_worlds_own_and_to_no_other(
    env: dict[str, str], found: tuple[str, int] | None
) -> None:
    assert environment._statsd_of(World(env=env)) == found
