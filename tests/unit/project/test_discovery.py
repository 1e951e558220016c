"""Which files are looked at: side by side with Airflow's own search, over trees of all kinds."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from harness.errors import NoDagsFolder, UsageError
from harness.project.discovery import dag_files

DAG = "from airflow.sdk import DAG\n"

TREES = {
    "nothing ignored": {"a.py": DAG, "b/c.py": DAG, "b/d/e.py": DAG, "plain.py": "x = 1", "f.txt": DAG, "B.PY": DAG},
    "words": {
        "a.py": "AIRFLOW and an ASSET",
        "b.py": "only airflow",
        "c.py": "only a dag",
        "d.py": "dag of Airflow",
        "e.py": "",
    },
    "a name": {".airflowignore": "b.py\n", "a.py": DAG, "b.py": DAG, "c/b.py": DAG, "bb.py": DAG},
    "a folder": {
        ".airflowignore": "old/\n",
        "a.py": DAG,
        "old/a.py": DAG,
        "x/old/a.py": DAG,
        "old.py": DAG,
        "x/old2/a.py": DAG,
    },
    "stars": {
        ".airflowignore": "*_test.py\ntmp*/\n**/deep/*.py\n",
        "a_test.py": DAG,
        "a.py": DAG,
        "tmp1/a.py": DAG,
        "x/deep/a.py": DAG,
    },
    "rooted": {".airflowignore": "/a.py\nx/b.py\n", "a.py": DAG, "x/a.py": DAG, "x/b.py": DAG, "y/x/b.py": DAG},
    "negation": {".airflowignore": "*.py\n!keep.py\n", "a.py": DAG, "keep.py": DAG, "x/keep.py": DAG, "x/a.py": DAG},
    "negation of a folder": {".airflowignore": "x/*\n!x/y/\n", "x/a.py": DAG, "x/y/a.py": DAG, "x/z/a.py": DAG},
    "negation within what is ignored": {".airflowignore": "x/\n!x/keep.py\n", "x/keep.py": DAG, "a.py": DAG},
    "order": {".airflowignore": "!a.py\na.py\n", "a.py": DAG, "b.py": DAG},
    "nested": {
        ".airflowignore": "a.py\n",
        "a.py": DAG,
        "x/.airflowignore": "!a.py\nb.py\n",
        "x/a.py": DAG,
        "x/b.py": DAG,
        "y/a.py": DAG,
        "y/b.py": DAG,
    },
    "comments and blanks": {
        ".airflowignore": "# all\n\n   \na.py # why\n  b.py\n",
        "a.py": DAG,
        "b.py": DAG,
        "c.py": DAG,
    },
    "a bare slash": {".airflowignore": "/\nb.py\n", "a.py": DAG, "b.py": DAG},
    "question marks and classes": {
        ".airflowignore": "?.py\n[x-z]1.py\n",
        "a.py": DAG,
        "ab.py": DAG,
        "x1.py": DAG,
        "w1.py": DAG,
    },
    "spaces": {".airflowignore": "my file.py\n", "my file.py": DAG, "my other file.py": DAG},
    "hidden": {".hidden/a.py": DAG, ".b.py": DAG},
    "packages": {"pkg/__init__.py": DAG, "pkg/a.py": DAG, "pkg/sub/__init__.py": ""},
}

REGEXPS = {
    "an expression": {".airflowignore": "b.*\n", "a.py": DAG, "b.py": DAG, "x/b/a.py": DAG, "x/ab.py": DAG},
    "anchored": {".airflowignore": "^x/a\n", "a.py": DAG, "x/a.py": DAG, "y/x/a.py": DAG, "x/b.py": DAG},
    "not valid": {".airflowignore": "[a\nb.py\n", "a.py": DAG, "b.py": DAG},
    "no negation": {".airflowignore": "!a\n", "a.py": DAG, "!a.py": DAG},
    "nested": {
        ".airflowignore": "tmp\n",
        "tmp_a.py": DAG,
        "x/.airflowignore": "^x/b\n",
        "x/b.py": DAG,
        "x/x/b.py": DAG,
    },
}


def grow(root: Path, tree: dict[str, str]) -> Path:
    for name, text in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def airflows(root: Path, syntax: str = "glob") -> set[str]:
    """As ``find_dag_file_paths`` does; in 3.1 its ``.airflowignore`` is read as when Airflow was imported."""
    from airflow.utils import file

    try:
        from airflow._shared.module_loading import find_path_from_directory
    except ImportError:
        find_path_from_directory = file.find_path_from_directory
    found = [Path(path) for path in find_path_from_directory(str(root), ".airflowignore", syntax)]
    dags = [path for path in found if path.is_file() and (path.suffix == ".py" or zipfile.is_zipfile(path))]
    chosen = {path for path in dags if file.might_contain_dag(str(path), True)}
    assert syntax != "glob" or {str(path) for path in chosen} == set(file.list_py_file_paths(str(root), safe_mode=True))
    return {str(path.relative_to(root)) for path in chosen}


def ours(root: Path, **options: bool) -> set[str]:
    return {str(found.path.relative_to(root)) for found in dag_files([root], **options)}


@pytest.mark.parametrize("tree", TREES.values(), ids=list(TREES))
def test_globs_are_read_as_airflow_reads_them(tmp_path, tree):
    root = grow(tmp_path, tree)
    assert ours(root) == airflows(root)


@pytest.mark.parametrize("tree", REGEXPS.values(), ids=list(REGEXPS))
def test_regular_expressions_are_read_as_airflow_reads_them(tmp_path, tree):
    root = grow(tmp_path, tree)
    assert ours(root, regexp=True) == airflows(root, "regexp")


def test_links_and_archives_are_followed_as_airflow_follows_them(tmp_path):
    root = grow(tmp_path / "dags", {"a.py": DAG})
    grow(tmp_path / "elsewhere", {"b.py": DAG, "c/d.py": DAG})
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "e.py").symlink_to(tmp_path / "elsewhere" / "b.py")
    (root / "itself.py").symlink_to("itself.py")
    (root / "nowhere.py").symlink_to("gone.py")
    with zipfile.ZipFile(root / "packed.zip", "w") as archive:
        archive.writestr("f.py", DAG)
    (root / "no_archive.zip").write_text(DAG)
    wanted = {"a.py", "e.py", "linked/b.py", "linked/c/d.py", "packed.zip"}
    assert ours(root) == airflows(root) == wanted


def test_a_circle_of_links_is_told_where_airflow_gives_up(tmp_path):
    root = grow(tmp_path, {"a.py": DAG, "x/b.py": DAG})
    (root / "x" / "around").symlink_to(root)
    with pytest.raises(RuntimeError, match="recursive loop"):
        airflows(root)
    notes: list[str] = []
    assert {found.path.name for found in dag_files([root], note=notes.append)} == {"a.py", "b.py"}
    assert len(notes) == 1
    assert "x/around leads to" in notes[0]


def test_an_ignore_file_that_is_no_text_is_an_error_of_the_users(tmp_path):
    (tmp_path / ".airflowignore").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        dag_files([tmp_path])


def test_a_path_that_does_not_exist(tmp_path):
    with pytest.raises(NoDagsFolder, match="does not exist"):
        dag_files([tmp_path / "nowhere"])


def test_a_project_stands_for_its_dag_folders(tmp_path):
    grow(tmp_path, {"dags/a.py": DAG, "dags/team/b.py": DAG, "tests/test_dags.py": DAG, "include/c.py": DAG})
    files = dag_files([tmp_path])
    assert [(str(one.path.relative_to(tmp_path)), one.root.name) for one in files] == [
        ("dags/a.py", "dags"),
        ("dags/team/b.py", "dags"),
    ]


def test_a_part_of_a_dag_folder_belongs_to_it_and_obeys_its_ignore_file(tmp_path):
    grow(tmp_path, {"dags/a.py": DAG, "dags/team/b.py": DAG, "dags/team/c.py": DAG, "plugins/p.py": ""})
    (tmp_path / "dags" / ".airflowignore").write_text("c.py")
    whole = [(one.path.name, one.root.name) for one in dag_files([tmp_path / "dags" / "team"])]
    single = [(one.path.name, one.root.name) for one in dag_files([tmp_path / "dags" / "team" / "b.py"])]
    assert whole == single == [("b.py", "dags")]


def test_environments_of_a_project_without_a_dag_folder_are_left_out(tmp_path):
    grow(tmp_path, {"a.py": DAG, ".venv/b.py": DAG, "env/pyvenv.cfg": "", "env/lib/c.py": DAG, ".git/config": ""})
    notes: list[str] = []
    assert {found.path.name for found in dag_files([tmp_path], note=notes.append)} == {"a.py"}
    assert len(notes) == 3


def test_a_pipe_is_told_and_left_out(tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "a.py").write_text("# airflow dag")
    notes: list[str] = []
    assert [file.path.name for file in dag_files([tmp_path], note=notes.append)] == ["a.py"]
    assert notes == [f"{tmp_path}/pipe.py is left out: a pipe, which nobody can read to an end"]


def test_what_a_pipe_holds_is_not_waited_for(tmp_path):
    from harness.gate.present import below

    os.mkfifo(tmp_path / "pipe.py")
    assert list(below([tmp_path])) == [f"{tmp_path}/pipe.py"]
