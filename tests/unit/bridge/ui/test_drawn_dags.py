"""Which Dags of a ledger are those of the project, and what the others are drawn from."""

import pytest
from airflow.sdk import DAG, BaseOperator

from harness.bridge.ui.dags import documents, shown_dags
from harness.bridge.ui.history import LedgerHistory, Run
from harness.bridge.versions.names import dag_serializer

EDGES = {"extract": ["load"], "load": []}


def history(edges, header=None, mapped=()):
    """That of a ledger with one run of ``sales``."""
    tasks = [{"task_id": name, "operator": "Own", "retries": 3, "downstream": after} for name, after in edges.items()]
    run = Run({"run_type": "manual"})
    for name in edges:
        run.instance(name, 0 if name in mapped else -1)
    return LedgerHistory(header or {}, {("sales", "one"): run}, {"sales": tasks})


def stored(edges):
    """A Dag of the project, as Airflow stores it."""
    with DAG("sales", schedule=None) as dag:
        made = {name: BaseOperator(task_id=name) for name in edges}
    for name, after in edges.items():
        made[name].set_downstream([made[one] for one in after])
    return documents({"sales": dag}, ["sales", "elsewhere"])


def shown(history, documents, folder):
    (dag,) = shown_dags(history, documents, folder, "january")
    return dag, dag_serializer().from_dict(dag.document)


def test_the_projects_own_where_it_is_what_ran(tmp_path):
    dag, _ = shown(history(EDGES), stored(EDGES), tmp_path)
    assert dag.why_drawn is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ({"extract": []}, "it has no task 'load' any more"),
        ({**EDGES, "audit": []}, "it has a task 'audit' that it had not"),
        ({"extract": [], "load": ["extract"]}, "what follows task 'extract' is not what it was"),
    ],
)
def test_one_that_has_changed_is_drawn(tmp_path, now, why):
    dag, drawn = shown(history(EDGES), stored(now), tmp_path)
    assert dag.why_drawn == why
    assert {name: sorted(task.downstream_task_ids) for name, task in drawn.task_dict.items()} == EDGES
    assert (drawn.task_dict["load"].task_type, drawn.task_dict["load"].retries) == ("Own", 3)


def test_a_run_of_some_tasks_alone_is_no_change(tmp_path):
    some = history({"load": []}, {"only": ["load"], "from_task": None})
    assert shown(some, stored(EDGES), tmp_path)[0].why_drawn is None


def test_one_that_nobody_defines_says_so_in_the_place_of_its_code(tmp_path):
    dag, drawn = shown(history(EDGES, mapped=["load"]), {}, tmp_path)
    assert dag.why_drawn == "the project does not define it"
    assert drawn.task_dict["load"].is_mapped
    (file,) = tmp_path.iterdir()
    assert drawn.fileloc == str(file)
    text = file.read_text()
    assert "sales as the ledger 'january': the project does not define it" in text
    assert "#   extract: operator Own, retries 3 -> load" in text
