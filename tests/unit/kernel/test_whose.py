"""Whose a file is, as stack frames name it."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import harness
from harness.kernel.whose import OURS, is_librarys, is_ours, is_users_file, last_frame, text_of


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
