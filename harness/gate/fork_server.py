"""A process that has imported Airflow once, and the workers forked from it: `main` is its program.

It reads one pickled `ParseOptions` and the descriptors of its workers. Each worker reads requests, one JSON line each,
forks a child for every one of them, and answers it with one JSON line (`ChildEnd`). When the last worker has come to
the end of its input, or one of them is lost, the fork server ends what descends from it, removes Airflow's
throw-away home, and exits as that worker did.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from harness.bridge.environment import sandbox
from harness.bridge.environment.plugins import load_once
from harness.bridge.parsing import confinement
from harness.bridge.parsing.leftovers import pollution
from harness.bridge.parsing.shared_libraries import SHARED, import_shared, note_chance
from harness.bridge.parsing.watching.watch import descendants
from harness.checks import catalogue, own
from harness.gate.channel import Channels, Document
from harness.gate.child_end import ChildEnd
from harness.gate.options import ParseOptions
from harness.gate.orphans import end_all, is_stopped, network_of, reap
from harness.gate.preload import import_airflow, preload
from harness.gate.worker import parse_and_tell, users_of
from harness.project.parent_death import end_with_parent

POLL_S = 0.05 if sys.platform == "linux" else 0.005
IDLE_S = 1.0
LAST_WORDS_S = 0.2
AFTER_OTHERS_S = 1.0
"""A file that takes longer after others is left for a child of its own, which has all the time that is given."""
NO_AIRFLOW = 3
"""Exit code: Airflow does not import."""


def main() -> None:
    """Serve until the input of every worker ends."""
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is our owner's to tell
    confinement.own_children_for_good()
    lost = 0
    try:
        sandbox.enter()
        os.environ.pop("PYTHONHASHSEED", None)  # it differs from fork server to fork server, and no Dag may see it
        reader = os.fdopen(requests, "rb", buffering=0)
        order = json.loads(reader.readline())
        options: ParseOptions = pickle.loads(_exactly(reader, order["size"]))
        sandbox.adopt(options.repository.home_entries)
        sys.path[:] = [entry for entry in sys.path if entry]  # an empty entry of PYTHONPATH is the working directory
        sys.path += options.repository.path_of_airflow
        network, sealed = _preload(options, answers)
        _answer(answers, {"ready": True, "network": network, "refused": SHARED.refused, "libraries": _files()})
        if not SHARED.refused:
            lost = _served(order["workers"], options, sealed, (requests, answers))
    except BrokenPipeError:
        pass  # nobody listens any more
    finally:
        end_all()
        if home := os.environ.get("AIRFLOW_HOME"):
            confinement.open_again(home)
            shutil.rmtree(home, ignore_errors=True)
    if os.WIFSIGNALED(lost):
        os.kill(os.getpid(), os.WTERMSIG(lost))
    sys.exit(os.WEXITSTATUS(lost))


def _served(pairs: list[tuple[int, int]], options: ParseOptions, sealed: bool, ours: tuple[int, int]) -> int:
    """Fork a worker for every pair of descriptors, and wait for them.

    Returns: the wait status of the first that did not end well; 0 when all did.
    """
    fork_server, workers = os.getpid(), set()
    for pair in pairs:
        pid = os.fork()
        if pid == 0:
            _work(pair, {*ours, *(one for other in pairs for one in other)} - {*pair}, options, sealed, fork_server)
        workers.add(pid)
    for descriptor in (one for pair in pairs for one in pair):
        os.close(descriptor)
    while workers:
        pid, status = os.waitpid(-1, 0)  # what workers that are gone have left behind is ours, too
        if pid in workers and status:
            return status
        workers.discard(pid)
    return 0


def _work(pair: tuple[int, int], others: set[int], options: ParseOptions, sealed: bool, fork_server: int) -> NoReturn:
    """Be a worker: serve until the input ends.

    Args:
        pair: descriptors to read requests from, and to answer. others: those that are not this worker's to hold.
    """
    code = 1
    try:
        confinement.own_children_for_good()
        end_with_parent(fork_server, signal.SIGKILL)
        for descriptor in others:
            os.close(descriptor)
        requests, answers = pair
        reader = os.fdopen(requests, "rb", buffering=0)
        _answer(answers, {"pid": os.getpid()})
        while (request := _next(reader, fork_server)) is not None:
            verdicts = Child(request["files"], request["second"], options, (requests, answers), sealed).verdicts()
            # An answer would make these files look done, and the next ones to blame for the fork server that one has
            # stopped.
            while is_stopped(fork_server):
                time.sleep(IDLE_S)
            _answer(answers, {"verdicts": [vars(verdict) for verdict in verdicts]})
        code = 0
    except BrokenPipeError:
        code = 0  # nobody listens any more
    except BaseException:
        traceback.print_exc()
    finally:
        end_all()
        sys.stderr.flush()
        os._exit(code)


def _preload(options: ParseOptions, answers: int) -> tuple[str | None, bool]:
    """Import and try all that comes before the first file.

    Returns: the name of our network, when it is not the machine's; whether files are sealed.
    """
    # None of what follows is garbage. Frozen, it is not looked at again: a collection writes into every object that
    # it visits, and a child would copy the pages that it shares with us.
    gc.disable()
    try:
        import_airflow()
    except Exception:
        _give_up()
    repository = options.repository
    load_once(repository.plugins, repository.search_path(os.environ.get("AIRFLOW__CORE__DAGS_FOLDER", "/")))
    catalogue.load()
    own.load(options.own.sources, options.own.root)
    preload(options.declared, options.selection)
    network = network_of(os.getpid()) if confinement.without_network() else None
    sealed = confinement.read_only_but(os.environ["AIRFLOW_HOME"])
    tempfile.tempdir = os.environ["AIRFLOW_HOME"]
    if options.shared:
        _answer(answers, {"importing": True})
        import_shared(options.shared, users_of(options, Path(os.environ.get("AIRFLOW__CORE__DAGS_FOLDER", "/"))))
        note_chance()
    gc.freeze()
    gc.enable()
    pollution.keep(anew=True)
    return network, sealed


def _files() -> list[str]:
    """Files that modules were imported from."""
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    return sorted(file for file in files if isinstance(file, str) and not file.startswith(os.environ["AIRFLOW_HOME"]))


def _next(reader: Any, owner: int) -> dict[str, Any] | None:
    """The next request; None when our owner has let us go or is gone."""
    while not select.select([reader], [], [], IDLE_S)[0]:
        if os.getppid() != owner:
            return None
    line = reader.readline()
    return json.loads(line) if line else None


def _exactly(reader: Any, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        chunk = reader.read(size - len(found))
        if not chunk:
            raise BrokenPipeError
        found += chunk
    return bytes(found)


def _answer(descriptor: int, document: dict[str, Any]) -> None:
    rest = memoryview((json.dumps(document) + "\n").encode())
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _give_up() -> NoReturn:
    """Airflow itself does not import: the owner shows what it said."""
    traceback.print_exc()
    shutil.rmtree(os.environ["AIRFLOW_HOME"], ignore_errors=True)
    sys.stderr.flush()
    os._exit(NO_AIRFLOW)


class Child:
    """One child: forked when made, watched until it has ended.

    Args:
        files: (path, root), parsed one after the other as long as they leave nothing behind.
        ours: the descriptors of our input, whose end means ours, and of our output: no file may reach them.
        sealed: see `parse_and_tell`.
    """

    def __init__(
        self, files: list[tuple[str, str]], second: bool, options: ParseOptions, ours: tuple[int, int], sealed: bool
    ) -> None:
        self._options, self._owner = options, ours[0]
        self._channels = Channels()
        self._began, self._written, self._done, self._count = time.monotonic(), 0, 0, len(files)
        self._last: list[Document] = []
        self._memory = confinement.memory_of(os.getpid())
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            for descriptor in ours:
                os.close(descriptor)
            parse_and_tell(files, second, options, self._channels, parent, sealed)
        self._end = os.pidfd_open(self.pid) if sys.platform == "linux" else None

    def verdicts(self) -> list[ChildEnd]:
        """Wait for its end, and end all it started.

        Returns: a verdict of each file that it came to; the first files', at least one.
        """
        try:
            outcome, code = self._watched()
        finally:
            end_all()
            if self._end is not None:
                os.close(self._end)
        documents = self._channels.reports.of_files()
        verdicts = [ChildEnd("report", report=one["report"]) for one in documents if "report" in one][: self._count]
        if len(verdicts) == self._count and (outcome, code) != ("exited", 0):
            # All reported, and yet not its own end: a file may have written the last report and ended the child. It
            # is not believed.
            verdicts.pop()
        if not verdicts:
            crash, events = self._channels.said_in_crash(), self._channels.events()
            verdicts.append(ChildEnd(outcome, code, _phase(documents), crash, events))
        shutil.rmtree(os.path.join(os.environ["AIRFLOW_HOME"], f"scratch-{self.pid}"), ignore_errors=True)  # noqa: PTH118
        self._channels.close()
        return verdicts

    def _watched(self) -> tuple[str, int]:
        ends = [self._owner] if self._end is None else [self._end, self._owner]
        while True:
            ready, _, _ = select.select(ends, [], [], POLL_S)
            if (status := reap().get(self.pid)) is not None:
                return _ended(status)
            if self._owner in ready:  # its next request comes after this answer: this is its end
                return "abandoned", 0
            self._see_progress()
            if why := self._why_stop():
                self._last_words()
                return why, 0

    def _see_progress(self) -> None:
        """Have the time of a file begin once the one before it is done."""
        if (size := self._channels.reports.size()) != self._written:
            self._written, self._last = size, self._channels.reports.of_files()
            done = sum("report" in one for one in self._last)
            if done != self._done:
                self._began, self._done = time.monotonic(), done

    def _why_stop(self) -> str | None:
        """Why to end it: a file that takes too long, memory, processes, or words."""
        took = time.monotonic() - self._began
        # A file that is not the first of its child has less: one that is slow gets its whole time in a child of its
        # own, and the files behind it do not wait for that.
        most_s = min(self._options.timeout_s, AFTER_OTHERS_S) if self._done else self._options.timeout_s
        if took > most_s and (_phase(self._last) == "importing" or took > most_s + self._options.checking_s):
            return "timeout"
        if self._channels.reports.full:
            return "timeout"
        living = descendants(os.getpid())
        if len(living) > self._options.most_processes:
            return "processes"
        most = self._memory + self._options.memory_mb * 1024 * 1024
        return "memory" if any(confinement.memory_of(pid) > most for pid in living) else None

    def _last_words(self) -> None:
        """Let `faulthandler` say where the child is; it may be deaf to that."""
        os.kill(self.pid, signal.SIGABRT)
        if self._end is not None:
            select.select([self._end], [], [], LAST_WORDS_S)


def _phase(documents: list[dict[str, Any]]) -> str:
    return "checking" if documents and "phase" in documents[-1] else "importing"


def _ended(status: int) -> tuple[str, int]:
    return ("signalled", os.WTERMSIG(status)) if os.WIFSIGNALED(status) else ("exited", os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
