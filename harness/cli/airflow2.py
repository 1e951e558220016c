"""A side of ``diff`` in an Airflow 2: its own interpreter runs the Dags, and what it wrote down becomes a ledger."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ExitCode, NotSimulated
from harness.project.own_programs import end_program

if TYPE_CHECKING:
    from harness.simulation.worlds import ServedWorld

NOT_COMPARED = ("durations", "findings")
"""Areas that ``dag.test()`` of an Airflow 2 tells nothing of: it runs in real time, and waits for no pool."""
_NOT_PLAYED = ("stubs", "triggers", "commands", "answers", "events", "faults")
"""Sections of a world that only a simulation has happen."""
_PATIENCE_S = 20.0
SILENCE_S = 600.0
"""Real seconds in which an Airflow 2 that goes on says something: a run of it may take half as long."""
_LOOKS_EVERY_S = 0.5
_LAST_LINE = b'{"end": true}\n'
_PROGRAM = "airflow2.py"


@dataclass(frozen=True)
class SideRuns:
    """What is run on a side, taken apart.

    Attributes:
        since, until: instants, ISO.
        is_replay: the dates are logical ones; else those at which runs are due.
    """

    since: str
    until: str
    is_replay: bool = False
    dag_ids: tuple[str, ...] = ()
    dags: tuple[Path, ...] = ()
    world: Path | None = None
    network: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    conf: str | None = None


class Airflow2Runs:
    """Runs in an Airflow 2, in a process of its own, with its own home and database.

    Args:
        title: what the side is called.
        where: the folder that stands for the working directory.
        folder: a throw-away one.
    """

    def __init__(
        self, title: str, python: Path, airflow: str, asked: SideRuns, where: Path, ledger: Path, folder: Path
    ) -> None:
        self.title, self.ledger = title, ledger
        self._python, self._airflow, self._asked, self._where, self._folder = python, airflow, asked, where, folder
        self._stack, self._notes = ExitStack(), list[str]()
        self._process: subprocess.Popen[bytes] | None = None
        self._served: ServedWorld | None = None

    def start(self) -> None:
        """Bring the services of the world up, and begin. Raises: WorldError, ServiceUnavailable, NoDagsFolder."""
        from harness.cli import inputs
        from harness.cli.folders import configured, world_of
        from harness.project.config import config_for
        from harness.simulation.worlds import served
        from harness.world import World

        asked = self._asked
        config = config_for(asked.dags, self._where)
        dags = [self._where / path for path in asked.dags] or configured(config)
        world = world_of(asked.world or config.world, (*config.network, *asked.network)) or World()
        left_out = [section for section in _NOT_PLAYED if getattr(world, section)]
        if left_out:
            self._notes.append(f"{self.title}: {', '.join(left_out)} of the world are for simulations only")
        self._served = self._stack.enter_context(served(world, inputs.drivers(asked.drivers, config)))
        home = self._folder / "home"
        home.mkdir(parents=True)
        told: dict[str, Any] = {
            "dags": [str(path.resolve()) for path in dags],
            "dag_ids": asked.dag_ids,
            "since": asked.since,
            "until": asked.until,
            "is_replay": asked.is_replay,
            "conf": inputs.conf(asked.conf),
            "pools": {name: pool.slots for name, pool in world.pools.items()},
            "hosts": list(self._served.world.network.allow),
        }
        (self._folder / "asked.json").write_text(json.dumps(told), encoding="utf-8")
        program = resources.files("harness.bridge.reference") / _PROGRAM
        command = [str(self._python), str(program), str(self._folder / "asked.json"), str(self._answers)]
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                command,
                cwd=self._where,
                env=_environment(self._served.world, home, told["dags"][0]),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def end(self) -> None:
        """Have it end, wait until it has, and take its services down."""
        with self._stack:
            self.stop()

    def stop(self) -> None:
        """Have it end, and wait until it has."""
        if self._process is not None:
            end_program(self._process, _PATIENCE_S)

    def finished(self) -> None:
        """Wait for its end, and write the ledger. Raises: NotSimulated: it came to no end."""
        code, told = self._ended(), list(self._lines())
        if code != 0 or not told or "end" not in told[-1]:
            last, before = self._last_words()
            last = last or f"it ended with {code}"
            raise NotSimulated(f"{self.title} could not be run: {last}", code, why=before)
        if not any("run" in one for one in told):
            self._notes.append(f"{self.title}: no Dag has a run then")
        self._keep(told)

    def _ended(self) -> int:
        """Wait for its end, as long as it goes on.

        A run that takes too long is ended in there. Beside runs nobody does that: a Dag file waits while it is
        imported, the interpreter at its end for a thread that a task left.

        Returns: its exit code; 0 where it had told all, and did not end.
        Raises: NotSimulated: it says nothing any more.
        """
        assert self._process is not None
        signs, since = (-1, -1), 0.0
        while True:
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(_LOOKS_EVERY_S)
            seen = _size(self._answers), _size(self._said)
            if seen != signs:
                signs, since = seen, time.monotonic()
            silent_s = time.monotonic() - since
            if silent_s >= _PATIENCE_S and self._has_told_all():
                self.stop()
                return 0
            if silent_s >= SILENCE_S:
                last, before = self._last_words()
                known = None if last is None else f"its last words: {last}"
                fact = f"{self.title} could not be run: it said nothing for {SILENCE_S:g} s, and was ended"
                raise NotSimulated(fact, ExitCode.FOUND, known=known, why=before)

    def _has_told_all(self) -> bool:
        with self._answers.open("rb") as answers:
            answers.seek(max(_size(self._answers) - len(_LAST_LINE), 0))
            return answers.read() == _LAST_LINE

    def _last_words(self) -> tuple[str | None, str | None]:
        """The last line that it printed, and some before that."""
        said = self._said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return (said[-1] if said else None), "\n".join(said[-12:-1]) or None

    def far(self) -> str:
        """How many runs it has told of."""
        return f"{sum('run' in one for one in self._lines())} runs ended"

    def notes(self) -> tuple[str, ...]:
        """What somebody should know of it."""
        return tuple(self._notes)

    @property
    def _answers(self) -> Path:
        return self._folder / "runs.jsonl"

    @property
    def _said(self) -> Path:
        return self._folder / "said"

    def _lines(self) -> Iterator[dict[str, Any]]:
        if self._answers.is_file():
            for line in self._answers.read_text(encoding="utf-8").splitlines():
                try:
                    told: dict[str, Any] = json.loads(line)
                except ValueError:  # it was killed while it wrote: `finished` says so
                    return
                yield told

    def _keep(self, told: Sequence[Mapping[str, Any]]) -> None:
        from harness.ledger.journal import FileJournal
        from harness.ledger.kept_data import keep
        from harness.ledger.recorded import begin, write_run
        from harness.world.secrets import Mask, secrets_of

        assert self._served is not None
        mask = Mask(secrets_of(self._served.world))
        with FileJournal(self.ledger, {"of": "dag.test", "source": self.title, "airflow": self._airflow}) as journal:
            begin(journal, self._asked.since)
            for one in told:
                if "not_imported" in one:
                    self._notes.append(f"{self.title}: {Path(one['not_imported']).name} does not import: {one['why']}")
                elif "not_begun" in one:
                    which = f"{one['dag_id']} {one['not_begun']}"
                    self._notes.append(f"{self.title}: {which} did not begin: {mask.text(str(one['why']))}")
                elif "dag" in one:
                    at = self._asked.since
                    journal.write({"at": at, "kind": "dag", "dag_id": one["dag"], "tasks": one["tasks"]})
                elif "run" in one:
                    run = mask.value(one["run"])
                    write_run(journal, run, _events(run))
                    if run["problem"]:
                        self._notes.append(f"{self.title}: {run['dag_id']} {run['run_id']}: {run['problem']}")
            if self._served.leases is not None:
                for conn_id, service, parts in self._served.leases.held():
                    for record in keep(journal, conn_id, service, parts, mask.text):
                        journal.write({"at": self._asked.until, **record})


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _events(run: Mapping[str, Any]) -> Iterator[Any]:
    from harness.ledger.recorded import events_of, instant

    whose = {"dag_id": run["dag_id"], "run_id": run["run_id"]}
    for ti in run["instances"]:
        yield from events_of(ti, ti["tries"], ti["rendered_fields"], whose)
    for one in run["xcoms"]:
        which = {name: one[name] for name in ("task_id", "map_index", "key", "value")}
        yield instant(one["timestamp"]) or "", 1, {"kind": "xcom", **whose, **which}


def _environment(world: Any, home: Path, dags: str) -> dict[str, str]:
    """The environment of an Airflow 2 of its own: nothing of Airflow's in ours, but what the world says."""
    ours = ("AIRFLOW_", "PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env |= world.env
    env |= {f"AIRFLOW_VAR_{name.upper()}": value for name, value in world.variables.items()}
    for conn_id, connection in world.connections.items():
        names = ("conn_type", "host", "login", "password", "schema", "port", "extra", "description")
        fields = {name: getattr(connection, name) for name in names if getattr(connection, name) is not None}
        env[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps({"conn_type": "generic", **fields})
    return env | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": dags,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "SequentialExecutor",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
