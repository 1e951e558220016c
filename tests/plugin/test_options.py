"""Where the Dags and the world come from: ``pyproject.toml``, or the command line before it."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import SALES, Project

OTHER = """
from airflow.sdk import dag, task, Variable

@dag(schedule=None)
def other():
    @task
    def read():
        return Variable.get("region")
    read()

other()
"""


@pytest.mark.programs
def test_settings_and_options(bare: Project):
    bare.write(
        pipelines__sales=SALES,
        more__other=OTHER,
        pyproject_toml='[tool.airflow-harness]\ndags = ["pipelines", "more"]\nworld = "w.yaml"\n',
        w_yaml="variables:\n  region: eu\n",
        v_yaml="variables:\n  region: us\n",
        test_it="""
import os

def test_it(dag_bag, run_dag, world):
    expected, region = os.environ["EXPECTED"].split(",")
    assert " ".join(dag_bag) == expected
    assert run_dag("other").task("read").xcom() == region == world.variables["region"]
""",
    )
    monkeypatch = bare.pytester._monkeypatch
    monkeypatch.setenv("EXPECTED", "other sales,eu")
    bare.pytest().assert_outcomes(passed=1)
    monkeypatch.setenv("EXPECTED", "other,us")
    bare.pytest("--airflow-dags", "more", "--airflow-world=v.yaml", "-n", "1").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("settings", "options", "message"),
    [
        ('dags = ["nowhere"]', (), "*names 'nowhere', which does not exist*"),
        ("dag = 3", (), "*unknown key 'dag'*"),
        ("", ("--airflow-dags", "nowhere"), "*--airflow-dags names *nowhere, which does not exist"),
        ("", ("--airflow-world", "nowhere.yaml"), "*--airflow-world names *nowhere.yaml, which does not exist"),
    ],
)
def test_wrong_settings_stop_pytest(bare: Project, settings: str, options: tuple[str, ...], message: str):
    bare.write(pyproject_toml=f"[tool.airflow-harness]\n{settings}\n", test_it="def test_it(): pass\n")
    result = bare.pytest(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
    assert "Traceback" not in result.stderr.str()


def test_the_driver_of_a_service_and_its_reason_stand_in_the_header(bare: Project):
    bare.write(
        fixtures__world_yaml="connections:\n  lake: {service: s3}\n  box: {service: smtp}\n",
        test_it="def test_it(): pass\n",
    )
    result = bare.pytest("--airflow-driver", "s3=external")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["airflow-harness: s3 is external (--airflow-driver s3=…)", "airflow-harness: smtp is embedded (the default)"]
    )


@pytest.mark.parametrize(
    ("driver", "message"),
    [
        ("s3", "*--airflow-driver 's3' names no service and driver*"),
        ("s4=external", "*there is no service 's4'*"),
        ("s3=minio", "*the service s3 has no driver 'minio' (--airflow-driver s3=…)*"),
    ],
)
def test_a_driver_that_cannot_be_meant_stops_pytest(bare: Project, driver: str, message: str):
    bare.write(test_it="def test_it(): pass\n")
    result = bare.pytest("--airflow-driver", driver)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
    assert "Traceback" not in result.stderr.str()
