"""A throw-away AIRFLOW_HOME: a migrated metadata database kept as a template, copied for each process.

`main` is a program that migrates the database of its environment; nothing else here imports Airflow.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from filelock import FileLock

from harness.bridge.environment.sandbox import outward
from harness.project.own_programs import own_program
from harness.project.scratch import made, own, scratch

PACKAGES = Path(__file__).resolve().parents[3]
"""Where the package ``harness`` lies, for processes that are started."""

MIGRATION_LIMIT_S = 300

BUNDLE = "dags-folder"
"""The bundle that Airflow has where none is configured, and that its Dags are written under."""


def default_cache() -> Path:
    """Where templates are kept between test runs: this user's own folder in the system's temporary one.

    Where somebody else made that, or may write to it, one of this process's own: a template is a database that is used.
    """
    folder = Path(tempfile.gettempdir()) / f"airflow-harness-oracle-{os.getuid()}"
    return folder if own(str(folder)) else Path(_of_this_process())


@lru_cache(maxsize=1)
def _of_this_process() -> str:
    return made("oracle")


def template(cache: Path) -> Path:
    """The migrated database of the installed Airflow, made when it is not there yet.

    Args:
        cache: folder of the templates, shared by processes (a lock lets one of them migrate).
    """
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = cache / f"airflow-{importlib.metadata.version('apache-airflow-core')}.db"
    with FileLock(f"{file}.lock", mode=0o600):
        if not file.exists():
            for cut_off in cache.glob(f"{file.stem}.[0-9]*"):  # of a process that was killed; nobody else is here now
                cut_off.unlink()
            _migrate(file)
    return file


def _migrate(file: Path) -> None:
    """Migrate a new database in a process of its own and put it in place whole."""
    with scratch("oracle") as home:
        fresh = Path(home) / "fresh.db"
        command = own_program("harness.bridge.reference.home")
        done = subprocess.run(
            command,
            env=environment(Path(home), fresh),
            capture_output=True,
            text=True,
            timeout=MIGRATION_LIMIT_S,
        )
        if done.returncode or not fresh.exists():
            raise RuntimeError(f"migrating the oracle's database failed ({done.returncode}):\n{done.stderr[-4000:]}")
        staged = file.with_suffix(f".{os.getpid()}")
        staged.touch(mode=0o600)
        shutil.copyfile(fresh, staged)
        staged.replace(file)


def environment(home: Path, database: Path) -> dict[str, str]:
    """The environment of a process that imports Airflow: nothing of the user's Airflow is left in it."""
    gone = {*outward(os.environ), *(name for name in os.environ if name.startswith(("AIRFLOW", "_AIRFLOW")))}
    kept = {name: value for name, value in os.environ.items() if name not in gone}
    return {
        **kept,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API_AUTH__JWT_SECRET": "the oracle signs for nobody else",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "utc",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{database}",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
        # No time passes between two loops at one instant: a loop that looks at a part of the runs would take the same.
        "AIRFLOW__SCHEDULER__MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE": "10000",
        "AIRFLOW__SCHEDULER__MAX_DAGRUNS_TO_CREATE_PER_LOOP": "10000",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        # Airflow keeps some things in sets of strings.
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PACKAGES), os.environ.get("PYTHONPATH", "")])),
    }


def restore(source: Path, database: Path) -> None:
    """Put the template's content in place of a database that no connection has open."""
    for journal in ("-wal", "-shm", "-journal"):
        Path(f"{database}{journal}").unlink(missing_ok=True)
    shutil.copyfile(source, database)


def main() -> None:
    """The program: Airflow's own migrations, and the bundle of Dags that they want."""
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    from airflow.dag_processing.bundles.manager import DagBundlesManager

    with create_session() as session:
        DagBundlesManager().sync_bundles_to_db(session=session)
    from airflow import settings
    from sqlalchemy import text

    with settings.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    settings.engine.dispose()
