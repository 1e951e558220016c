"""Which files are looked at, and in which Dag folder."""

from __future__ import annotations

import pytest

from harness.errors import NoDagsFolder
from harness.project.scope import scope_of

DAG = "from airflow.sdk import DAG\n"


@pytest.fixture
def dags(tmp_path):
    """Dags of two teams, with modules that import each other."""
    folder = tmp_path / "dags"
    for name, text in {
        "a.py": DAG + "import common.pools\n",
        "team/b.py": DAG + "from common import names\n",
        "team/c.py": DAG + "def f():\n    from .near import x\n",
        "team/near.py": "x = 1\n",
        "common/__init__.py": "",
        "common/pools.py": "from common.names import ETL\n",
        "common/names.py": "ETL = 'etl'\n",
        "common/unused.py": "",
        "old/d.py": DAG,
        ".airflowignore": "old/\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def seen(scope, dags):
    assert {file.root for file in scope.files} <= {dags}
    return [file.path.relative_to(dags).as_posix() for file in scope.files], scope.partial


@pytest.mark.parametrize(
    ("given", "files", "partial"),
    [
        ([], ["a.py", "team/b.py", "team/c.py"], False),
        (["."], ["a.py", "team/b.py", "team/c.py"], False),
        (["team"], ["team/b.py", "team/c.py"], True),
        (["team/b.py"], ["team/b.py"], True),
        (["common/pools.py"], ["a.py", "common/pools.py"], True),
        (["common/names.py"], ["a.py", "common/names.py", "team/b.py"], True),
        (["common/unused.py"], ["common/unused.py"], True),
        (["team/near.py"], ["team/c.py", "team/near.py"], True),
        (["common/__init__.py"], ["a.py", "common/__init__.py", "team/b.py"], True),
        (["old/d.py"], ["old/d.py"], True),
    ],
)
def test_files_are_looked_at_in_their_dag_folder(dags, given, files, partial):
    assert seen(scope_of([dags / path for path in given], [dags]), dags) == (files, partial)


def test_a_folder_beside_the_projects_own_is_a_dag_folder_itself(dags, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "e.py").write_text(DAG)
    scope = scope_of([tmp_path / "more"], [dags])
    assert [(file.path, file.root) for file in scope.files] == [(tmp_path / "more" / "e.py", tmp_path / "more")]


@pytest.mark.parametrize("given", ["nowhere", "empty"])
def test_nothing_to_look_at_is_an_error(dags, tmp_path, given):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoDagsFolder):
        scope_of([tmp_path / given], [dags])
    with pytest.raises(NoDagsFolder):
        scope_of([], [tmp_path / given])
