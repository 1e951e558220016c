"""What the gate finds in Airflow's own example Dags that is truly there: (file, check) -> why."""

from __future__ import annotations

KNOWN = {
    (
        "example_external_task_marker_dag.py",
        "external-dag",
    ): "it waits for a task group that the parent does not have",
}
