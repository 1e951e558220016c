"""The same repository with the recipes of docs/ci.md: a flipped arrow is stopped at commit, at GitHub, at GitLab."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tests.repo.docs.blocks import blocks
from tests.repo.sources import ROOT

REPOSITORY = ROOT / "dags_under_test" / "pipelines"
RECIPES = {
    block.tags["file"]: block.text
    for block in blocks((ROOT / "docs" / "ci.md").read_text(encoding="utf-8"))
    if "file" in block.tags
}
RIGHT, FLIPPED = "[table, rows] >> load\n", "load >> [table, rows]\n"
FOUND = "xcom-reference"

pytestmark = pytest.mark.gate


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It under git, with its recipes, everything committed; hooks run at each further commit."""
    folder = tmp_path_factory.mktemp("team") / "pipelines"
    shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns("__pycache__", ".*", "bad"))
    hooks = tmp_path_factory.mktemp("hooks")
    shutil.copyfile(ROOT / ".pre-commit-hooks.yaml", hooks / ".pre-commit-hooks.yaml")
    revisions = []
    for one in (hooks, folder):
        run(one, "git", "init", "-q")
        run(one, "git", "add", ".")
        run(one, "git", "commit", "-qm", "first")
        revisions.append(run(one, "git", "rev-parse", "HEAD").stdout.strip())
    for name, recipe in RECIPES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(recipe, encoding="utf-8")
    settings = yaml.safe_load(RECIPES[".pre-commit-config.yaml"])
    settings["repos"][0] |= {"repo": str(hooks), "rev": revisions[0]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(settings))
    run(folder, sys.executable, "-m", "pre_commit", "install")
    run(folder, "git", "add", ".")
    run(folder, "git", "commit", "-qm", "recipes")
    return folder


@pytest.fixture
def flipped(repository: Path) -> Path:
    """The file of a Dag in which an arrow was turned round, not committed."""
    file = repository / "dags" / "city_weather.py"
    text = file.read_text()
    assert text.count(RIGHT) == 1
    file.write_text(text.replace(RIGHT, FLIPPED))
    yield file
    file.write_text(text)
    run(repository, "git", "reset", "-q")


def run(folder: Path, *command: str, code: int | None = 0, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST", "GIT_"))}
    names = {f"GIT_{who}_{what}": "a@example.test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    own = {**kept, **names, "PATH": path, "HOME": str(folder.parent), "PRE_COMMIT_HOME": str(folder.parent / "hooks")}
    ran = subprocess.run(command, cwd=folder, env={**own, **more}, capture_output=True, text=True, check=False)
    assert code is None or ran.returncode == code, ran.stdout + ran.stderr
    return ran


def test_it_is_stopped_at_commit(repository: Path, flipped: Path) -> None:
    before = run(repository, "git", "rev-parse", "HEAD").stdout
    run(repository, "git", "add", ".")
    refused = run(repository, "git", "commit", "-m", "faster", code=1)
    assert f"{FOUND}: task 'load' pulls an XCom of 'transform'" in refused.stdout + refused.stderr
    assert run(repository, "git", "rev-parse", "HEAD").stdout == before
    flipped.write_text(flipped.read_text().replace(FLIPPED, RIGHT) + "\n# looked at\n")
    run(repository, "git", "add", ".")
    run(repository, "git", "commit", "-m", "slower")
    assert run(repository, "git", "rev-parse", "HEAD").stdout != before
    run(repository, "git", "reset", "-q", "--hard", before.strip())


def test_github_annotates_it(repository: Path, flipped: Path) -> None:
    workflow = yaml.safe_load((repository / ".github" / "workflows" / "dags.yml").read_text())
    (ours,) = [step for step in workflow["jobs"]["check"]["steps"] if "/airflow-harness@" in step.get("uses", "")]
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (step,) = [step for step in action["runs"]["steps"] if step.get("id") == "check"]
    sarif = "a.sarif" if ours["with"]["sarif"] else ""
    given = {
        "PATHS": "",
        "ARGUMENTS": "",
        "SARIF": sarif,
        "JUNIT": "a.xml",
        "GITHUB_OUTPUT": str(repository / ".output"),
    }
    bash = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"])
    checked = run(repository, *bash, code=1, **given)
    line = (
        flipped.read_text()
        .splitlines()
        .index('    load = SQLExecuteQueryOperator(task_id="load", conn_id="warehouse", sql=LOAD)')
        + 1
    )
    assert f"::error file=dags/city_weather.py,line={line},title={FOUND}::" in checked.stdout
    assert f'"ruleId": "{FOUND}"' in (repository / "a.sarif").read_text()


def test_gitlab_lists_it(repository: Path, flipped: Path) -> None:
    job = yaml.safe_load((repository / ".gitlab-ci.yml").read_text())["dags"]
    assert run(repository, "bash", "-euc", "\n".join(job["script"]), code=1)
    report = ElementTree.parse(repository / job["artifacts"]["reports"]["junit"])
    failed = [case.get("name") for case in report.iter("testcase") if case.find("failure") is not None]
    assert failed == [FOUND]
