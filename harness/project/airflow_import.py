"""An Airflow that does not import, so that nothing loads: by itself, or through ``airflow_local_settings.py``."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import AirflowUnusable, HarnessError

NAME = "airflow_local_settings"
_RAISED = re.compile(r"[A-Za-z_][\w.]*(: |$)")
_FRAME = re.compile(rf'File "([^"\n]*\b{NAME}\.py)", line (\d+)')


def unusable(said: str) -> AirflowUnusable:
    """The error of an Airflow that does not import.

    Args:
        said: the text of the traceback.
    """
    lines = [one.strip() for one in said.strip().splitlines()]
    raised = next((one for one in reversed(lines) if _RAISED.match(one)), "an exception")[:500]
    frames = _FRAME.findall(said)
    if frames:
        path, line = frames[-1]
        here = Path.cwd()
        shown = Path(path).relative_to(here).as_posix() if Path(path).is_relative_to(here) else path
        return AirflowUnusable(
            f"{NAME}.py raises {raised}",
            where=f"{shown}:{line}",
            why="Airflow imports it with itself, so that no Dag can be loaded",
            fix="correct it; or install what it imports where the harness is installed",
        )
    # Airflow reads its own files, which are UTF-8, with the encoding of the locale.
    decoding = raised.startswith("UnicodeDecodeError")
    fix = "use a locale of UTF-8: export LC_ALL=C.UTF-8" if decoding else "see what it says: python -c 'import airflow'"
    return AirflowUnusable("Airflow does not import here, so no Dag can be loaded", why=raised, fix=fix)


@contextmanager
def reported_as_unusable() -> Iterator[None]:
    """What is raised while Airflow and that file are imported, in the block, is one error in the house style.

    What the machine refuses stays what it is: a full disk is no fault of Airflow's.

    Raises: AirflowUnusable: something was raised.
    """
    try:
        yield
    except HarnessError:
        raise
    except (Exception, SystemExit) as error:
        said = "".join(traceback.format_exception(error))
        if isinstance(error, (OSError, MemoryError, SystemExit)) and not _FRAME.search(said):
            raise
        raise unusable(said) from None
