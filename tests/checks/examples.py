"""What the gate finds in Airflow's own example Dags that is truly there: (file, check) -> why."""

from __future__ import annotations

_UNSEEN = "its teardowns fail and nobody is told: what as_teardown() and @teardown do by themselves"

_EXAMPLES_ONLY = "its class is registered only where Airflow loads its examples itself"

_AT_ITS_TOP = (
    "where s3fs is installed, the ObjectStoragePath at its top makes a client: it asks for credentials at once"
)

KNOWN = {
    ("example_bash_decorator.py", "import-error"): "imports a name of 3.2 from airflow.sdk.exceptions (3.1)",
    ("example_custom_weight.py", "import-error"): _EXAMPLES_ONLY + " (3.1)",
    ("example_custom_weight.py", "serialization"): _EXAMPLES_ONLY,
    (
        "example_external_task_marker_dag.py",
        "external-dag",
    ): "its sensor waits for a task group the parent does not have",
    ("example_hitl_operator.py", "deprecation"): "gives the operator an execution_timeout (3.1, 3.2)",
    ("example_params_ui_tutorial.py", "unstable-dag"): "two params have the time of the parse as their default",
    ("example_passing_params_via_test_command.py", "template-error"): "its schedule's runs have no params.foo",
    ("example_setup_teardown.py", "setup-teardown"): _UNSEEN,
    ("example_setup_teardown_taskflow.py", "setup-teardown"): _UNSEEN,
    ("example_workday_timetable.py", "serialization"): _EXAMPLES_ONLY,
    ("tutorial_objectstorage.py", "process-pollution"): _AT_ITS_TOP + ", in a thread of fsspec",
    ("tutorial_objectstorage.py", "top-level-io"): _AT_ITS_TOP,
    ("tutorial_objectstorage.py", "top-level-secrets"): _AT_ITS_TOP,
}
