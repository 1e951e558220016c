"""Hostile files that cannot be kept in a repository: they are made for each run."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

DAG = 'from airflow.sdk import DAG\n\nwith DAG("{}", schedule=None):\n    pass\n'

Verdicts = dict[str, set[str]]


def make(folder: Path) -> Verdicts:
    """Write them all.

    Returns: file name -> the checks that have something to say; files that are no Dag files are not named.
    """
    verdicts: Verdicts = {}

    def file(name: str, content: bytes, *checks: str) -> None:
        (folder / name).write_bytes(content)
        verdicts[name] = set(checks)

    file("bom.py", b"\xef\xbb\xbf" + DAG.format("bom").encode())
    file("latin_1.py", b"# -*- coding: latin-1 -*-\nNAME = '\xe9'\n" + DAG.format("latin_1").encode())
    file("latin_1_untold.py", b"NAME = '\xe9'\n" + DAG.format("latin_1_untold").encode(), "import-error")
    file("null_bytes.py", DAG.format("null_bytes").encode() + b"\0\0\0", "import-error")
    file("carriage_returns.py", DAG.format("carriage_returns").replace("\n", "\r").encode())
    file("no_newline.py", DAG.format("no_newline").rstrip().encode())
    file("name with spaces and 'quotes'.py", DAG.format("spaces").encode())
    file("größe.py", DAG.format("umlaut").encode())
    file("dots.in.name.py", DAG.format("dots").encode())
    torn = bytearray(_zip({"inner_torn.py": DAG.format("torn")}))
    torn[45:60] = bytes(15)  # within the compressed text
    file("torn.zip", bytes(torn), "import-error")
    (folder / "no_zip.zip").write_bytes(b"from airflow import dag")
    deep = {"inner_plain.py": DAG.format("in_a_zip"), "pkg/__init__.py": "", "pkg/deep.py": "1/0  # airflow dag"}
    file("plain.zip", _zip(deep))
    half = {"inner_good.py": DAG.format("beside_a_bad_one"), "inner_bad.py": "raise RuntimeError('dag of airflow')"}
    file("half_bad.zip", _zip(half), "import-error")
    file("swells.zip", _zip({"inner_small.py": DAG.format("swells"), "zeros.bin": "0" * 50_000_000}))
    _links(folder)
    return verdicts


def big(folder: Path, megabytes: int) -> Path:
    """A Dag file of so many megabytes: a table pasted into it."""
    path = folder / "big.py"
    row = b'ROWS = "' + b"0123456789abcdef" * 64 + b'"\n'
    with path.open("wb") as file:
        file.write(DAG.format("big").encode())
        for _ in range(megabytes * 1024 * 1024 // len(row)):
            file.write(row)
    return path


def _zip(files: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return held.getvalue()


def _links(folder: Path) -> None:
    """Links that lead in circles or nowhere, and what is no file although it is called one."""
    (folder / "around").symlink_to(folder, target_is_directory=True)
    (folder / "itself.py").symlink_to("itself.py")
    (folder / "nowhere.py").symlink_to("gone.py")
    (folder / "folder.py").mkdir()
    os.mkfifo(folder / "pipe.py")
