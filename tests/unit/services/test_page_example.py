"""The service that docs/dev/adding-a-service.md shows is one: a package's, bound to a world by its entry point."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from harness.services import registry
from harness.services.binding import Leases, Services, refuse_unknown
from harness.services.views import WorldServices
from harness.world import load

PAGE = Path(__file__).parents[3] / "docs" / "dev" / "adding-a-service.md"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    block = PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    assert len(block.splitlines()) <= 42
    (tmp_path / "your_package.py").write_text(block)
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = EntryPoint("dropbox", "your_package:DropBox", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    registry._others.cache_clear()
    yield
    registry._others.cache_clear()


def test_the_example_of_the_page_serves_a_world(installed: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "world.yaml"
    file.write_text("connections:\n  team_box: {service: dropbox, greeting: hi}\n")
    world, services = load(file), Services()
    refuse_unknown(world)
    leases = Leases(services, "test_it")
    world.services = WorldServices(leases)
    before = (leases.bound(world), leases.snapshot())
    box = Path(before[0].connections["team_box"].schema or "")
    box.write_text(box.read_text() + "a line\n")
    assert world.dropbox.lines() == ["hi", "a line"]
    (use,) = leases.since(before[1])
    assert ([str(change) for change in use.changes], [one.about for one in use.heard]) == (
        ["box team_box: 1 line added"],
        ["a line"],
    )
    services.close()
    assert not box.exists()
