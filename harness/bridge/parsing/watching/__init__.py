"""What a Dag file does while it is parsed, noted: files, names, places, warnings, and how long it takes.

Here is whose a stack frame is, or a warning: the repository's own, or a library's, Airflow's, ours.
"""

from __future__ import annotations

import sys

from harness.kernel.whose import LIBRARIES, OURS


class Users:
    """Tells the repository's files by their names, thousands of times a parse.

    Args:
        roots: its folders: the project and the Dag folder, absolute.
    """

    def __init__(self, *roots: str) -> None:
        self.roots = tuple(dict.fromkeys(root.rstrip("/") + "/" for root in roots))
        self._outside = tuple(
            folder
            for folder in (OURS, *(prefix.rstrip("/") + "/" for prefix in (sys.prefix, sys.base_prefix)))
            if not any(root.startswith(folder) for root in self.roots)
        )
        self._known: dict[str, bool] = {}

    def own(self, file: str) -> bool:
        """Whether a file is the repository's: below it, and in no virtual environment there."""
        known = self._known.get(file)
        if known is None:
            known = self._known[file] = self._looked_up(file)
        return known

    def _looked_up(self, file: str) -> bool:
        for root in self.roots:
            if file.startswith(root):
                rest = "/" + file[len(root) :]
                return not file.startswith(self._outside) and not any(folder in rest for folder in LIBRARIES)
        return False


_THROUGH = ("warnings", "airflow.sdk.definitions._internal.decorators")


def raiser() -> str:
    """Name of the module that raised the warning; called by a function that was put into ``warnings.showwarning``."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_globals.get("__name__") in _THROUGH:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", ""))


def is_airflows(category: type[Warning], raised_by: str) -> bool:
    """Whether a warning is Airflow's or a provider's own."""
    return category.__module__.startswith("airflow") or (
        raised_by.startswith("airflow") and issubclass(category, (DeprecationWarning, FutureWarning))
    )
