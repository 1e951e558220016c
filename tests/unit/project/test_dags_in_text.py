"""Where a Dag stands in the text of its file."""

from __future__ import annotations

import pytest

from harness.project.dags_in_text import line_of


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("from airflow.sdk import DAG\n\nwith DAG('a', schedule=None):\n    pass\n", 3),
        ("x = DAG(\n    schedule=None,\n    dag_id='a',\n)\n", 1),
        ("@dag(schedule=None)\ndef a():\n    pass\n\n\na()\n", 6),
        ("@dag(dag_id='a')\ndef make():\n    pass\n\n\nmake()\n", 1),
        ("DAG('b')\nDAG(f'{x}')\n", 1),
        ("no python (", 1),
        ("", 1),
    ],
)
def test_the_line_of_a_dag(text: str, line: int) -> None:
    assert line_of(text, "a") == line
