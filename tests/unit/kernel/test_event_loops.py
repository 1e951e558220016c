"""asyncio's loops in processes: whose loop is whose, what counts as work that time waits for, and when a loop parks."""

from __future__ import annotations

import _thread
import asyncio
import math
import os
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from harness.kernel import SECOND, Simulation, event_loop
from harness.kernel.event_loop import (
    IDLE_GRACE_S,
    IO_GRACE_S,
    WORK_PATIENCE_S,
    VirtualEventLoop,
    VirtualEventLoopPolicy,
    VirtualSelector,
    virtual_event_loops,
)
from harness.kernel.patches import time_patched
from harness.kernel.present import serving
from tests.unit.kernel.test_greenlets import simulate

real_sleep = time.sleep


class TestWhoseLoop:
    def test_a_process_has_none_until_it_makes_one_and_then_its_own(self) -> None:
        def first() -> Any:
            with pytest.raises(RuntimeError, match=r"no current event loop in this task; asyncio\.run"):
                asyncio.get_event_loop_policy().get_event_loop()
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            time.sleep(10)
            mine = asyncio.get_event_loop_policy().get_event_loop() is loop
            loop.close()
            return type(loop), mine

        def second() -> Any:
            time.sleep(5)
            with pytest.raises(RuntimeError, match="no current event loop"):
                asyncio.get_event_loop_policy().get_event_loop()

        assert simulate(first, second)["first"] == ((VirtualEventLoop, True), 10)

    def test_a_thread_of_a_process_does_not_have_its_loop(self) -> None:
        def body() -> Any:
            loop, said = asyncio.new_event_loop(), []
            asyncio.set_event_loop(loop)

            def asks() -> None:
                try:
                    asyncio.get_event_loop_policy().get_event_loop()
                except RuntimeError as error:
                    said.append(str(error))
                asyncio.set_event_loop(None)

            thread = threading.Thread(target=asks)
            thread.start()
            thread.join()
            kept = asyncio.get_event_loop_policy().get_event_loop() is loop
            loop.close()
            return len(said), kept

        assert simulate(body)["body"] == ((1, True), 0)

    def test_outside_of_processes_the_policy_that_was_there_answers(self) -> None:
        former = asyncio.get_event_loop_policy()
        mine = former.new_event_loop()
        try:
            with virtual_event_loops():
                assert isinstance(asyncio.get_event_loop_policy(), VirtualEventLoopPolicy)
                asyncio.set_event_loop(mine)
                assert asyncio.get_event_loop_policy().get_event_loop() is mine
                other = asyncio.new_event_loop()
                assert not isinstance(other, VirtualEventLoop)
                other.close()
            assert asyncio.get_event_loop_policy() is former
            assert former.get_event_loop() is mine
        finally:
            former.set_event_loop(None)
            mine.close()

    def test_in_the_main_loop_of_a_simulation_it_answers_too(self) -> None:
        simulation = Simulation(0)
        with time_patched(simulation), virtual_event_loops():
            loop = asyncio.new_event_loop()
            assert not isinstance(loop, VirtualEventLoop)
            loop.close()


class TestItsClock:
    def test_it_counts_from_when_the_loop_was_made_and_knows_a_microsecond(self) -> None:
        def body() -> Any:
            time.sleep(100)

            async def work() -> Any:
                loop = asyncio.get_running_loop()
                began = loop.time()
                await asyncio.sleep(0.000_003)
                return began, round((loop.time() - began) * SECOND)

            return asyncio.run(work())

        assert simulate(body)["body"][0] == (0, 3)

    def test_behind_the_simulation_it_is_real(self) -> None:
        kept: list[VirtualEventLoop] = []

        def body() -> None:
            kept.append(VirtualEventLoop())

        simulate(body)
        assert kept[0].time() == pytest.approx(time.monotonic(), abs=5)
        kept[0].close()

    @pytest.mark.parametrize("delay", [0.1, 0.3, 1 / 3, 1e-6, 7.000_001, 86_400.5])
    def test_a_timer_is_due_on_its_microsecond(self, delay: float) -> None:
        def body() -> Any:
            asyncio.run(asyncio.sleep(delay))

        assert simulate(body)["body"][1] == math.ceil(round(delay * SECOND, 1)) / SECOND


class TestWorkThatTimeWaitsFor:
    def test_threads_of_the_loops_pool_sleep_side_by_side(self) -> None:
        def body() -> Any:
            async def work() -> Any:
                return await asyncio.gather(*(asyncio.to_thread(time.sleep, n) for n in (10, 20)))

            asyncio.run(work())

        assert simulate(body)["body"][1] == 20

    @pytest.mark.parametrize("own", [False, True], ids=["the loop's pool", "a pool of its own"])
    def test_real_work_in_a_thread_comes_before_a_timeout(self, own: bool) -> None:
        def body() -> Any:
            def computes() -> str:
                end = time.perf_counter() + 0.2
                while time.perf_counter() < end:
                    pass
                return "done"

            async def work() -> Any:
                loop = asyncio.get_running_loop()
                with ThreadPoolExecutor(1) as pool:
                    return await asyncio.wait_for(loop.run_in_executor(pool if own else None, computes), 30)

            return asyncio.run(work())

        assert simulate(body)["body"] == ("done", 0)

    def test_a_child_is_waited_for_and_one_that_cannot_start_leaves_nothing_to_wait_for(self) -> None:
        def body() -> Any:
            async def work() -> Any:
                with pytest.raises(FileNotFoundError):
                    await asyncio.create_subprocess_exec("/nowhere/at/all")
                script = "import time; time.sleep(0.3); print('hello')"
                child = await asyncio.create_subprocess_exec(
                    sys.executable, "-Sc", script, stdout=asyncio.subprocess.PIPE
                )
                out, _ = await asyncio.wait_for(child.communicate(), 60)
                ended = time.perf_counter()
                await asyncio.sleep(5)
                return out, child.returncode, time.perf_counter() - ended < 1

            return asyncio.run(work())

        assert simulate(body)["body"] == ((b"hello\n", 0, True), 5)

    def test_a_real_answer_comes_before_its_timeout(self) -> None:
        def body() -> Any:
            ours, theirs = socket.socketpair()

            async def work() -> Any:
                reader, writer = await asyncio.open_connection(sock=ours)
                threading.Thread(target=theirs.sendall, args=(b"x",)).start()
                try:
                    return await asyncio.wait_for(reader.read(1), 3600)
                finally:
                    writer.close()
                    theirs.close()

            return asyncio.run(work())

        assert simulate(body)["body"] == (b"x", 0)

    def test_one_that_does_not_answer_times_out_in_virtual_time(self) -> None:
        def body() -> Any:
            ours, theirs = socket.socketpair()

            async def work() -> Any:
                reader, writer = await asyncio.open_connection(sock=ours)
                try:
                    with pytest.raises(asyncio.TimeoutError):
                        await asyncio.wait_for(reader.read(1), 3600)
                finally:
                    writer.close()
                    theirs.close()

            began = time.perf_counter()
            asyncio.run(work())
            return time.perf_counter() - began

        took_s, at = simulate(body)["body"]
        assert at == 3600
        assert 0.1 <= took_s < 10


class TestWaitsForWhatIsReal:
    """How long the machine's selector is asked to wait, at most, before time jumps."""

    class Waits(list[float]):
        """What was asked for, cut short to `cap_s`."""

        cap_s = 0.01

    @pytest.fixture
    def waits_s(self, monkeypatch: pytest.MonkeyPatch) -> Waits:
        asked = self.Waits()
        select = selectors.DefaultSelector.select

        def hasty(selector: selectors.DefaultSelector, timeout: float | None = None) -> Any:
            if not isinstance(selector, VirtualSelector):
                return select(selector, timeout)
            asked.append(math.inf if timeout is None else timeout)
            return select(selector, min(asked[-1], asked.cap_s))

        monkeypatch.setattr(selectors.DefaultSelector, "select", hasty)
        return asked

    def longest(self, waits_s: list[float], *bodies: Callable[[], Any]) -> float:
        simulation = Simulation(0)
        with time_patched(simulation), virtual_event_loops():
            for body in bodies:
                simulation.spawn(body)
            simulation.run_until()
            simulation.close()
        return max(waits_s)

    def test_none_where_a_timer_is_all_there_is(self, waits_s: list[float]) -> None:
        assert self.longest(waits_s, lambda: asyncio.run(asyncio.sleep(3600))) == 0

    def test_nor_while_a_server_of_ours_answers_somebody_else(self, waits_s: list[float]) -> None:
        with serving():
            assert self.longest(waits_s, lambda: asyncio.run(asyncio.sleep(3600))) == 0

    @pytest.mark.parametrize(("serves", "grace_s"), [(False, IDLE_GRACE_S), (True, 0)])
    def test_a_grace_where_nothing_is_waited_for_and_none_of_a_loop_that_serves(
        self, waits_s: list[float], serves: bool, grace_s: float
    ) -> None:
        def body() -> None:
            loop = VirtualEventLoop(parks_at_once=serves)
            try:
                loop.run_until_complete(loop.create_future())
            finally:
                loop.close()

        assert self.longest(waits_s, body) == grace_s

    @pytest.mark.parametrize(("timeout", "grace_s"), [(3600, IO_GRACE_S), (None, WORK_PATIENCE_S)])
    def test_descriptors_have_a_grace_or_where_nothing_else_is_to_come_patience(
        self, waits_s: list[float], timeout: float | None, grace_s: float
    ) -> None:
        async def reads() -> None:
            ours, theirs = socket.socketpair()
            with ours, theirs:
                _, writer = await asyncio.open_connection(sock=ours)
                await asyncio.wait_for(asyncio.get_running_loop().create_future(), timeout)
                writer.close()

        def body() -> None:
            with suppress(asyncio.TimeoutError):
                asyncio.run(reads())

        assert self.longest(waits_s, body) == grace_s

    def test_a_thread_that_sleeps_will_tell_in_virtual_time(self, waits_s: list[float]) -> None:
        told: list[str] = []

        async def asks() -> None:
            loop = asyncio.get_running_loop()
            got: asyncio.Future[str] = loop.create_future()

            def answers() -> None:
                time.sleep(50)
                loop.call_soon_threadsafe(got.set_result, "x")

            threading.Thread(target=answers).start()
            told.append(await got)

        assert self.longest(waits_s, lambda: asyncio.run(asks())) == 0
        assert told == ["x"]

    def test_work_of_an_executor_that_nobody_knows_has_patience_and_once_it_is_done_none(self, waits_s: Waits) -> None:
        class Elsewhere(Executor):
            def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
                done: Future[Any] = Future()
                _thread.start_new_thread(lambda: (real_sleep(0.02), done.set_result("x")), ())
                return done

        seen: list[Any] = []
        waits_s.cap_s = 5

        async def asks() -> None:
            seen.append(await asyncio.get_running_loop().run_in_executor(Elsewhere(), print))
            seen.append(max(waits_s))
            waits_s.clear()
            await asyncio.sleep(3600)

        assert self.longest(waits_s, lambda: asyncio.run(asks())) == 0
        assert seen == ["x", WORK_PATIENCE_S]


class TestParking:
    @pytest.mark.parametrize("serves", [False, True])
    def test_work_in_threads_of_the_loop_is_waited_for_in_virtual_time(self, serves: bool) -> None:
        def body() -> Any:
            loop = VirtualEventLoop(parks_at_once=serves)
            loop.run_until_complete(loop.run_in_executor(None, time.sleep, 30))
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

        assert simulate(body)["body"][1] == 30

    def test_a_loop_whose_thread_outlived_its_simulation_is_taken_on_by_who_gives_it_work(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As fsspec's, which runs for ever."""
        monkeypatch.setattr(event_loop, "IDLE_GRACE_S", 0.02)
        kept: list[Any] = []

        def first() -> Any:
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever, daemon=True)
            thread.start()
            kept.extend((loop, thread))
            return asyncio.run_coroutine_threadsafe(asyncio.sleep(10, "one"), loop).result()

        def second() -> Any:
            return asyncio.run_coroutine_threadsafe(asyncio.sleep(30, "two"), kept[0]).result()

        try:
            assert simulate(first)["first"] == ("one", 10)
            assert simulate(second)["second"] == ("two", 30)
            assert simulate(second)["second"] == ("two", 30)
        finally:
            loop, thread = kept
            loop.call_soon_threadsafe(loop.stop)
            thread.join(5)
            loop.close()

    def test_a_loop_that_serves_parks_also_while_threads_of_others_sleep(self) -> None:
        simulation = Simulation(0)

        def serves() -> None:
            loop = VirtualEventLoop(parks_at_once=True)
            try:
                loop.run_until_complete(loop.create_future())
            finally:
                loop.close()

        def starts() -> None:
            thread = threading.Thread(target=time.sleep, args=(100,))
            thread.start()
            thread.join()

        with time_patched(simulation), virtual_event_loops():
            simulation.spawn(starts)
            process = simulation.spawn(serves)
            simulation.run_until(50 * SECOND)
            assert process.waiting_for == "event loop, nothing to wait for"
            simulation.run_until()
            simulation.close()
        assert simulation.now == 100 * SECOND

    def test_a_loop_that_serves_parks_at_once_and_goes_on_when_it_is_woken(self) -> None:
        simulation, done = Simulation(0), []

        def serves() -> None:
            loop = VirtualEventLoop(parks_at_once=True)
            more = asyncio.Event()

            async def work() -> None:
                await more.wait()
                done.append(simulation.now)

            simulation.schedule(7 * SECOND, lambda: (more.set(), simulation.wake(process)))
            loop.run_until_complete(work())
            loop.close()

        began = time.perf_counter()
        with time_patched(simulation), virtual_event_loops():
            process = simulation.spawn(serves)
            simulation.run_until(SECOND)
            assert process.waiting_for == "event loop, nothing to wait for"
            simulation.run_until()
        assert done == [7 * SECOND]
        assert time.perf_counter() - began < 1.5

    def test_one_that_waits_for_a_descriptor_in_real_time_gets_it(self) -> None:
        def body() -> Any:
            reads, writes = os.pipe()

            async def work() -> bytes:
                loop = asyncio.get_running_loop()
                got: asyncio.Future[bytes] = loop.create_future()
                loop.add_reader(reads, lambda: got.done() or got.set_result(os.read(reads, 1)))
                later = threading.Thread(target=os.write, args=(writes, b"y"))
                later.start()
                try:
                    return await got
                finally:
                    loop.remove_reader(reads)
                    os.close(reads)
                    os.close(writes)

            return asyncio.run(work())

        assert simulate(body)["body"] == (b"y", 0)
