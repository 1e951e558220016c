"""What pages and docstrings call by its module is there: ``bridge.loader``, ``harness.kernel.Simulation``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.repo.sources import HARNESS, ROOT, files, name

_REFERENCE = re.compile(r"`(?:harness\.)?([a-z_]+(?:\.\w+)+)`")
_OTHERS = {
    "scheduler.catchup_by_default",
    "scheduler.create_cron_data_intervals",
    "world.command",
    "world.s3.requests",
    "world.stub",
}
"""Settings of Airflow's, and what the fixture has."""


def test_every_module_that_a_text_names_is_there() -> None:
    texts = [path for path in files() if path.suffix == ".md" or path.is_relative_to(HARNESS)]
    lost = [f"{name(path)}: {found}" for path in texts if path.suffix in {".md", ".py"} for found in missing(path)]
    assert not lost, "\n".join(["named, and not there:", *lost])


def test_one_that_is_not_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`bridge.loader`, `bridge.lader`, `harness.kernel.Simulation`, `kernel.process.Prozess`, `os.path`")
    assert list(missing(page)) == ["bridge.lader", "kernel.process.Prozess"]


def missing(path: Path) -> Iterator[str]:
    """References of a file to rooms of ours that lead nowhere; the changelog tells of what was."""
    if path == ROOT / "CHANGELOG.md":
        return
    rooms = {room.name for room in HARNESS.iterdir() if room.is_dir()}
    for found in _REFERENCE.findall(path.read_text(encoding="utf-8")):
        if found.partition(".")[0] in rooms and found not in _OTHERS and not _leads_somewhere(found.split(".")):
            yield found


def _leads_somewhere(parts: list[str]) -> bool:
    for known in range(len(parts), 0, -1):
        place = HARNESS.joinpath(*parts[:known])
        package = place / "__init__.py"  # a folder that is left of one holds no more than byte code
        module = package if package.is_file() else place.with_suffix(".py")
        if module.is_file():
            rest = parts[known:]
            return not rest or re.search(rf"\b{rest[0]}\b", module.read_text(encoding="utf-8")) is not None
    return False
