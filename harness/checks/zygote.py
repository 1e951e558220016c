"""A warm process that has imported Airflow once and forks a child for every file: `main` is its program.

It reads one pickled `Setting` and then requests, one JSON line each, and answers each with one JSON line (`Verdict`).
At the end of its input it ends what descends from it, removes Airflow's throw-away home, and exits.
"""

from __future__ import annotations

import json
import os
import pickle
import select
import shutil
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from typing import Any

from harness.bridge import sandbox
from harness.bridge.parsing import confine
from harness.checks.child import Channels, Setting, parse_and_tell
from harness.checks.descendants import descendants, end_all, reap
from harness.checks.strays import network_of

LOOK_S = 0.05 if sys.platform == "linux" else 0.005
IDLE_S = 1.0
LAST_WORDS_S = 0.2
NO_AIRFLOW = 3
"""Exit code: Airflow does not import."""
MOST_BYTES = 64 * 1024 * 1024


@dataclass
class Verdict:
    """How a child ended.

    Attributes:
        outcome: ``report``; ``exited`` or ``signalled`` without one; ``timeout``; ``processes`` or ``memory``: too
            much of it; ``abandoned``: our own end came first.
        code: exit code or signal number.
        phase: ``importing`` or ``checking``.
        crash: what `faulthandler` wrote.
        events: what the file did, one dict each, where there is no report.
    """

    outcome: str
    code: int = 0
    phase: str = "importing"
    crash: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    report: dict[str, Any] | None = None


def main() -> None:
    """Serve until standard input ends."""
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is our owner's to tell
    confine.own_children_for_good()
    owner = os.getppid()
    try:
        sandbox.enter()
        os.environ.pop("PYTHONHASHSEED", None)  # it differs from zygote to zygote, and no Dag may see it
        reader = os.fdopen(requests, "rb", buffering=0)
        setting: Setting = pickle.loads(_exactly(reader, int(reader.readline())))
        sandbox.adopt(setting.repository.home_entries)
        sys.path += setting.repository.path_of_airflow
        _warm_up()
        _answer(answers, {"ready": True, "network": network_of(os.getpid()) if confine.without_network() else None})
        while (request := _next(reader, owner)) is not None:
            verdict = Child(request, setting, requests).verdict()
            _answer(answers, {"number": request["number"], **vars(verdict)})
    except BrokenPipeError:
        pass  # nobody listens any more
    finally:
        end_all()
        shutil.rmtree(os.environ.get("AIRFLOW_HOME", ""), ignore_errors=True)


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


def _warm_up() -> None:
    """Be ready to fork children; end with `NO_AIRFLOW` where Airflow does not import: the owner shows what it said."""
    try:
        from harness.bridge.parsing.warm import warm_up
        from harness.checks.catalogue import load

        load()
        warm_up()
    except Exception:
        traceback.print_exc()
        shutil.rmtree(os.environ["AIRFLOW_HOME"], ignore_errors=True)
        sys.stderr.flush()
        os._exit(NO_AIRFLOW)


class Child:
    """One child: forked when made, watched until it has ended.

    Args:
        request: ``path``, ``root``, ``twin``.
        owner: the descriptor of our input: its end means ours.
    """

    def __init__(self, request: dict[str, Any], setting: Setting, owner: int) -> None:
        self._setting, self._owner = setting, owner
        self._channels = Channels()
        self._began = time.monotonic()
        self._memory = confine.memory_of(os.getpid())
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            parse_and_tell(request["path"], request["root"], request["twin"], setting, self._channels, parent)
        self._end = os.pidfd_open(self.pid) if sys.platform == "linux" else None

    def verdict(self) -> Verdict:
        """Wait for its end, and end all it started."""
        try:
            outcome, code = self._watched()
        finally:
            end_all()
            if self._end is not None:
                os.close(self._end)
        report = self._last_document()
        verdict = Verdict("report" if report is not None else outcome, code, self._phase())
        if report is not None:
            verdict.report = report
        else:
            told = self._channels.told.read(1 << 20).decode(errors="replace")
            verdict.crash = self._channels.crash.read(1 << 20).decode(errors="replace")
            verdict.events = [json.loads(line) for line in told.splitlines() if line.endswith("}")]
        shutil.rmtree(os.path.join(os.environ["AIRFLOW_HOME"], f"scratch-{self.pid}"), ignore_errors=True)  # noqa: PTH118
        self._channels.close()
        return verdict

    def _watched(self) -> tuple[str, int]:
        ends = [self._owner] if self._end is None else [self._end, self._owner]
        while True:
            ready, _, _ = select.select(ends, [], [], LOOK_S)
            if (status := reap().get(self.pid)) is not None:
                return _ended(status)
            if self._owner in ready:  # its next request comes after this answer: this is its end
                return "abandoned", 0
            if why := self._why_stop():
                self._last_words()
                return why, 0

    def _why_stop(self) -> str | None:
        took = time.monotonic() - self._began
        if took > self._setting.timeout_s and (
            self._phase() == "importing" or took > self._setting.timeout_s + self._setting.checking_s
        ):
            return "timeout"
        if self._channels.report.size() > MOST_BYTES:
            return "timeout"
        living = descendants(os.getpid())
        if len(living) > self._setting.most_processes:
            return "processes"
        most = self._memory + self._setting.memory_mb * 1024 * 1024
        return "memory" if any(confine.memory_of(pid) > most for pid in living) else None

    def _last_words(self) -> None:
        """Let `faulthandler` say where the child is; it may be deaf to that."""
        os.kill(self.pid, signal.SIGABRT)
        if self._end is not None:
            select.select([self._end], [], [], LAST_WORDS_S)

    def _phase(self) -> str:
        return "checking" if self._channels.report.read(len(_CHECKING)) == _CHECKING else "importing"

    def _last_document(self) -> dict[str, Any] | None:
        """The report; None when the child ended before it was whole."""
        lines = self._channels.report.read(MOST_BYTES).split(b"\n")
        if len(lines) < 2 or lines[-1] != b"":
            return None
        try:
            found: dict[str, Any] = json.loads(lines[-2])
        except ValueError:
            return None
        return None if "phase" in found else found


_CHECKING = b'{"phase": "checking"}\n'


def _ended(status: int) -> tuple[str, int]:
    return ("signalled", os.WTERMSIG(status)) if os.WIFSIGNALED(status) else ("exited", os.WEXITSTATUS(status))


if __name__ == "__main__":
    main()
