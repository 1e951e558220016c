"""Modules that may hold a patched name: found when they come, also late, anew, or from an archive."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable

import pytest

from harness.kernel.loaded_modules import LoadedModules

Load = Callable[..., types.ModuleType]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """``load(name, file, **names)``: a module in ``sys.modules``."""

    def made(name: str, file: str = "/repo/dags/x.py", **names: object) -> types.ModuleType:
        module = types.ModuleType(name)
        module.__file__ = file
        vars(module).update(names)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return made


LIBRARY = "/repo/.venv/lib/python3.12/site-packages/lib.py"


def found(pairs: list[tuple[str, types.ModuleType]]) -> dict[str, types.ModuleType]:
    return {name: module for name, module in pairs if name.startswith("m_")}


def test_users_modules_and_those_of_others_that_hold_a_clock(load: Load) -> None:
    loaded = LoadedModules()
    mine, theirs = load("m_dag"), load("m_lib", LIBRARY, sleep=1)
    other = load("m_retry", LIBRARY, monotonic=2)
    load("m_plain", LIBRARY, strftime=3)
    assert found(loaded.users()) == {"m_dag": mine}
    assert found(loaded.of_time()) == {"m_dag": mine, "m_lib": theirs, "m_retry": other}


def test_what_is_loaded_later_is_found_beside_what_was_known(load: Load) -> None:
    loaded = LoadedModules()
    first = load("m_first")
    assert found(loaded.users()) == {"m_first": first}
    second, third = load("m_second"), load("m_third", LIBRARY, sleep=1)
    assert found(loaded.users()) == {"m_first": first, "m_second": second}
    assert found(loaded.of_time()) == {"m_first": first, "m_second": second, "m_third": third}


def test_one_that_is_loaded_anew_takes_the_place_of_the_former(load: Load) -> None:
    loaded = LoadedModules()
    load("m_anew")
    load("m_clock", LIBRARY)
    assert "m_clock" not in found(loaded.of_time())
    mine, clock = load("m_anew"), load("m_clock", LIBRARY, sleep=1)
    load("m_last")
    assert found(loaded.users())["m_anew"] is mine
    assert found(loaded.of_time())["m_clock"] is clock


def test_one_that_is_gone_or_no_module_is_left_out(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = LoadedModules()
    load("m_gone")
    load("m_odd")
    loaded.users()
    monkeypatch.delitem(sys.modules, "m_gone")
    monkeypatch.setitem(sys.modules, "m_odd", object())  # type: ignore[arg-type]
    assert found(loaded.users()) == {}


def test_modules_of_an_archive_are_known_though_they_wait_aside() -> None:
    loaded = LoadedModules()
    former, module = types.ModuleType("m_zip"), types.ModuleType("m_zip")
    loaded.set_aside("a.zip", {"m_zip": former, "m_old": former})
    loaded.set_aside("a.zip", {"m_zip": module})
    assert found(loaded.users()) == found(loaded.of_time()) == {"m_zip": module}
