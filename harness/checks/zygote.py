"""A warm process that has imported Airflow once and forks a child for every file: `main` is its program.

It reads one pickled `Setting` and then requests, one JSON line each, and answers each with one JSON line (`Verdict`).
At the end of its input it ends what descends from it, removes Airflow's throw-away home, and exits.
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
import time
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from harness.bridge import sandbox
from harness.bridge.parsing import confine
from harness.checks import catalogue, own
from harness.checks.child import CHECKING_S, Channels, Setting, parse_and_tell
from harness.checks.descendants import descendants, end_all, reap
from harness.checks.warm import warm_up

LOOK_S = 0.05
MOST_BYTES = 64 * 1024 * 1024


@dataclass
class Verdict:
    """How a child ended.

    Attributes:
        outcome: ``report``; ``exited`` or ``signalled`` without one; ``timeout``; ``processes``: too many of them;
            ``abandoned``: our own end came first.
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
    requests, answers = os.dup(0), os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is our owner's to tell
    confine.own_children_for_good()
    sandbox.enter()
    reader = os.fdopen(requests, "rb", buffering=0)
    setting: Setting = pickle.loads(reader.read(int(reader.readline())))
    gc.disable()  # nothing of what follows is garbage
    catalogue.load()
    own.load(setting.own, setting.project)
    warm_up(setting.declared, setting.asked)
    gc.freeze()
    gc.enable()
    confine.without_network()
    answers.write(b'{"ready": true}\n')
    try:
        for line in iter(reader.readline, b""):
            request = json.loads(line)
            verdict = Child(request["files"], request["twin"], setting, requests).verdict()
            answers.write((json.dumps(vars(verdict)) + "\n").encode())
    except BrokenPipeError:
        pass  # nobody listens any more
    finally:
        end_all()
        shutil.rmtree(os.environ["AIRFLOW_HOME"], ignore_errors=True)


class Child:
    """One child: forked when made, watched until it has ended.

    Args:
        files: (path, root); several are for twins only, which are parsed one after the other.
        owner: the descriptor of our input: its end means ours.
    """

    def __init__(self, files: list[tuple[str, str]], twin: bool, setting: Setting, owner: int) -> None:
        self._setting, self._owner = setting, owner
        self._most_s = setting.timeout_s * len(files)
        self._told, self._crash = _memory("told"), _memory("crash")
        self._report, report = os.pipe()
        self._began = time.monotonic()
        self._received = bytearray()
        self._phase = "importing"
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._report)
            channels = Channels(report, self._told.fileno(), self._crash.fileno())
            parse_and_tell(files, twin, setting, channels, parent)
        os.close(report)
        self._end = os.pidfd_open(self.pid) if sys.platform == "linux" else None

    def verdict(self) -> Verdict:
        """Wait for its end, and end all it started."""
        try:
            outcome, code = self._watched()
        finally:
            end_all()
            os.close(self._report)
            if self._end is not None:
                os.close(self._end)
        report = self._last_document()
        verdict = Verdict("report" if report is not None else outcome, code, self._phase)
        if report is not None:
            verdict.report = report
        else:
            verdict.crash = _read(self._crash)
            verdict.events = [json.loads(line) for line in _read(self._told).splitlines() if line.endswith("}")]
        shutil.rmtree(os.path.join(os.environ["AIRFLOW_HOME"], f"scratch-{self.pid}"), ignore_errors=True)  # noqa: PTH118
        self._told.close()
        self._crash.close()
        return verdict

    def _watched(self) -> tuple[str, int]:
        status: int | None = None
        reading = True
        while True:
            wanted = [self._report] if reading else []
            if self._end is not None and status is None:
                wanted.append(self._end)
            ready, _, _ = select.select([*wanted, self._owner], [], [], 0 if status is not None else LOOK_S)
            if self._report in ready:
                reading = self._receive()
            elif self._owner in ready:  # its next request comes after this answer: this is its end
                return "abandoned", 0
            elif status is not None:
                return _ended(status)
            status = reap().get(self.pid, status) if status is None else status
            if status is None and (why := self._why_stop()):
                return why, 0

    def _why_stop(self) -> str | None:
        most = self._most_s + (CHECKING_S if self._phase == "checking" else 0)
        if time.monotonic() - self._began > most or len(self._received) > MOST_BYTES:
            return "timeout"
        return "processes" if len(descendants(os.getpid())) > self._setting.most_processes else None

    def _receive(self) -> bool:
        """Take what there is; False at the end."""
        chunk = os.read(self._report, 1 << 20)
        self._received += chunk
        if self._phase == "importing" and b'{"phase": "checking"}\n' in self._received:
            self._phase = "checking"
        return bool(chunk)

    def _last_document(self) -> dict[str, Any] | None:
        """The report; None when the child ended before it was whole."""
        lines = bytes(self._received).split(b"\n")
        if len(lines) < 2 or lines[-1] != b"":
            return None
        try:
            found: dict[str, Any] = json.loads(lines[-2])
        except ValueError:
            return None
        return None if "phase" in found else found


def _ended(status: int) -> tuple[str, int]:
    return ("signalled", os.WTERMSIG(status)) if os.WIFSIGNALED(status) else ("exited", os.WEXITSTATUS(status))


def _memory(name: str) -> BinaryIO:
    """A file without a name."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create(name), "w+b", buffering=0)
    import tempfile

    return tempfile.TemporaryFile(buffering=0)


def _read(file: BinaryIO) -> str:
    file.seek(0)
    return file.read(1 << 20).decode(errors="replace")


if __name__ == "__main__":
    main()
