"""What Airflow says of plugins, and no exception tells."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from harness.bridge.environment.plugins import PluginFailure, refused_namesakes

PLUGIN = "import airflow.plugins_manager as base\n\n\nclass Taxes(base.AirflowPlugin):\n    name = 'taxes'\n"
SAID = "Plugin 'taxes' already registered, skipping"


def manager_that_says(**errors: str) -> ModuleType:
    manager = ModuleType("manager")
    vars(manager)["_get_plugins"] = lambda: ([], {f"$PLUGINS_FOLDER/{name}.py": said for name, said in errors.items()})
    return manager


def test_a_second_plugin_of_one_name_is_told_at_its_class(tmp_path: Path) -> None:
    (tmp_path / "second.py").write_text(PLUGIN)
    found: dict[str, PluginFailure] = {}
    refused_namesakes(manager_that_says(second=SAID), tmp_path, found)
    assert list(found.values()) == [PluginFailure(str(tmp_path / "second.py"), 4, SAID)]


def test_what_an_exception_told_already_is_not_told_twice(tmp_path: Path) -> None:
    (tmp_path / "first.py").write_text(PLUGIN)
    known = {str(tmp_path / "first.py"): PluginFailure(str(tmp_path / "first.py"), 2, "ValueError")}
    refused_namesakes(manager_that_says(first="ValueError", gone="no file"), tmp_path, known)
    assert [one.line for one in known.values()] == [2]


def test_a_manager_that_keeps_no_errors_says_nothing(tmp_path: Path) -> None:
    found: dict[str, PluginFailure] = {}
    refused_namesakes(ModuleType("manager"), tmp_path, found)
    assert found == {}
