"""The layers hold: the contracts of .importlinter, kept by the code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.repo.sources import ROOT

LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]


def lint(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*LINT, *arguments], cwd=root, capture_output=True, text=True, timeout=120)


def test_every_contract_is_kept() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_a_lower_room_that_imports_a_higher_one_is_seen(tmp_path: Path) -> None:
    for module in ("top", "bottom"):
        (tmp_path / "canary" / module).mkdir(parents=True)
        (tmp_path / "canary" / module / "__init__.py").write_text("import canary.top\n" if module == "bottom" else "")
    (tmp_path / "canary" / "__init__.py").touch()
    (tmp_path / ".importlinter").write_text(
        "[importlinter]\nroot_package = canary\n\n"
        "[importlinter:contract:layers]\nname = layers\ntype = layers\n"
        "containers = canary\nlayers =\n    top\n    bottom\n"
    )
    done = lint(tmp_path)
    assert done.returncode != 0
    assert "canary.bottom -> canary.top" in done.stdout
