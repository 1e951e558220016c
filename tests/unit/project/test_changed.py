"""``--changed-since``: what a change can have touched is looked at, and nothing is left out for being hard to tell."""

from __future__ import annotations

import subprocess

import pytest

from harness.errors import UsageError
from harness.project.scope import changed_since, scope_of

DAG = "from airflow.sdk import DAG\n"


@pytest.fixture
def project(tmp_path):
    """A repository with a project of four Dag files in a folder of it, committed on ``main``; and git there."""
    root = tmp_path / "pipelines"
    for name, text in {
        "pyproject.toml": "",
        "dags/a.py": DAG + "import common.pools\n",
        "dags/b.py": DAG + "from common import names\n",
        "dags/c.py": DAG,
        "dags/d.py": DAG + "from shared.tools import x\n",
        "dags/common/__init__.py": "",
        "dags/common/pools.py": "from .names import ETL\n",
        "dags/common/names.py": "ETL = 'etl'\n",
        "dags/query.sql": "select 1",
        "shared/tools.py": "x = 1",
        "plugins/ours.py": "",
        "tests/test_it.py": "",
        "README.md": "",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)

    def git(*arguments):
        own = ["-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *own, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    return root, git


def touched(root, revision="main"):
    dags = [root / "dags"]
    scope = scope_of([], dags)
    change = changed_since(revision, scope, dags, root)
    return "".join(file.path.stem for file in scope.files if change.touches(file.path, ())), change


@pytest.mark.parametrize(
    ("changed", "files"),
    [
        ((), ""),
        (("dags/a.py",), "a"),
        (("dags/new.py",), "new"),
        (("dags/common/pools.py",), "a"),
        (("dags/common/names.py",), "ab"),
        (("dags/common/__init__.py",), "ab"),
        (("shared/tools.py",), "d"),
        (("tests/test_it.py", "README.md", "../elsewhere.yaml", ".github/x.yml"), ""),
        (("dags/query.sql",), "abcd"),
        (("pyproject.toml",), "abcd"),
        (("fixtures/world.yaml",), "abcd"),
        (("dags/.airflowignore",), "abcd"),
        (("plugins/ours.py",), "abcd"),
        (("conftest.py",), "abcd"),
        (("requirements.txt",), "abcd"),
    ],
)
@pytest.mark.parametrize("committed", [False, True])
def test_a_change_touches_what_depends_on_it(project, changed, files, committed):
    root, git = project
    git("checkout", "-b", "branch")
    for name in changed:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        with (root / name).open("a") as file:
            file.write(DAG if name == "dags/new.py" else "# more\n")
    if committed and changed:
        git("add", ".")
        git("commit", "-m", "second")
    found, change = touched(root)
    assert found == files
    assert change.everything == (len(files) == 4) == bool(change.notes)


def test_what_was_deleted_or_renamed_touches_its_importers(project):
    root, git = project
    git("mv", "pipelines/dags/common/names.py", "pipelines/dags/common/words.py")
    assert touched(root)[0] == "ab"


def test_what_was_read_is_told_and_so_is_what_is_gone(project):
    root, _ = project
    (root / "README.md").write_text("new")
    (root / "dags" / "c.py").unlink()
    change = touched(root)[1]
    a = root / "dags" / "a.py"
    assert change.touches(a, [str(root / "README.md")])
    assert change.touches(a, [str(root / "dags")])  # it listed the folder of what is gone
    assert change.touches(a, [], failed=True)
    assert not change.touches(a, [str(a), str(root / "dags" / "query.sql")])


def test_links_lead_to_what_changed(project):
    root, git = project
    for name, text in {"l.py": DAG, "many/m.py": DAG, "lib/helper.py": "", "texts/t.md": ""}.items():
        (root.parent / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (root.parent / "src" / name).write_text(text)
    (root / "dags" / "uses.py").write_text(DAG + "import helper\n")
    for link, target in {"l.py": "l.py", "many": "many", "helper.py": "lib/helper.py", "t.md": "texts/t.md"}.items():
        (root / "dags" / link).symlink_to(root.parent / "src" / target)
    git("add", ".")
    git("commit", "-m", "links")
    for changed, files in {"l.py": "l", "many/m.py": "m", "lib/helper.py": "uses", "texts/t.md": ""}.items():
        (root.parent / "src" / changed).write_text((DAG if len(files) == 1 else "") + "x = 1\n")
        found, change = touched(root, "HEAD")
        assert found == files
        git("commit", "-am", changed)
    assert change.touches(root / "dags" / "c.py", [str(root / "dags" / "t.md")])
    assert change.touches(root / "dags" / "c.py", [str(root.parent / "src" / "texts")])


def test_what_main_did_meanwhile_does_not_count(project):
    root, git = project
    git("checkout", "-b", "branch")
    (root / "dags" / "a.py").write_text(DAG)
    git("commit", "-am", "ours")
    git("checkout", "main")
    (root / "dags" / "c.py").write_text(DAG * 2)
    git("commit", "-am", "theirs")
    git("checkout", "branch")
    assert touched(root)[0] == "a"


@pytest.mark.parametrize("revision", ["nowhere", "--help", ""])
def test_a_revision_that_does_not_exist(project, revision):
    with pytest.raises(UsageError, match="--changed-since"):
        touched(project[0], revision)


def test_no_repository_at_all(tmp_path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "a.py").write_text(DAG)
    with pytest.raises(UsageError, match="not a git repository"):
        touched(tmp_path)
