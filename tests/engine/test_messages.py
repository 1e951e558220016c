"""Every message of the installed version's ``ToSupervisor`` union is answered."""

from datetime import datetime, timezone

import pytest

START = datetime(2025, 1, 1, tzinfo=timezone.utc)


def test_every_message_has_a_handler():
    from harness.bridge.supervisor.conversation import answered, sendable

    assert len(sendable()) > 30
    assert sendable() - answered() == frozenset()


def test_answers_are_members_of_to_task(rehearse):
    """A task that sends what it may, and the answers validate as Airflow's own response union."""
    from airflow.sdk import DAG, Asset, task
    from airflow.sdk.execution_time import comms
    from pydantic import TypeAdapter

    seen = {}

    def ask():
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        where = {"dag_id": "asker", "run_id": "scheduled__2025-01-01T00:00:00+00:00"}
        ti = {**where, "task_id": "ask"}
        questions = [
            ("SetXCom", {**ti, "key": "k", "value": [1], "map_index": -1}), ("GetXCom", {**ti, "key": "k"}),
            ("GetXComCount", {**ti, "key": "k"}), ("GetXComSequenceItem", {**ti, "key": "k", "offset": 0}),
            ("GetXComSequenceItem", {**ti, "key": "k", "offset": 5}),
            ("GetXComSequenceSlice", {**ti, "key": "k", "start": None, "stop": None, "step": None}),
            ("GetConnection", {"conn_id": "absent"}), ("GetVariable", {"key": "absent"}),
            ("GetDagRunState", where), ("GetDRCount", {"dag_id": "asker"}), ("GetDagRun", where),
            ("GetPreviousDagRun", {"dag_id": "asker", "logical_date": START}),
            ("GetPreviousTI", {"dag_id": "asker", "task_id": "ask"}), ("GetTICount", {"dag_id": "asker"}),
            ("GetTaskStates", {"dag_id": "asker"}), ("GetTaskBreadcrumbs", where), ("GetDag", {"dag_id": "asker"}),
            ("GetAssetByName", {"name": "orders"}), ("GetAssetByUri", {"uri": "absent"}),
            ("GetAssetsByAlias", {"alias_name": "any"}), ("GetVariableKeys", {"prefix": "a"}),
            ("GetAssetEventByAsset", {"name": "orders", "uri": None}),
            ("GetAssetEventByAssetAlias", {"alias_name": "any"}),
        ]  # fmt: skip
        for name, fields in questions:
            kind = getattr(comms, name, None)
            if kind is not None:
                seen.setdefault(name, []).append(SUPERVISOR_COMMS.send(kind(**fields)))

    with DAG("asker", schedule="@daily", start_date=START) as dag:
        task(ask, task_id="ask", outlets=[Asset("orders", uri="s3://lake/orders")])()
    result = rehearse(dag)
    assert result.state == "success", result
    adapter = TypeAdapter(comms.ToTask)
    for name, given in seen.items():
        for answer in given:
            if answer is not None:
                adapter.validate_python(answer.model_dump(by_alias=True)), name
    assert seen["GetXCom"][0].value == [1]
    assert seen["GetConnection"][0].error.value == "CONNECTION_NOT_FOUND"
    assert seen["GetXComSequenceItem"][1].error.value == "XCOM_NOT_FOUND"
    assert seen["GetDagRunState"][0].state == "running"
    assert seen["GetTICount"][0].count == 1


def test_an_unknown_message_is_an_error_of_ours_not_of_the_task(rehearse):
    from airflow.sdk import DAG, task

    class Unheard:
        pass

    def speaks():
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        SUPERVISOR_COMMS.send(Unheard())

    with DAG("odd", schedule="@daily", start_date=START) as dag:
        task(speaks, task_id="speaks")()
    with pytest.raises(NotImplementedError, match="Unheard"):
        rehearse(dag)
