"""asyncio's loops in processes: whose loop is whose, what counts as work that time waits for, and when a loop parks."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness.kernel import SECOND, Simulation
from harness.kernel.event_loop import VirtualEventLoop, VirtualEventLoopPolicy, virtual_event_loops
from harness.kernel.patches import time_patched
from tests.unit.kernel.test_greenlets import simulate


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


class TestParking:
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
