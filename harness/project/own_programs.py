"""Commands that start programs of ours, so that nothing of the user's is taken for a part of them.

``python -c`` and ``python -m`` put the working directory before everything else on ``sys.path``: a project with a
``harness.py``, a ``json.py`` or a ``ruff.py`` at its root would have it imported in place of what is meant.
``python -P`` says that it does not, from 3.11 on.
"""

from __future__ import annotations

import sys
from pathlib import Path

_PACKAGES = str(Path(__file__).resolve().parents[2])

_NOWHERE = "import sys; sys.path[:sys.path[:1] == ['']] = []"
"""Only what "-c" has put there: with ``PYTHONSAFEPATH`` that is nothing."""


def own_program(module: str) -> list[str]:
    """A command that calls ``main`` of a module of ours; ours is first on the path while our package is looked for.

    PYTHONPATH may name the project too.
    """
    package = module.partition(".")[0]
    ours = f"sys.path.insert(0, {_PACKAGES!r}); import {package}; sys.path.remove({_PACKAGES!r})"
    return [sys.executable, "-c", f"{_NOWHERE}; {ours}; from {module} import main; main()"]


def installed_program(module: str) -> list[str]:
    """A command that runs a module of an installed package, as ``python -m`` does elsewhere than in a project."""
    return [sys.executable, "-c", f"{_NOWHERE}; import runpy; runpy.run_module({module!r}, run_name='__main__')"]
