"""``dag.test()`` of many stories, each in a fork of a process that has imported Airflow, on a database of its own.

``python dag_test_worker.py HOME '{"story": ["file", …], …}'`` prints what went wrong as JSON: story -> list of texts.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

PATIENCE_S = 60
"""After that it hangs."""
USED = (
    "airflow.api_fastapi.execution_api.app",
    "airflow.dag_processing.bundles.manager",
    "airflow.dag_processing.dagbag",
    "airflow.providers.standard.operators.bash",
    "airflow.providers.standard.operators.python",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
)
"""What each run would import anew."""
LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"


def say(files: list[str], folder: Path) -> list[str]:
    """What is wrong with the Dags of some files, which are all that there is in their folder of Dags."""
    for file in files:
        (folder / "dags" / "of").mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder / "dags" / "of")
    shutil.copytree(Path(files[0]).parents[2] / "data", folder / "data")
    bundle = {"name": "book", "classpath": LOCAL, "kwargs": {"path": str(folder / "dags")}}
    os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps([bundle])
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(folder / "dags")
    said = [error.strip().splitlines()[-1] for error in bag.import_errors.values()]
    said += [wrong for dag in bag.dags.values() for wrong in outcome(dag)]
    return [one.replace(f"{folder}/dags/of/", "") for one in said]


def outcome(dag: Any) -> list[str]:
    """What went wrong in a test run of a Dag."""
    try:
        run = dag.test()
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
    failed = sorted(ti.task_id for ti in run.get_task_instances() if ti.state in ("failed", "upstream_failed"))
    return [] if run.state == "success" else [f"the run ends {run.state}: {', '.join(failed)}"]


def main(home: Path, stories: dict[str, list[str]]) -> None:
    """Ask one story after the other."""
    from airflow import settings
    from airflow.utils.db import initdb

    for module in USED:
        import_module(module)
    initdb()
    settings.dispose_orm(do_log=False)
    shutil.copyfile(home / "airflow.db", home / "fresh.db")
    said = {}
    for story, files in stories.items():
        shutil.copyfile(home / "fresh.db", home / "airflow.db")
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            settings.configure_orm()
            try:
                os.write(writes, json.dumps(say(files, home / story)).encode())
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        os.close(writes)
        if not select.select([reads], [], [], PATIENCE_S)[0]:
            os.kill(child, signal.SIGKILL)
        with os.fdopen(reads) as told:
            text = told.read()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code not in (0, -signal.SIGKILL):
            sys.exit(f"{story}: asking ended with {code}")
        said[story] = json.loads(text) if text else []  # it hangs, and says nothing
        print(f"dag.test() {story}: {said[story]}", file=sys.stderr)
    print(json.dumps(said))


if __name__ == "__main__":
    # What the Dags find in production, as far as an environment can say it.
    os.environ.update(
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__LOGGING__LOGGING_LEVEL="CRITICAL",
        AIRFLOW_CONN_WAREHOUSE=json.dumps({"conn_type": "sqlite", "host": f"{sys.argv[1]}/warehouse.db"}),
        AIRFLOW_CONN_SHOP_API="http://127.0.0.1:9",
        AIRFLOW_CONN_SMTP_DEFAULT="smtp://127.0.0.1:9",
        AIRFLOW_VAR_REGION="north",
    )
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
