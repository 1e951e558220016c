"""What a file reads while it is parsed: megabytes of data are told, what belongs beside a Dag is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.cases import gate

DAG = """\
from {module} import rows
from airflow.sdk import DAG, task

with DAG("{module}", schedule=None):
    task(lambda: None, task_id="load")()
"""
MODULE = """\
from pathlib import Path

rows = Path(__file__).with_suffix(".csv").read_text().count("pear")
"""


@pytest.mark.gate
def test_megabytes_are_told_at_the_line_that_reads_them(tmp_path: Path) -> None:
    for module, size in (("much", 6_000_000), ("less", 4_000_000)):
        (tmp_path / f"dag_of_{module}.py").write_text(DAG.format(module=module))
        (tmp_path / f"{module}.py").write_text(MODULE)
        (tmp_path / f"{module}.csv").write_text("pear\n" * (size // 5))
    found = [one for one in gate(tmp_path).findings if one.check == "top-level-io"]
    assert [(one.path, one.line) for one in found] == [(str(tmp_path / "much.py"), 3)]
    assert found[0].message == f"the file reads 6 MB of {tmp_path / 'much.csv'} while it is parsed"
