"""Whose code it is, a file's as stack frames name it, a module's; and so whose sleep, whose clock, whose wait."""

from __future__ import annotations

import json
import sys
import threading
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

import harness
from harness.kernel.whose import (
    OURS,
    is_librarys,
    is_machinery,
    is_ours,
    is_users,
    is_users_file,
    last_frame,
    monotonic_is_virtual,
    sleep_is_virtual,
    text_of,
    wait_is_virtual,
)


def test_our_folder_is_where_the_package_lies() -> None:
    assert Path(OURS) == Path(harness.__file__).resolve().parent


@pytest.mark.parametrize(
    ("file", "whose"),
    [
        (str(Path(OURS) / "kernel" / "process.py"), "ours"),
        ("/repo/.venv/lib/python3.12/site-packages/harness_of_mine/dag.py", "a library's"),
        ("/repo/harness_of_mine/dag.py", "the user's"),
        (pytest.__file__, "a library's"),
        ("/repo/.venv/lib/python3.12/site-packages/pandas/core.py", "a library's"),
        ("/usr/lib/python3/dist-packages/apt.py", "a library's"),
        (threading.__file__, "the standard library's"),
        ("<frozen importlib._bootstrap>", "the standard library's"),
        ("/repo/dags/sales.py", "the user's"),
        ("/repo/site-packages.py", "the user's"),
    ],
)
def test_whose_a_file_is(file: str, whose: str) -> None:
    assert is_ours(file) is (whose == "ours")
    assert is_librarys(file) is (whose == "a library's")
    assert is_users_file(file) is (whose == "the user's")


def caught(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except ValueError as error:
        return error
    raise AssertionError("nothing was raised")


def test_the_last_frame_of_theirs_is_where_their_code_called_the_rest() -> None:
    error = caught(lambda: json.loads("{"))
    frame = last_frame(error, lambda file: file == __file__)
    assert frame is not None
    assert (frame.filename, frame.name) == (__file__, "<lambda>")
    assert last_frame(error, lambda file: file.endswith("/elsewhere.py")) is None


@pytest.mark.parametrize("chain", [True, False])
def test_an_error_is_shown_with_the_frames_that_are_meant(chain: bool) -> None:
    def fails() -> None:
        try:
            json.loads("{")
        except ValueError as error:
            raise ValueError("no settings") from error

    error = caught(fails)
    text = text_of(error, traceback.extract_tb(error.__traceback__)[-1:], chain)
    assert text.endswith("ValueError: no settings\n")
    assert "in fails" in text
    assert "in caught" not in text
    assert ("JSONDecodeError" in text) == chain


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
