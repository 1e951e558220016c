"""The real command in a process of its own, in a project of its own, beside a home that must stay as it is."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from tests import warm

COMMAND = Path(sys.executable).with_name("airflow-harness")
TIMEOUT_S = 240


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str


class Project:
    """A folder with Dags and settings; ``project("run", "sales")`` runs the command there.

    Attributes:
        home: HOME, which holds the decoy ``airflow`` home.
        temporary: TMPDIR, where ledgers and throw-away homes go.
    """

    def __init__(self, folder):
        self.folder = folder / "project"
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        for made in (self.folder, self.home / "airflow", self.temporary):
            made.mkdir(parents=True)
        self._pool = ThreadPoolExecutor(2)
        (self.home / "airflow" / "airflow.cfg").write_text("[core]\nexecutor = SequentialExecutor\n")
        (self.home / "airflow" / "airflow.db").write_bytes(b"the owner's database")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def environment(self, **more):
        kept = {
            name: os.environ[name]
            for name in ("PATH", "LANG", "LC_ALL", "COVERAGE_PROCESS_START")
            if name in os.environ
        }
        home = str(self.home)
        own = {"HOME": home, "AIRFLOW_HOME": f"{home}/airflow", "TMPDIR": str(self.temporary), "PYTHONUTF8": "1"}
        return {**kept, **own, **more}

    def __call__(self, *arguments, cwd=None, **environment):
        return self._answer([str(COMMAND), *map(str, arguments)], cwd or self.folder, self.environment(**environment))

    def pytest(self, *arguments, **environment):
        """Run pytest in the project's folder."""
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        return self._answer(command, self.folder, self.environment(**environment))

    def _answer(self, command, cwd, environment):
        with (
            TemporaryFile("w+", encoding="utf-8") as out,
            TemporaryFile("w+", encoding="utf-8") as err,
            Path(os.devnull).open() as nothing,
        ):
            program = warm.start(command, cwd, environment, [one.fileno() for one in (nothing, out, err)])
            try:
                code = program.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                program.kill()
                raise
            return Answer(code, *(stream.seek(0) or stream.read() for stream in (out, err)))

    def ask(self, *arguments, **options):
        """The same without waiting: a future of the `Answer`; two commands run at a time."""
        return self._pool.submit(self, *arguments, **options)

    def start(self, *arguments):
        """The command, running; its SIGINT as a terminal would give it."""
        return subprocess.Popen(
            [str(COMMAND), *map(str, arguments)],
            cwd=self.folder,
            env=self.environment(PYTHONUNBUFFERED="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def fingerprint(self):
        """Every file of HOME with its content and time of change."""
        return {
            str(path.relative_to(self.home)): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(self.home.rglob("*"))
            if path.is_file()
        }

    def left_behind(self):
        """What lies in the temporary folder beside ledgers."""
        return sorted(path.name for path in self.temporary.iterdir() if "ledgers" not in path.name)
