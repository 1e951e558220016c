"""``deprecation``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import FileContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("deprecation", severity="warning", level="file")
def deprecation(file: FileContext) -> Iterator[Problem]:
    """Names and arguments that Airflow or a provider warns of while the file is imported.

    They work until the next major version of Airflow or of the provider, and then the file no longer imports. In
    production the warnings are in the Dag processor's log, where nobody reads them.

    Use what the message names instead. ruff's AIR rules find many of them in the text, some of which never warn.
    """
    lines: dict[tuple[str, int], list[str]] = {}
    for warned in file.warned:
        if warned.airflows and warned.place is not None:
            messages = lines.setdefault(warned.place, [])
            if warned.message not in messages:
                messages.append(warned.message)
    for (path, line), messages in lines.items():
        said = " ".join(messages[0].split())[:300] + (f" (and {len(messages) - 1} more)" if len(messages) > 1 else "")
        yield Problem(said, line=line, path=path, fix="use what the message names")
