"""Files with a known defect: what each says it expects, and what the gate found."""

from __future__ import annotations

import re
from pathlib import Path

from harness.checks import catalogue
from harness.checks.context import CheckSelection, Declared
from harness.checks.registry import CHECKS
from harness.gate.check_result import GateResult
from harness.gate.options import GateOptions, ParseOptions
from harness.gate.run import run_gate
from harness.project.discovery import dag_files
from harness.world import load

ROOT = Path(__file__).parents[2] / "dags_under_test"
WORLD = ROOT / "world.yaml"
_CLEAN = re.compile(r"^# clean: ([a-z0-9-]+)", re.MULTILINE)
_EXPECT = re.compile(r"^# expect: ([a-z0-9-]+)(?::(\d+))?", re.MULTILINE)

Found = set[tuple[str, str, "int | None"]]


def gate(
    *folders: Path, cache: Path | None = None, jobs: int = 2, partial: bool = False, **options: object
) -> GateResult:
    """The folders as one repository, every check on.

    Args:
        options: of a `ParseOptions`.
    """
    catalogue.load()
    severities = {check.id: "error" if check.severity == "off" else check.severity for check in CHECKS.values()}
    world = load(WORLD)
    declared = Declared(
        str(WORLD),
        {name: pool.slots for name, pool in world.pools.items()},
        frozenset(world.connections),
        frozenset(world.variables),
        queues=frozenset(("default", "gpu")),
    )
    given = {"selection": CheckSelection(severities), "declared": declared, "world": world, **options}
    parse = ParseOptions(**given)  # type: ignore[arg-type]
    return run_gate(dag_files(list(folders)), GateOptions(parse, cache, jobs, partial))


def expected(folder: Path) -> Found:
    """(file, check, line) of every ``# expect: check-id`` or ``# expect: check-id:line``, in template files too."""
    return {
        (str(path.relative_to(ROOT)), check, int(line) if line else None)
        for path in sorted(one for one in folder.rglob("*") if one.suffix in (".py", ".sh"))
        for check, line in _EXPECT.findall(path.read_text(encoding="utf-8", errors="replace"))
    }


def found(result: GateResult, wanted: Found) -> Found:
    """The findings in the same form; lines only where they are wanted, policies only where they are."""
    lines = {(path, check) for path, check, line in wanted if line is None}
    expected = {(path, check) for path, check, _ in wanted}
    for file in result.files:
        heads = Path(file.path).read_text(encoding="utf-8", errors="replace")
        expected |= {(str(Path(file.path).relative_to(ROOT)), check) for check in _CLEAN.findall(heads)}
    told = {(str(Path(one.path or "").relative_to(ROOT)), one.check, one.line) for one in result.findings}
    return {
        (path, check, None if (path, check) in lines else line)
        for path, check, line in told
        if (path, check) in expected or check not in CHECKS or CHECKS[check].family != "policy"
    }
