"""Which file goes to which fork server, with which others, how often; and who is to blame when one is lost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from fork_servers import READY, Machine, Server, nobody_home, report

from harness.checks.context import CheckSelection
from harness.errors import AirflowUnusable, WorkerLost
from harness.gate import worker_pool
from harness.gate.child_end import ChildEnd
from harness.gate.fork_server import NO_AIRFLOW
from harness.gate.options import ParseOptions
from harness.gate.worker_pool import BATCH, FEW, FIRST, OTHER, Request, WorkerPool


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(worker_pool, "_ForkServer", machine.kind)
    return machine


Told = list[tuple[str, bool, ChildEnd]]


def parsed(
    *requests: Request,
    jobs: int = 1,
    second_parses: bool = False,
    shared: tuple[str, ...] = (),
    wants: Iterable[str] = (),
) -> Told:
    """What a pool told of some files: (path, whether it is a second parse, verdict)."""
    told: Told = []
    options = ParseOptions(CheckSelection({}), shared=shared)
    pool = WorkerPool(options, jobs, second_parses, lambda paths: wants)
    pool.run(requests, lambda request, end: told.append((request.path, request.second, end)))
    return told


def files(number: int, root: str = "/dags") -> list[Request]:
    return [Request(f"{root}/{n}.py", root) for n in range(number)]


def outcomes(told: Told) -> dict[str, str]:
    """By path; each file is told once."""
    assert len({path for path, _, _ in told}) == len(told)
    return {path: end.outcome for path, _, end in told}


class TestWhoGetsWhat:
    def test_nothing_to_parse_starts_nothing(self, machine: Machine) -> None:
        assert parsed() == []
        assert machine.servers == []

    @pytest.mark.parametrize(("number", "jobs", "workers"), [(1, 4, 1), (3, 2, 2), (9, 4, 4), (5, 0, 1)])
    def test_no_more_workers_than_files_or_jobs(self, machine: Machine, number: int, jobs: int, workers: int) -> None:
        assert len(outcomes(parsed(*files(number), jobs=jobs))) == number
        assert [len(server.workers) for server in machine.servers] == [workers]

    def test_all_are_parsed_once_in_their_order(self, machine: Machine) -> None:
        requests = files(3 * BATCH + 1)
        assert [path for path, _, _ in parsed(*requests)] == [one.path for one in requests]
        assert [len(paths) for _, paths, _ in machine.given] == [BATCH, BATCH, BATCH, 1]

    def test_workers_side_by_side_leave_something_to_each_other(self, machine: Machine) -> None:
        parsed(*files(BATCH * 2 + 8), jobs=2)
        assert [len(paths) for _, paths, _ in machine.given] == [BATCH, 9, 4, FEW, 2]

    def test_a_worker_is_given_files_of_one_root(self, machine: Machine) -> None:
        first, second = files(3, "/a"), files(2, "/b")
        mixed = [first[0], second[0], first[1], second[1], first[2]]
        parsed(*mixed)
        assert [paths for _, paths, _ in machine.given] == [["/a/0.py", "/a/1.py", "/a/2.py"], ["/b/0.py", "/b/1.py"]]

    def test_a_worker_that_has_not_been_forked_is_given_nothing(self, machine: Machine) -> None:
        def boot(server: Server) -> None:
            server.says(READY)
            server.workers[1].answers_with({"pid": 2})

        machine.boot = boot
        assert len(parsed(*files(4), jobs=2)) == 4
        assert machine.servers[0].workers[0].pid is None

    def test_what_a_child_did_not_come_to_goes_first_in_the_next_one(self, machine: Machine) -> None:
        machine.answer = lambda server, requests: [report()]
        told = parsed(*files(BATCH + 2))
        assert [path for path, _, _ in told] == [one.path for one in files(BATCH + 2)]
        assert [paths[0] for _, paths, _ in machine.given] == [one.path for one in files(BATCH + 2)]

    def test_libraries_that_were_imported_are_remembered(self, machine: Machine) -> None:
        machine.boot = lambda server: (nobody_home(server), server.says({**READY, "libraries": ["/lib/a.py"]}))[0]
        pool = WorkerPool(ParseOptions(CheckSelection({})), 1, False)
        pool.run(files(1), lambda request, end: None)
        assert pool.libraries == {"/lib/a.py"}


class TestTwins:
    @staticmethod
    def answer(server: Server, requests: list[Request]) -> list[ChildEnd]:
        """Files 0 and 1 hold Dags, and what those come to may depend on the hash seed, but for that of file 1."""
        dags = [{"dag_id": "d"}]
        of = {"0.py": report(dags=dags), "1.py": report(dags=dags, hashes=False), "3.py": ChildEnd("exited", 1)}
        return [of.get(one.path.rpartition("/")[2], report()) for one in requests]

    def test_what_holds_a_dag_is_parsed_again_where_hashes_differ(self, machine: Machine) -> None:
        machine.answer = self.answer
        told = parsed(*files(4), second_parses=True)
        assert sorted(path for path, second, _ in told if second) == ["/dags/0.py", "/dags/1.py"]
        assert sorted(path for path, second, _ in told if not second) == [one.path for one in files(4)]
        assert [server.seed for server in machine.servers] == [FIRST, OTHER]
        by = {path: machine.servers[number].seed for number, paths, second in machine.given for path in paths if second}
        assert by["/dags/0.py"] == OTHER

    def test_where_hashes_make_no_difference_the_first_server_does_it(self, machine: Machine) -> None:
        machine.answer = lambda server, requests: [report(dags=[1], hashes=False) for _ in requests]
        parsed(*files(2), second_parses=True)
        assert [server.seed for server in machine.servers] == [FIRST]
        assert machine.given[1:] == [(0, ["/dags/0.py", "/dags/1.py"], True)]

    def test_no_second_one_is_started_while_files_wait_for_their_first_parse(self, machine: Machine) -> None:
        machine.answer = lambda server, requests: [report(dags=[1]) for _ in requests]
        parsed(*files(BATCH * 2), second_parses=True)
        firsts = [number for number, _, second in machine.given if not second]
        assert firsts == [0, 0]
        assert {number for number, _, second in machine.given if second} == {1}
        assert len(machine.servers[1].workers) == 1

    def test_unless_they_are_asked_for_there_are_none(self, machine: Machine) -> None:
        machine.answer = self.answer
        assert [path for path, second, _ in parsed(*files(4)) if second] == []

    def test_a_second_parse_that_the_child_did_not_come_to_waits_for_the_same_kind(self, machine: Machine) -> None:
        machine.answer = lambda server, requests: [report(dags=[1])]
        told = parsed(*files(3), second_parses=True)
        assert sorted(path for path, second, _ in told if second) == [one.path for one in files(3)]
        assert {number for number, _, second in machine.given if second} == {1}

    def test_the_second_server_imports_ahead_what_its_files_want(self, machine: Machine) -> None:
        machine.answer = lambda server, requests: [report(dags=[1]) for _ in requests]
        parsed(*files(2), second_parses=True, shared=("pandas",), wants=("numpy",))
        assert [server.shared for server in machine.servers] == [("pandas",), ("numpy",)]


class TestLibrariesAhead:
    def test_a_file_that_one_misled_is_parsed_where_none_was_imported(self, machine: Machine) -> None:
        def answer(server: Server, requests: list[Request]) -> list[ChildEnd]:
            misled = {} if server.plain else {"misled": True}
            return [report(**(misled if one.path.endswith("0.py") else {})) for one in requests]

        machine.answer = answer
        told = parsed(*files(3), shared=("pandas",))
        assert set(outcomes(told)) == {one.path for one in files(3)}
        assert [(server.plain, server.shared) for server in machine.servers] == [(False, ("pandas",)), (True, ())]
        assert [(number, paths) for number, paths, _ in machine.given if number == 1] == [(1, ["/dags/0.py"])]

    @pytest.mark.parametrize(
        ("text", "again"),
        [("import pandas.core\n", True), ("from pandas import x\n", True), ("import os\n", False), (None, False)],
    )
    def test_one_that_left_no_report_is_if_it_imports_one(
        self, machine: Machine, tmp_path: Path, text: str | None, again: bool
    ) -> None:
        path = tmp_path / "dag.py"
        if text is not None:
            path.write_text(text)
        machine.answer = lambda server, requests: [ChildEnd("exited", 1)] if not server.plain else [report()]
        told = parsed(Request(str(path), str(tmp_path)), shared=("pandas.io",))
        assert [end.outcome for _, _, end in told] == (["report"] if again else ["exited"])
        assert len(machine.servers) == (2 if again else 1)

    def test_without_any_the_first_server_is_plain_and_its_word_is_final(self, machine: Machine) -> None:
        machine.answer = lambda server, requests: [report(misled=True)]
        assert list(outcomes(parsed(*files(1))).values()) == ["report"]
        assert [server.plain for server in machine.servers] == [True]

    def test_a_library_that_is_refused_is_left_out_from_then_on_with_all_below_it(self, machine: Machine) -> None:
        def boot(server: Server) -> None:
            refused = [name for name in server.shared if name == "pandas"]
            server.says({**READY, "refused": refused})
            if not refused:
                nobody_home(server)

        machine.boot = boot
        told = parsed(*files(2), shared=("pandas", "pandas.io", "pandas_gbq"))
        assert len(outcomes(told)) == 2
        assert [server.shared for server in machine.servers] == [("pandas", "pandas.io", "pandas_gbq"), ("pandas_gbq",)]

    def test_a_server_that_dies_of_them_is_replaced_by_one_without(self, machine: Machine) -> None:
        def boot(server: Server) -> None:
            if server.shared:
                server.says({"importing": True})
                server.ends(1)
            else:
                nobody_home(server)

        machine.boot = boot
        assert set(outcomes(parsed(*files(2), shared=("torch",))).values()) == {"report"}
        assert [server.shared for server in machine.servers] == [("torch",), ()]
        assert not machine.servers[1].plain


class TestWhoIsToBlame:
    def test_the_only_file_that_was_at_work(self, machine: Machine) -> None:
        machine.answer = lambda server, requests: 7
        (told,) = parsed(*files(1))
        assert (told[2].outcome, told[2].code) == ("vanished", 7)
        assert len(machine.servers) == 1, "nothing waits that a new one would be for"

    def test_of_several_the_one_that_does_it_again_alone(self, machine: Machine) -> None:
        def answer(server: Server, requests: list[Request]) -> list[ChildEnd] | int:
            return 1 if any(one.path == "/dags/2.py" for one in requests) else [report() for _ in requests]

        machine.answer = answer
        told = outcomes(parsed(*files(4)))
        assert told == {f"/dags/{n}.py": "vanished" if n == 2 else "report" for n in range(4)}
        assert [paths for _, paths, _ in machine.given][1:] == [[f"/dags/{n}.py"] for n in range(4)]

    def test_while_one_is_suspected_nothing_else_is_at_work_beside_it(self, machine: Machine) -> None:
        suspects: list[str] = []
        beside: list[tuple[str, int]] = []

        def answer(server: Server, requests: list[Request]) -> list[ChildEnd] | int:
            if not suspects:
                suspects.extend(one.path for one in requests)
                return 1
            beside.extend((one.path, len(server.requests)) for one in requests)
            return [report() for _ in requests]

        machine.answer = answer
        with pytest.raises(WorkerLost):
            parsed(*files(30), jobs=2)
        assert len(beside) == 30
        assert len(suspects) == BATCH
        assert {number for path, number in beside if path in suspects} == {1}
        assert max(number for path, number in beside) > 1

    def test_nobody_when_none_does_it_again_and_then_the_run_is_not_complete(self, machine: Machine) -> None:
        once = [9]
        machine.answer = lambda server, requests: once.pop() if once else [report() for _ in requests]
        machine.last_words = "the last words"
        with pytest.raises(WorkerLost, match="through no file's doing: exit code 9") as caught:
            parsed(*files(3))
        assert caught.value.why == "the last words"

    def test_what_is_found_to_blame_explains_an_earlier_loss(self, machine: Machine) -> None:
        machine.answer = lambda server, requests: 1 if "/dags/1.py" in [one.path for one in requests] else [report()]
        assert outcomes(parsed(*files(2))) == {"/dags/0.py": "report", "/dags/1.py": "vanished"}

    def test_nobody_when_nothing_was_at_work(self, machine: Machine) -> None:
        def boot(server: Server) -> None:
            server.says(READY)
            server.ends(5)

        machine.boot = boot
        with pytest.raises(WorkerLost, match="through no file's doing: exit code 5"):
            parsed(*files(3))

    @pytest.mark.parametrize(("code", "told"), [(5, "before it was ready: exit code 5"), (-9, "killed by SIGKILL")])
    def test_a_server_that_never_was_ready(
        self, machine: Machine, monkeypatch: pytest.MonkeyPatch, code: int, told: str
    ) -> None:
        ended: list[object] = []
        monkeypatch.setattr(worker_pool, "end_orphans", lambda *given: ended.append(given))
        monkeypatch.setattr(worker_pool, "sweep", lambda: ended.append("swept"))
        machine.boot = lambda server: server.ends(code)
        with pytest.raises(WorkerLost, match=told):
            parsed(*files(3))
        assert len(ended) == (2 if code < 0 else 0), "what it left is ended where it could not do so itself"

    def test_an_airflow_that_does_not_import_is_that(self, machine: Machine) -> None:
        machine.boot = lambda server: server.ends(NO_AIRFLOW)
        machine.last_words = "ModuleNotFoundError: No module named 'airflow'"
        with pytest.raises(AirflowUnusable):
            parsed(*files(3))

    @pytest.mark.parametrize(("code", "by_us", "lost"), [(0, False, False), (4, False, True), (4, True, False)])
    def test_one_that_does_not_end_well_when_all_is_done(
        self, machine: Machine, code: int, by_us: bool, lost: bool
    ) -> None:
        machine.ends_with, machine.ended_by_us = code, by_us
        if lost:
            with pytest.raises(WorkerLost, match="exit code 4"):
                parsed(*files(1))
        else:
            assert len(parsed(*files(1))) == 1

    def test_all_are_let_go_when_who_listens_raises(self, machine: Machine) -> None:
        pool = WorkerPool(ParseOptions(CheckSelection({})), 1, False)

        def done(request: Request, end: ChildEnd) -> None:
            raise LookupError

        with pytest.raises(LookupError):
            pool.run(files(1), done)
        assert [server.process.stdout.closed for server in machine.servers] == [True]
