"""Airflow's side of the differential tests: a client of a process in which the installed Airflow plays cases.

The process that imports this imports no Airflow.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from harness.bridge.reference import RunHistory
from harness.bridge.reference.home import default_cache, environment, restore, template
from tests.differential.case import Case, History
from tests.differential.codec import decode, encode

ROOT = Path(__file__).resolve().parents[3]
STDERR_TOLD = 4_000


class OracleError(Exception):
    """The oracle has no answer: what Airflow raised, or how its process ended."""


class Oracle:
    """A warm process with Airflow in it.

    Args:
        cache: folder of the migrated database, shared by processes and test runs.
        limit_s: real seconds for one case; the first one also imports Airflow.
    """

    def __init__(self, cache: Path | None = None, limit_s: float = 120) -> None:
        self.cache = cache or default_cache()
        self.limit_s = limit_s
        self._closing = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None

    def __enter__(self) -> Oracle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def scheduler(self, folder: Path, case: Case) -> History:
        """What Airflow's scheduler makes of a case.

        Args:
            folder: the Dag files of the case, and nothing else.
        Raises: OracleError.
        """
        return decode(History, self._ask({"kind": "case", "folder": str(folder), "case": encode(case)}))

    def run(
        self,
        folder: Path,
        dag_id: str,
        logical_date: str,
        *,
        now: str | None = None,
        conf: dict[str, Any] | None = None,
    ) -> RunHistory:
        """What ``dag.test()`` makes of one run; its tasks' code is really executed, its waits take no time.

        Args:
            folder: Dag files; ``dag.test()`` parses all of them.
            now: virtual instant at which the run begins; the logical date when not given.
        Raises: OracleError.
        """
        job = {"kind": "run", "folder": str(folder), "dag_id": dag_id, "logical_date": logical_date}
        return decode(RunHistory, self._ask({**job, "now": now or logical_date, "conf": conf}))

    def lost(self, folder: Path, case: Case, died_s: int) -> dict[str, Any]:
        """What Airflow's scheduler makes of a task instance whose worker dies; see `tests.differential.oracle.lost`.

        Raises: OracleError.
        """
        job = {"kind": "lost", "folder": str(folder), "case": encode(case), "died_s": died_s}
        found: dict[str, Any] = self._ask(job)
        return found

    def close(self) -> None:
        """End the process and remove its home."""
        self._closing.close()
        self._process = None

    def _ask(self, job: dict[str, Any]) -> Any:
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            raise self._dead("did not take the job") from None
        answer = self._read()
        if "error" in answer:
            raise OracleError(f"{answer['error']}\n{answer['traceback']}")
        return answer["result"]

    def _start(self) -> subprocess.Popen[bytes]:
        home = Path(self._closing.enter_context(tempfile.TemporaryDirectory(prefix="airflow-oracle-")))
        database = home / "oracle.db"
        source = template(self.cache)
        restore(source, database)
        self._stderr = self._closing.enter_context((home / "stderr").open("w+b"))
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.differential.oracle.worker", str(source), str(database)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=environment(home, database),
            cwd=ROOT,
            bufsize=0,
        )
        self._process = process
        self._closing.callback(_end, process)
        self._read()
        return process

    def _read(self) -> dict[str, Any]:
        """One line of the worker's, within the limit."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(self.limit_s):
                    raise self._dead(f"gave no answer within {self.limit_s} s")
                piece = process.stdout.read(1 << 20)
                if not piece:
                    raise self._dead(f"ended with exit code {process.wait(10)}")
                line += piece
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _dead(self, what: str) -> OracleError:
        """The error of a process that is of no use any more; the next question starts another."""
        told = ""
        if self._stderr is not None:
            self._stderr.seek(0)
            told = self._stderr.read().decode(errors="replace")[-STDERR_TOLD:]
        self.close()
        return OracleError(f"the oracle's process {what}; its stderr ends with:\n{told}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def main() -> None:
    """Play one case: ``python -m tests.differential.oracle.client CASE.json FOLDER``; prints the history as JSON."""
    case = decode(Case, json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    with Oracle() as oracle:
        print(json.dumps(encode(oracle.scheduler(Path(sys.argv[2]), case)), indent=1))


if __name__ == "__main__":
    main()
