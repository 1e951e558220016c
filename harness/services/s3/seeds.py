"""What buckets hold before the first task: the files of a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from harness.errors import WorldError

UNSEEN = frozenset({".DS_Store", ".gitkeep", "Thumbs.db"})
"""What is in folders for another reason than to be an object. A bucket that has nothing else is empty."""


# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, of which moto asks the length.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def see_bucket_name(name: str) -> None:
    """See whether a bucket may be called so. Raises: ValueError."""
    if not _BUCKET.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a bucket: 3 to 63 of a-z, 0-9, '-' and '.'")


def objects(seeds: Iterable[str], conn_id: str) -> dict[str, dict[str, Path]]:
    """Bucket -> key -> file, of folders ``folder/bucket/key…``; a later folder's object goes before an earlier one's.

    Raises: WorldError: one that does not exist, or whose files are in no bucket.
    """
    found: dict[str, dict[str, Path]] = {}
    for seed in seeds:
        folder = Path(seed)
        if not folder.is_dir():
            _refuse(conn_id, f"the seed {seed} {'is no folder' if folder.exists() else 'does not exist'}")
        for entry in sorted(folder.iterdir()):
            if entry.name in UNSEEN:
                continue
            if not entry.is_dir():
                _refuse(conn_id, f"the seed {entry} is in no bucket", f"{folder}/bucket/{entry.name}")
            try:
                see_bucket_name(entry.name)
            except ValueError as fault:
                _refuse(conn_id, f"the seed {entry}: {fault}")
            bucket = found.setdefault(entry.name, {})
            for file in sorted(entry.rglob("*")):
                if file.is_file() and file.name not in UNSEEN:
                    bucket[file.relative_to(entry).as_posix()] = file
    return found


def _refuse(conn_id: str, fact: str, instead: str = "folder/bucket/key…") -> NoReturn:
    raise WorldError(
        f"connection {conn_id!r}: {fact}",
        known="folders whose folders are buckets and whose files are objects, relative to where the command runs",
        fix=f"correct seed: of the connection; an object is {instead}",
    )
