"""Whose sleep, whose clock, whose wait it is, by the caller's module."""

from __future__ import annotations

import sys
import types
from types import FrameType

import pytest

from harness.kernel.whose import is_machinery, is_users, monotonic_is_virtual, sleep_is_virtual, wait_is_virtual


@pytest.fixture
def in_stdlib_folder(monkeypatch: pytest.MonkeyPatch) -> str:
    """A module whose file lies where the standard library's do, and whose name is none of its."""
    module = types.ModuleType("my_dag_beside")
    module.__file__ = sys.modules["threading"].__file__
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module.__name__


@pytest.mark.parametrize(
    ("module", "users"),
    [
        ("__main__", True),
        ("harness", False),
        ("harness.kernel.process", False),
        ("harness.no_such_module", False),
        ("harness_of_mine", True),
        ("a_dag_file_that_is_not_loaded", True),
        ("threading", False),
        ("sys", False),
        ("concurrent.futures.thread", False),
        ("concurrent.no_such_module", False),
        ("pytest", False),
        ("_pytest.fixtures", False),
        (__name__, True),
    ],
)
def test_whose_a_module_is(module: str, users: bool) -> None:
    assert is_users(module) is users


def test_a_module_of_the_users_that_lies_by_the_standard_library_is_the_users(in_stdlib_folder: str) -> None:
    assert is_users(in_stdlib_folder)


def test_a_module_that_hides_one_of_the_standard_library_is_the_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    module = types.ModuleType("antigravity")
    module.__file__ = str(tmp_path_factory.getbasetemp() / "antigravity.py")
    monkeypatch.setitem(sys.modules, "antigravity", module)
    is_users.cache_clear()
    sleep_is_virtual.cache_clear()
    try:
        assert is_users("antigravity")
        assert sleep_is_virtual("antigravity")
    finally:
        is_users.cache_clear()
        sleep_is_virtual.cache_clear()


@pytest.mark.parametrize(
    ("module", "sleeps", "monotonic"),
    [
        ("my_dag", True, True),
        ("__main__", True, True),
        ("tenacity.nap", True, True),
        ("airflow.sdk.bases.sensor", True, True),
        ("some_installed.package", True, True),
        ("pytest", True, False),
        ("subprocess", False, False),
        ("multiprocessing.connection", False, False),
        ("selectors", False, False),
        ("threading", True, False),
        ("functools", True, False),
        ("harness.kernel.process", False, False),
        ("psycopg.waiting", False, False),
        ("docker.api.client", False, False),
        ("xdist.dsession", False, False),
    ],
)
def test_what_is_virtual_for_a_module(module: str, sleeps: bool, monotonic: bool) -> None:
    assert (sleep_is_virtual(module), monotonic_is_virtual(module)) == (sleeps, monotonic)


@pytest.mark.parametrize(
    ("module", "machinery"),
    [
        ("concurrent.futures.thread", True),
        ("concurrent.futures.process", True),
        ("concurrent.futures._base", False),
        ("asyncio.unix_events", True),
        ("asyncio.base_events", False),
        ("multiprocessing.pool", True),
        ("psycopg_pool", False),
        ("psycopg.pool", True),
        ("harness.simulation", False),
        ("my_dag", False),
        ("threading", False),
    ],
)
def test_whose_threads_rest_unseen(module: str, machinery: bool) -> None:
    assert is_machinery(module) is machinery


def frames(*modules: str) -> FrameType:
    """The frame of a call through those modules, the outermost first."""
    program = "frame = sys._getframe() if not deeper else exec(deeper[0][1], deeper[0][0])"
    globals_of = [{"__name__": module, "sys": sys} for module in modules]
    code = compile(program, "made up", "exec")
    for scope, below in zip(globals_of, [*globals_of[1:], None], strict=True):
        scope["deeper"] = [] if below is None else [(below, code)]  # type: ignore[assignment]
    exec(code, globals_of[0])
    found = globals_of[-1]["frame"]
    assert isinstance(found, FrameType)
    return found


@pytest.mark.parametrize(
    ("modules", "virtual"),
    [
        (("my_dag",), True),
        (("my_dag", "threading", "queue"), True),
        (("my_dag", "concurrent.futures._base", "threading"), True),
        (("psycopg.waiting", "threading"), False),
        (("my_dag", "psycopg.waiting", "threading"), False),
        (("psycopg.waiting", "my_dag", "threading"), True),
        (("harness.simulation.environment", "threading"), None),
        (("my_dag", "harness.simulation.environment"), None),
        (("harness.simulation.environment", "my_dag", "asyncio.locks"), True),
        (("subprocess", "threading"), False),
    ],
)
def test_a_wait_is_of_the_innermost_who_does_not_merely_pass_it_on(
    modules: tuple[str, ...], virtual: bool | None
) -> None:
    assert wait_is_virtual(frames(*modules)) is virtual


def test_a_wait_that_only_machinery_asks_for_is_virtual() -> None:
    assert wait_is_virtual(None) is True
