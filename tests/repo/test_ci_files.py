"""What others build upon: the action, the hooks, and the recipes of docs/ci.md, each against its schema, and run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.repo.docs.blocks import blocks
from tests.repo.sources import ROOT, files

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
RECIPES = {
    block.tags["file"]: block.text
    for block in blocks((ROOT / "docs" / "ci.md").read_text(encoding="utf-8"))
    if "file" in block.tags
}
BROKEN = "from airflow.sdk import DAG\n\n1 / 0\n"


def schema(name: str) -> dict[str, object]:
    """A schema that the package check-jsonschema brings along."""
    spec = find_spec("check_jsonschema")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "builtin_schemas" / "vendor"
    found: dict[str, object] = json.loads((folder / f"{name}.json").read_text())
    return found


def valid(document: object, name: str) -> bool:
    found = schema(name)
    return bool(jsonschema.validators.validator_for(found)(found).is_valid(document))


def with_on(document: dict[object, object]) -> dict[object, object]:
    """YAML reads the key ``on`` as true."""
    return {"on" if key is True else key: value for key, value in document.items()}


def test_the_action_and_the_recipes_are_valid():
    assert valid(ACTION, "github-actions")
    assert not valid({**ACTION, "runs": {"using": "composite"}}, "github-actions")
    workflow = with_on(yaml.safe_load(RECIPES[".github/workflows/dags.yml"]))
    assert valid(workflow, "github-workflows")
    assert not valid({**workflow, "jobs": {}}, "github-workflows")
    assert valid(yaml.safe_load(RECIPES[".gitlab-ci.yml"]), "gitlab-ci")


def test_the_recipes_name_what_there_is():
    steps = yaml.safe_load(RECIPES[".github/workflows/dags.yml"])["jobs"]["check"]["steps"]
    (ours,) = [step for step in steps if "/airflow-harness@" in step.get("uses", "")]
    assert set(ours["with"]) <= set(ACTION["inputs"])
    hooks = {hook["id"] for hook in HOOKS}
    for block in blocks((ROOT / "docs" / "ci.md").read_text(encoding="utf-8")):
        if block.language == "yaml" and "repos:" in block.text:
            assert {hook["id"] for repo in yaml.safe_load(block.text)["repos"] for hook in repo["hooks"]} <= hooks


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A git repository with a Dag file that does not import."""
    folder = tmp_path / "my project"
    (folder / "dags").mkdir(parents=True)
    (folder / "dags" / "broken.py").write_text(BROKEN)
    git(folder, "init")
    git(folder, "add", ".")
    return folder


def git(folder: Path, *arguments: str) -> str:
    own = ("-c", "user.name=a", "-c", "user.email=a@example.test")
    return subprocess.run(["git", *own, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST", "GIT_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**kept, "PATH": path, "HOME": str(folder.parent), **more}


@pytest.mark.parametrize(("repaired", "code"), [(False, 1), (True, 0)])
def test_the_action_annotates_writes_its_reports_and_fails(project: Path, repaired: bool, code: int):
    if repaired:
        (project / "dags" / "broken.py").write_text(BROKEN.replace("1 / 0", 'with DAG("a", schedule=None): ...'))
    (step,) = [step for step in ACTION["runs"]["steps"] if step.get("id") == "check"]
    given = {"PATHS": "dags", "ARGUMENTS": "-j 1 --select import-error", "SARIF": "out/a.sarif", "JUNIT": "a.xml"}
    assert set(given) == set(step["env"])
    (project / "out").mkdir()
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=project,
        env=environment(project, GITHUB_OUTPUT=str(project / "output"), **given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    said = "::error file=dags/broken.py,line=3,title=import-error::ZeroDivisionError: division by zero\n"
    assert (said in done.stdout) is not repaired
    assert ("✓ nothing found in 1 file" in done.stdout) is repaired
    outputs = dict(line.split("=") for line in (project / "output").read_text().splitlines())
    assert set(outputs) == set(ACTION["outputs"])
    assert len(json.loads(Path(outputs["sarif-file"]).read_text())["runs"][0]["results"]) == code


def test_pre_commit_runs_the_hook(project: Path, tmp_path: Path):
    """``pre-commit try-repo`` with the hooks as they are here; the environment is this one (``language: system``)."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    shutil.copyfile(ROOT / ".pre-commit-hooks.yaml", hooks / ".pre-commit-hooks.yaml")
    git(hooks, "init")
    git(hooks, "add", ".")
    git(hooks, "commit", "-m", "hooks")
    (project / "README.md").write_text("")
    git(project, "add", ".")
    assert run_hook(hooks, project, "README.md").returncode == 0  # nothing of it is a Dag
    failed = run_hook(hooks, project, "dags/broken.py")
    assert failed.returncode == 1
    assert "import-error: ZeroDivisionError: division by zero\n  where   dags/broken.py:3" in failed.stdout
    (project / "dags" / "broken.py").write_text(BROKEN.replace("1 / 0", 'with DAG("a", schedule=None): ...'))
    git(project, "add", ".")
    assert run_hook(hooks, project, "dags/broken.py").returncode == 0


def run_hook(hooks: Path, project: Path, file: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", "try-repo", str(hooks), "airflow-harness", "--files", file]
    own = environment(project, PRE_COMMIT_HOME=str(hooks.parent / "cache"))
    return subprocess.run(command, cwd=project, env=own, capture_output=True, text=True, check=False)


def test_the_hooks_are_valid_and_see_dag_files(project: Path):
    for name, text in (("validate-manifest", (ROOT / ".pre-commit-hooks.yaml").read_text()),
                       ("validate-config", RECIPES[".pre-commit-config.yaml"])):  # fmt: skip
        (project / "x.yaml").write_text(text)
        command = [sys.executable, "-m", "pre_commit", name, "x.yaml"]
        done = subprocess.run(
            command, cwd=project, env=environment(project), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
    assert {hook["language"] for hook in HOOKS} == {"system", "python"}
    assert all(hook["require_serial"] for hook in HOOKS)  # one gate over all files, not several over parts


def test_the_page_of_the_checks_is_what_they_say():
    from tests.repo.docs.check_pages import FILE, page

    assert (ROOT / FILE).read_text(encoding="utf-8") == page(), "python -m tests.repo.docs.check_pages --write"
    assert ROOT / FILE in files()
