"""Processes of the benchmarks' own: byte code on disk, an Airflow home apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent


def case(script: str, *arguments: str) -> dict[str, float]:
    """The figures that a script of this folder prints on its last line."""
    figures: dict[str, float] = json.loads(run([sys.executable, str(HERE / script), *arguments]).splitlines()[-1])
    return figures


def wall(command: list[str], folder: Path | None = None) -> float:
    """Seconds that a command takes, run in a folder."""
    began = time.perf_counter()
    run(command, folder=folder)
    return time.perf_counter() - began


def run(command: list[str], given: dict[str, str] | None = None, folder: Path | None = None) -> str:
    """What a command prints. Raises: SystemExit: it failed."""
    surroundings = environment() if given is None else given
    done = subprocess.run(command, env=surroundings, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def environment() -> dict[str, str]:
    """The environment they run in."""
    home = Path(tempfile.gettempdir()) / "airflow-harness-benchmarks"
    home.mkdir(exist_ok=True)
    isolated = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    isolated["AIRFLOW__CORE__DAGS_FOLDER"] = str(HERE / "dags")
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | isolated
