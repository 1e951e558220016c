"""Secrets of a world in every form, through every way that a task has to say something: none comes out anywhere."""

import base64
import json
import re
import subprocess
import sys

import httpx
import pytest

from .project import Project
from .ui.shop import give_template, shown_in_ui

DAG = '''
import base64
import json
import logging
import os
import sys
import traceback
import warnings
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, quote_plus

from airflow.providers.http.hooks.http import HttpHook
from airflow.providers.smtp.operators.smtp import EmailOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset, BaseHook, Metadata, Variable, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.log import mask_secret


def sources():
    """Every secret that there is, by the way it is asked for."""
    api, vendor, key = (BaseHook.get_connection(name) for name in ("api", "vendor", "key"))
    masked = "-".join(["c4" + "nary", "masked", "by", "the", "task"])
    mask_secret(masked)
    return {
        "password": api.password,
        "fields": vendor.password,
        "extra": vendor.extra_dejson["api_key"],
        "nested": vendor.extra_dejson["auth"]["token"],
        "private": key.extra_dejson["private_key"],
        "variable": Variable.get("shop_api_key"),
        "json": Variable.get("settings", deserialize_json=True)["db"]["password"],
        "env": os.environ["SHOP_TOKEN"],
        "uri": api.get_uri(),
        "masked": masked,
    }


def forms(secret):
    """A secret as somebody may write it."""
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield base64.b64encode(secret.encode()).decode()
    yield json.dumps({"k": secret})
    yield json.dumps(json.dumps([secret]), ensure_ascii=False)
    yield repr([secret])
    yield f"Bearer {secret}, and more"


PLACES = []


def each(sink):
    """Every source in every form: 80 of them."""
    for source, secret in sources().items():
        for number, form in enumerate(forms(secret)):
            PLACES.append((sink, source, number))
            yield form


def shout(context):
    raise ValueError("; ".join(each("callback")))


with DAG("leaks", schedule="@daily", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc)) as dag:

    @task
    def logs():
        for form in each("log"):
            logging.getLogger("shop").warning("of %s", form)
            logging.getLogger("shop").info({"form": form})

    @task
    def prints():
        for form in each("print"):
            print("printed", form)
            print("told", form, file=sys.stderr)
        for secret in sources().values():
            half = len(secret) // 2
            sys.stdout.write(secret[:half])
            sys.stdout.write(secret[half:] + "\\\\n")

    @task
    def warns():
        for form in each("warning"):
            warnings.warn(form)

    @task(retries=1, retry_delay=timedelta(minutes=1))
    def raises():
        try:
            raise KeyError("; ".join(each("cause")))
        except KeyError as error:
            raise RuntimeError("; ".join(each("exception"))) from error

    @task
    def notes():
        error = AirflowFailException("no")
        error.add_note("; ".join(each("note"))) if hasattr(error, "add_note") else None
        raise error

    @task
    def skips():
        raise AirflowSkipException("; ".join(each("skip")))

    @task
    def prints_a_traceback():
        try:
            raise OSError("; ".join(each("printed traceback")))
        except OSError:
            traceback.print_exc()
            logging.getLogger("shop").exception("again")

    @task
    def returns():
        return list(each("xcom"))

    @task
    def pushes(ti=None):
        for number, form in enumerate(each("pushed")):
            ti.xcom_push(f"k{number}", {"deep": [form]})

    @task(outlets=[Asset("x://shop")])
    def tells(*, outlet_events):
        outlet_events[Asset("x://shop")].extra = {"of": list(each("asset"))}

    @task(on_success_callback=shout)
    def calls_back():
        pass

    @task
    def asks():
        hook = HttpHook("POST", http_conn_id="shop")
        for form in each("request"):
            hook.run("/items?of=" + quote(form), json.dumps({"of": form}), {"X-Of": quote(form)})

    @task
    def sets():
        for number, form in enumerate(each("variable set")):
            Variable.set(f"seen_{number}", form)

    [logs(), prints(), warns(), raises(), notes(), skips(), prints_a_traceback(), returns(), pushes(), tells()]
    [calls_back(), asks(), sets()]
    BashOperator(
        task_id="bash",
        bash_command="echo $SHOP_TOKEN {{ conn.api.password }} {{ var.value.shop_api_key }}; exit 3",
        env={"OTHER": "{{ conn.vendor.extra_dejson.api_key }}"},
        append_env=True,
    )
    EmailOperator(
        task_id="mail",
        to="a@example.com",
        subject="{{ conn.vendor.password }}",
        html_content="{{ var.value.shop_api_key }}",
    )
    TriggerDagRunOperator(
        task_id="trigger", trigger_dag_id="other", conf={"of": "{{ conn.api.password }}"}, trigger_run_id="{{ ds }}"
    )

with DAG("other", schedule=None):
    task(lambda **context: print(context["dag_run"].conf), task_id="t")()
'''
# What a form does to a text: quotes, a percent sign, a letter that is not ASCII, a slash, several lines.
PASSWORD = "c4nary \"p%ss'/wörd\\&"
KEY = "-----BEGIN KEY-----\nc4naryMIIEvQIBADANBgkqhkiG9w0BAQ\nc4naryEFAASCBKcwggSjAgEAAoIBAQC\n-----END KEY-----\n"
WORLD = {
    "connections": {
        "api": {"conn_type": "http", "host": "h.example", "login": "u", "password": PASSWORD},
        "vendor": {
            "conn_type": "generic",
            "password": "c4nary-of-fields",
            "extra": {"api_key": "c4nary-in-extra", "auth": {"token": "c4nary/deep%in+extra"}},
        },
        "key": {"conn_type": "generic", "extra": {"private_key": KEY}},
        "shop": {"service": "http", "routes": {"POST /items": {"json": []}}},
        "smtp_default": {"service": "smtp"},
    },
    "variables": {"shop_api_key": "c4nary-of-variable", "settings": {"db": {"password": "c4nary-in-json"}}},
    "env": {"SHOP_TOKEN": "c4nary-of-env"},
}
TEST = """
def test_leaks(run_dag):
    result = run_dag("leaks", "2025-01-01")
    for form in result.task("returns").xcom():
        print("printed", form)
    assert result.task("returns").xcom() == result.task("pushes").xcom("k1")


def test_error(run_dag):
    raise RuntimeError("; ".join(run_dag("leaks", "2025-01-01").task("returns").xcom()))
"""


SOURCES, FORMS = 10, 8
TABLES = (
    "attempts",
    "xcoms",
    "rendered_fields",
    "logs",
    "findings",
    "asset_events",
    "variables",
    "service_calls",
    "runs",
)
FORMATS = ("text", "json")
LISTED = ("taskInstances", "taskInstances/~/xcomEntries")

PARSED = """
print("; ".join(each("parse")))
raise RuntimeError("; ".join(each("import error")))
"""


def traces():
    """What a secret looks like in any form: its own letters, and those in base64 at each of three places."""
    found = {"c4nary"}
    for before in ("", "x", "xx"):
        coded = base64.b64encode(f"{before}c4naryc4".encode()).decode()
        found.add(coded[4:8] + coded[8:10])
    for secret in (PASSWORD, KEY, "c4nary-of-fields", f"u:{PASSWORD}"):
        found.add(base64.b64encode(secret.encode()).decode()[:24])
    return found


def leaks_in(texts):
    """(where, what is around it) of each trace of a secret."""
    found = []
    for where, text in texts.items():
        for trace in traces():
            at = text.find(trace)
            if at >= 0:
                found.append((where, text[max(0, at - 90) : at + 60]))
    return found


@pytest.fixture(scope="module")
def leaky(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("canaries"))
    project.write("dags/leaks.py", DAG)
    project.write("fixtures/world.yaml", json.dumps(WORLD))
    project.write("test_leaks.py", TEST)
    return project


@pytest.fixture(scope="module")
def first(leaky):
    """A run whose ledger is kept, with all that is made of it at once."""
    made = ("--report", "page.html", "--trace", "trace.json")
    return leaky("run", "leaks", "--logical-date", "2025-01-02", "--keep", "first", *made)


def kept(project, *besides):
    """Every file below the project and its folder for temporary files, but those that hold the secrets on purpose."""
    own = {project.folder / name for name in ("dags/leaks.py", "fixtures/world.yaml", "test_leaks.py", *besides)}
    files = [path for top in (project.folder, project.temporary) for path in top.rglob("*") if path.is_file()]
    files = [path for path in files if path.parent.name != "__pycache__"]
    return {str(path): path.read_bytes().decode("latin-1") for path in files if path not in own}


@pytest.mark.gate
@pytest.mark.parametrize("options", [["--json"], ["-v"]])
def test_run_tells_and_keeps_none(leaky, options):
    answer = leaky("run", "leaks", "--logical-date", "2025-01-01", "--keep", "ledger", *options)
    assert answer.code == 1, answer.err
    assert answer.out.count("***") > 500
    assert leaks_in({"stdout": answer.out, "stderr": answer.err, **kept(leaky)}) == []


@pytest.mark.gate
def test_simulate_tells_and_keeps_none(leaky):
    answer = leaky("simulate", "--since", "2025-01-01", "--until", "1d", "--keep", "calendar")
    assert answer.code == 1, answer.err
    assert "***" in answer.out
    assert leaks_in({"stdout": answer.out, "stderr": answer.err, **kept(leaky)}) == []


@pytest.mark.gate
def test_pages_questions_and_comparisons_tell_and_keep_none(leaky, first):
    """What is made of runs and of their ledgers, which hold all that there is to tell."""
    again = leaky("replay", "leaks", "--from-ledger", "first", "--keep", "again", "--report", "again.html")
    tables = " union all ".join(f"select to_json(t)::text from {table} t" for table in TABLES)
    asked = leaky("sql", "first", tables, "--format", "csv")
    page = leaky("report", "first", "-o", "told.html")
    compared = [leaky("diff", "first", "again", f"--format={form}", "--report", "diff.html") for form in FORMATS]
    pages = [leaky.folder / name for name in ("page.html", "trace.json", "again.html", "told.html", "diff.html")]
    assert [one.name for one in pages if not one.is_file()] == [], (first.err, again.err, page.err)
    assert all("***" in one.read_text() for one in pages[:2])
    assert asked.out.count("***") > 500, asked.err
    answers = [first, again, page, asked, *compared]
    said = {f"{number} {name}": getattr(one, name) for number, one in enumerate(answers) for name in ("out", "err")}
    assert leaks_in({**said, **kept(leaky)}) == []


@pytest.mark.programs
@pytest.mark.usefixtures("first")
def test_airflows_own_ui_tells_and_its_database_keeps_none(leaky):
    give_template(leaky)
    routes = [f"{route}?limit=100" for route in (f"dags/leaks/dagRuns/~/{one}" for one in LISTED)]
    with shown_in_ui(leaky.folder / "first", leaky.folder / "dags") as shown:
        with httpx.Client(base_url=shown.url, timeout=60, follow_redirects=True) as client:
            client.get("auth/token/login")  # 3.1 wants one
            answers = {route: client.get(f"/api/v2/{route}").text for route in ("dags", "variables", *routes)}
        files = {str(path): path.read_bytes().decode("latin-1") for path in shown.home.rglob("*") if path.is_file()}
    assert "leaks" in answers[routes[0]]
    assert any("***" in text for text in files.values())
    assert leaks_in({**answers, **files}) == []


@pytest.mark.gate
def test_check_tells_and_keeps_none(leaky):
    leaky.write("dags/parsed.py", DAG + PARSED)
    answers = [leaky("check", f"--format={name}") for name in ("text", "json", "sarif")]
    (leaky.folder / "dags/parsed.py").unlink()
    for answer in answers:
        assert "***" in answer.out, answer.err
        assert leaks_in({"stdout": answer.out, "stderr": answer.err, **kept(leaky)}) == []


@pytest.mark.gate
def test_pytest_tells_and_keeps_none(leaky):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-l", "-rA", "-vv", "--junitxml=junit.xml", "-o", "junit_logging=all"],
        cwd=leaky.folder,
        env=leaky.environment(),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert "2 failed" in done.stdout, done.stdout[-2000:]
    assert done.stdout.count("***") > 100
    assert leaks_in({"stdout": done.stdout, "stderr": done.stderr, **kept(leaky)}) == []


def test_there_are_enough_places():
    """Ways of a task to say something, sources of secrets, forms: counted where the Dag makes them."""
    sinks = set(re.findall(r'each\("([^"]+)"\)', DAG))
    assert len(sinks) * SOURCES * FORMS > 200
    assert (DAG.count("        yield ") - 1, len(re.findall(r'^        "\w+": ', DAG, re.MULTILINE))) == (0, SOURCES)
