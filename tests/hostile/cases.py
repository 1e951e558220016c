"""The corpus: what each file says is to be said of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from harness.checks import catalogue
from harness.checks.context import CheckSelection
from harness.checks.registry import CHECKS
from harness.gate.check_result import FileResult, GateResult
from harness.gate.options import GateOptions, ParseOptions
from harness.gate.run import run_gate
from harness.project.discovery import dag_files

CORPUS = Path(__file__).parents[2] / "dags_under_test" / "hostile"
GOOD = CORPUS.parent / "good"
_VERDICT = re.compile(r"^# verdict: ([a-z-]+)", re.MULTILINE)
_SAYS = re.compile(r"^# says: (.+)$", re.MULTILINE)


def copied(into: Path) -> dict[str, set[str]]:
    """Copy the corpus and the good Dags to a folder of the test's; file name -> checks that have something to say."""
    into.mkdir(parents=True, exist_ok=True)
    verdicts = {}
    for file in [*sorted(CORPUS.glob("*.py")), *sorted(GOOD.glob("*.py"))]:
        shutil.copy(file, into)
        found = set(_VERDICT.findall(file.read_text(encoding="utf-8")))
        assert found or file.parent == GOOD, f"{file.name} does not say its verdict"
        verdicts[file.name] = found - {"clean"}
    return verdicts


def gate(folder: Path, once: bool = False, jobs: int = 2, **options: object) -> GateResult:
    """A folder before the checks of how files load, but for `parse-time`: what is slow depends on the machine.

    Args:
        once: do not parse it a second time.
        options: of a `ParseOptions`.
    """
    catalogue.load()
    checks = [check for check in CHECKS.values() if check.family == "loading" and check.id != "parse-time"]
    checks = [check for check in checks if not (once and check.level == "parses")]
    selection = CheckSelection({check.id: "error" for check in checks})
    parse = ParseOptions(selection, **options)  # type: ignore[arg-type]
    return run_gate(dag_files([folder]), GateOptions(parse, jobs=jobs))


def differs(file: FileResult, wanted: set[str]) -> str | None:
    """What is said of a file and should not be, or should be and is not; None when all is as it says itself."""
    path = Path(file.path)
    told = {finding.check for finding in file.findings}
    says = _SAYS.search(path.read_text(encoding="utf-8", errors="replace")) if path.suffix == ".py" else None
    messages = [f"{finding.check}:{finding.line} {finding.message[:200]}" for finding in file.findings]
    if told == wanted and (says is None or any(says[1] in message for message in messages)):
        return None
    return f"{path.name}: wanted {sorted(wanted)} {says[1] if says else ''}, got {messages}"


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder, its size and when it was changed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        found[str(path.relative_to(folder))] = (state.st_size, state.st_mtime_ns)
    return found
