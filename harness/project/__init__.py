"""What a project is: its settings, its folders, its Dag files. Read off the files, without Airflow.

One answer for `check`, `init`, `run`, `simulate`, `verify` and the pytest plugin. Here is which folders hold nothing of
a project's own: caches, other people's packages, virtual environments.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

FOREIGN = frozenset({"__pycache__", "node_modules", "site-packages"})
"""Names of folders that hold nothing of a repository's own, wherever they lie."""
BUILT = frozenset({"build", "dist", "target"})
"""Names of folders that builds write copies of the sources into."""
WRITTEN = frozenset({"logs"})
"""Names of folders that Airflow's runs write into."""


def own_folders(folder: str | os.PathLike[str], names: Iterable[str], but: Collection[str] = ()) -> list[str]:
    """Those of a folder's folders that may hold something of the repository's own, sorted.

    Hidden ones and virtual environments are not among them.

    Args:
        but: names that one look has to pass over besides; who asks says why.
    """
    left_out = FOREIGN.union(but)
    return sorted(name for name in names if name not in left_out and not is_environment(os.path.join(folder, name)))  # noqa: PTH118


def is_environment(path: str) -> bool:
    """Whether a folder is hidden or a virtual environment."""
    return os.path.basename(path).startswith(".") or os.path.exists(os.path.join(path, "pyvenv.cfg"))  # noqa: PTH110, PTH118, PTH119
