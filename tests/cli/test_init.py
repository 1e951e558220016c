"""A first world file is written from what the Dags name; one that is there is left alone."""

from harness.world import load

DAG = """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, BaseHook, BaseOperator, Variable, task

class Load(BaseOperator):
    def __init__(self, postgres_conn_id="postgres_default", **kwargs):
        super().__init__(**kwargs)
        self.postgres_conn_id = postgres_conn_id

with DAG("sales", schedule=None):
    Load(task_id="load", postgres_conn_id="warehouse", pool="etl", pool_slots=20)
    BashOperator(task_id="told", bash_command="echo {{ var.value.region }} {{ conn.crm.host }}")

    @task
    def ask():
        return Variable.get("on"), BaseHook.get_connection("mail-gate").host

    ask()
"""


def test_a_world_file_is_written_and_never_overwritten(project):
    project.write("dags/sales.py", DAG)
    first = project("init")
    assert first.code == 0, first.err
    assert "wrote fixtures/world.yaml: 3 connections, 1 pool, 2 variables" in first.out
    file = project.folder / "fixtures" / "world.yaml"
    world = load(file)
    assert world.pools["etl"].slots == 20
    assert world.connections["warehouse"].service == "postgres"
    assert {"warehouse", "crm", "mail-gate"} == set(world.connections)
    assert world.variables == {"region": "", "on": ""}
    assert "# task 'load', dags/sales.py:11" in file.read_text()
    before = file.read_text()
    assert "names all that the Dags use" in project("init").out
    project.write("dags/more.py", DAG.replace("sales", "more").replace("region", "country"))
    again = project("init")
    assert again.code == 0
    assert "it lacks 1 variable" in again.out
    assert 'country: ""' in again.out
    assert file.read_text() == before


def test_a_file_that_does_not_import_is_told(project):
    project.write("other/broken.py", "from airflow.sdk import DAG\n1 / 0\n")
    told = project("init", "--dags", "other", "--print", "--world", "nowhere.yaml")
    assert told.code == 1
    assert "other/broken.py:2 ZeroDivisionError: division by zero" in told.out
    assert not (project.folder / "nowhere.yaml").exists()
