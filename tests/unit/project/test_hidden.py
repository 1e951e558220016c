"""A project's own module of our name: one clear error where Dags import it, nothing where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ModuleHidden
from harness.project.discovery import dag_files
from harness.project.importers import refuse_hidden
from harness.project.repository import repository_of

DAG = "from airflow.sdk import DAG\n"


@pytest.mark.parametrize("module", ["dags/harness.py", "harness/__init__.py", "harness/tools.py", "plugins/harness.py"])
@pytest.mark.parametrize("imports", ["import harness\n", "from harness.tools import x\n", "import through\n", ""])
def test_a_module_that_ours_hides(tmp_path: Path, module: str, imports: str) -> None:
    for name, text in {
        "dags/a.py": DAG + imports,
        "dags/through.py": "import harness.tools\n",
        "requirements.txt": "",
        module: "x = 1\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    files = dag_files([tmp_path / "dags"])
    if not imports:
        refuse_hidden(files, repository_of(tmp_path / "dags"))
        return
    with pytest.raises(ModuleHidden, match="a\\.py") as raised:
        refuse_hidden(files, repository_of(tmp_path / "dags"))
    assert str(raised.value.where).endswith(module)
