"""A project's ``airflow_local_settings.py`` that raises: Airflow imports it with itself, so that nothing loads."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import AirflowUnusable

NAME = "airflow_local_settings"
_RAISED = re.compile(r"[A-Za-z_][\w.]*(: |$)")
_FRAME = re.compile(rf'File "([^"\n]*\b{NAME}\.py)", line (\d+)')


def unusable_by(said: str) -> AirflowUnusable | None:
    """The error where a traceback goes through that file; None where something else raised.

    Args:
        said: the text of a traceback.
    """
    frames = _FRAME.findall(said)
    if not frames:
        return None
    path, line = frames[-1]
    lines = [one.strip() for one in said.strip().splitlines()]
    raised = next((one for one in reversed(lines) if _RAISED.match(one)), "an exception")
    here = Path.cwd()
    shown = Path(path).relative_to(here).as_posix() if Path(path).is_relative_to(here) else path
    return AirflowUnusable(
        f"{NAME}.py raises {raised[:500]}",
        where=f"{shown}:{line}",
        why="Airflow imports it with itself, so that no Dag can be loaded",
        fix="correct it; or install what it imports where the harness is installed",
    )


@contextmanager
def local_settings_told() -> Iterator[None]:
    """An exception of that file, for the block, is one error in the house style.

    Raises: AirflowUnusable: it raised.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        told = unusable_by("".join(traceback.format_exception(error)))
        if told is None:
            raise
        raise told from None
