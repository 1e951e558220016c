"""Whose a file is, as stack frames name it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import harness
from harness.kernel.whose import OURS, is_librarys, is_ours, is_users_file


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
