"""Projects as people lay them out, each with what its Dag must come to, whoever looks at it."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

HEAD = """
import os
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Variable, task
"""
MAKES = """
with DAG({dag_id!r}, schedule={schedule}, start_date=datetime(2025, 1, 1), catchup=False{more}) as dag:

    @task
    def says(task=None):
        return {value}

    says() >> BashOperator(task_id="told", bash_command={command!r})
"""


def dag(
    value: str,
    top: str = "",
    dag_id: str = "laid",
    command: str = "true",
    more: str = "",
    schedule: str = '"@daily"',
) -> str:
    """A Dag file of two tasks: one returns a value, one runs a command."""
    return HEAD + top + MAKES.format(dag_id=dag_id, value=value, command=command, more=more, schedule=schedule)


@dataclass(frozen=True)
class Layout:
    """One project.

    Attributes:
        files: path -> text.
        says: what the task ``says`` returns, and ``told`` its command's last line.
        dags: what is named on the command line.
        archives: path -> files in it.
        links: path -> what it leads to.
        env: of the shell; ``{}`` stands for the project.
        count: Dag files and Dags.
    """

    files: dict[str, str]
    says: object
    told: str = ""
    dags: str = "dags"
    archives: dict[str, dict[str, str]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    count: tuple[int, int] = (1, 1)

    def write(self, root: Path) -> None:
        """Make it."""
        for name, text in self.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        for name, files in self.archives.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(root / name, "w") as archive:
                for inner, text in files.items():
                    archive.writestr(inner, text)
        for name, target in self.links.items():
            (root / name).symlink_to(root / target)

    def shell(self, root: Path) -> dict[str, str]:
        """Variables of the shell."""
        return {name: value.replace("{}", str(root)) for name, value in self.env.items()}


SETTINGS = "AIRFLOW__CORE__DEFAULT_TASK_RETRIES=2\nAIRFLOW__CORE__DEFAULT_TIMEZONE=Asia/Tokyo\n"
CFG = "[core]\ndefault_task_retries = 2\ndefault_timezone = Asia/Tokyo\n"
SET = dag("[task.retries, str(task.dag.timezone)]")
PLUGIN = """
from airflow.plugins_manager import AirflowPlugin
from airflow.listeners import hookimpl
from airflow.timetables.interval import CronDataIntervalTimetable

SEEN = []


def month(day):
    return str(day)[:7]


class Weekly(CronDataIntervalTimetable):
    def __init__(self):
        super().__init__("0 0 * * 0", "UTC")

    def serialize(self):
        return {}

    @classmethod
    def deserialize(cls, data):
        return cls()


class Listener:
    @hookimpl
    def on_task_instance_running(self, task_instance):
        SEEN.append(task_instance.task_id)


class House(AirflowPlugin):
    name = "house"
    macros = [month]
    listeners = [Listener()]
    timetables = [Weekly]
"""
POLICY = "def task_policy(task):\n    task.owner = 'the platform'\n"

LAYOUTS = {
    "plain": Layout(
        {"dags/a.py": dag("WORD", "from shared.words import WORD\n"), "dags/shared/words.py": "WORD = 'rain'\n"}, "rain"
    ),
    "astro": Layout(
        {
            "dags/a.py": dag("[CITY, Variable.get('region')]", "from include.names import CITY\n"),
            "include/names.py": "CITY = 'Oslo'\n",
            "airflow_settings.yaml": "airflow:\n  variables:\n    - {variable_name: region, variable_value: north}\n",
            "Dockerfile": "",
        },
        ["Oslo", "north"],
    ),
    "a package below a git root": Layout(
        {
            ".git/HEAD": "ref: refs/heads/main\n",
            "pkg/__init__.py": "",
            "pkg/helpers.py": "WORD = 'help'\n",
            "pkg/plugins/tools.py": "TOOL = 'saw'\n",
            "pkg/dags/a.py": dag("[WORD, TOOL]", "from pkg.helpers import WORD\nfrom tools import TOOL\n"),
        },
        ["help", "saw"],
        dags="pkg/dags",
    ),
    "zips with a package of one name": Layout(
        {},
        "first",
        archives={
            f"dags/{name}.zip": {
                f"{name}.py": dag("WORD", "from common.words import WORD\n", dag_id),
                "common/__init__.py": "",
                "common/words.py": f"WORD = {name!r}\n",
            }
            for name, dag_id in (("first", "laid"), ("second", "other"))
        },
        count=(2, 2),
    ),
    "ignored by glob": Layout(
        {
            "dags/a.py": dag("1"),
            "dags/old/b.py": "import nothing_like_this  # airflow dag\n",
            "dags/.airflowignore": "old/\n",
        },
        1,
    ),
    "ignored by regexp": Layout(
        {
            "airflow.cfg": "[core]\ndag_ignore_file_syntax = regexp\n",
            "dags/a.py": dag("1"),
            "dags/old/b.py": "import nothing_like_this  # airflow dag\n",
            "dags/.airflowignore": "old/.*\n",
        },
        1,
    ),
    "the home of Airflow itself": Layout(
        {
            "airflow.cfg": CFG,
            "dags/a.py": dag("[task.retries, open(f\"{os.environ['AIRFLOW_HOME']}/include/x.sql\").read()]"),
            "include/x.sql": "select 1",
        },
        [2, "select 1"],
        env={"AIRFLOW_HOME": "{}", "HOME": "{}"},
    ),
    "nested Dag folders": Layout(
        {
            "requirements.txt": "",
            "teams/a/dags/a.py": dag("WORD", "from words_a import WORD\n"),
            "teams/a/dags/words_a.py": "WORD = 'a'\n",
            "teams/b/dags/b.py": dag("WORD", "from words_b import WORD\n", "other"),
            "teams/b/dags/words_b.py": "WORD = 'b'\n",
        },
        "a",
        dags="teams",
        count=(2, 2),
    ),
    "a Dag folder that is a link": Layout(
        {"src/real/a.py": dag("WORD", "from near import WORD\n"), "src/real/near.py": "WORD = 'near'\n", "x.cfg": ""},
        "near",
        links={"dags": "src/real"},
    ),
    "templates below the home": Layout(
        {
            "requirements.txt": "",
            "dags/a.py": dag(
                "1", more=", template_searchpath=f\"{os.environ['AIRFLOW_HOME']}/include\"", command="say.sh"
            ),
            "include/say.sh": "echo {{ ds }}\n",
        },
        1,
        told="2025-01-01",
    ),
    "settings in .env": Layout({".env": SETTINGS, "dags/a.py": SET}, [2, "Asia/Tokyo"]),
    "settings in airflow.cfg": Layout({"airflow.cfg": CFG, "dags/a.py": SET}, [2, "Asia/Tokyo"]),
    "settings in the environment": Layout(
        {"dags/a.py": SET}, [2, "Asia/Tokyo"], env=dict(line.split("=") for line in SETTINGS.split())
    ),
    "settings at the git root": Layout(
        {".git/HEAD": "", ".env": SETTINGS, "pkg/plugins/x.py": "", "pkg/dags/a.py": SET},
        [2, "Asia/Tokyo"],
        dags="pkg/dags",
    ),
    "the world at the top level": Layout(
        {
            "dags/a.py": dag("MAIL", "MAIL = Variable.get('mail')\n", more=", default_args={'owner': MAIL}"),
            "fixtures/world.yaml": "variables: {mail: a@b.example}\n",
        },
        "a@b.example",
    ),
    "variables of .env at the top level": Layout(
        {"dags/a.py": dag("MAIL", "MAIL = Variable.get('mail')\n"), ".env": "AIRFLOW_VAR_MAIL=a@b.example\n"},
        "a@b.example",
    ),
    "plugins": Layout(
        {
            "plugins/house.py": PLUGIN,
            "dags/a.py": dag(
                "__import__('house').SEEN[-1:]",
                "from house import Weekly\n",
                command="echo {{ macros.house.month(ds) }} {{ ds }}",
                schedule="Weekly()",
            ),
        },
        ["says"],
        told="2025-01 2025-01-05",
    ),
    "cluster policies": Layout(
        {"config/airflow_local_settings.py": POLICY, "dags/a.py": dag("task.owner")}, "the platform"
    ),
}
