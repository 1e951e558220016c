"""What the gate finds in Airflow's own example Dags that is truly there: (file, check) -> why."""

from __future__ import annotations

_NAIVE = "its start_date has no time zone"
_UNSEEN = "its teardowns fail and nobody is told: what as_teardown() and @teardown do by themselves"

KNOWN = {
    (
        "example_external_task_marker_dag.py",
        "external-dag",
    ): "its sensor waits for a task group the parent does not have",
    ("example_inlet_event_extra.py", "start-date"): _NAIVE + " (3.1)",
    ("example_latest_only.py", "start-date"): _NAIVE,
    ("example_outlet_event_extra.py", "start-date"): _NAIVE + " (3.1)",
    ("example_setup_teardown.py", "setup-teardown"): _UNSEEN,
    ("example_setup_teardown_taskflow.py", "setup-teardown"): _UNSEEN,
    ("tutorial.py", "start-date"): _NAIVE,
}
