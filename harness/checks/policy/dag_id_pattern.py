"""``dag-id-pattern``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("dag-id-pattern", severity="off")
def dag_id_pattern(context: DagContext) -> Iterator[Problem]:
    """A Dag whose id does not match the house's pattern.

    The pattern is the option ``dag-id-pattern``, a regular expression for the whole id; lower case with underscores
    where it is not given.

    Fix: rename the Dag; its history stays under the old id.
    """
    pattern = str(context.selection.options.get("dag-id-pattern", "[a-z][a-z0-9_]*"))
    if re.fullmatch(pattern, context.dag_id) is None:
        yield Problem(f"Dag id {context.dag_id!r} does not match {pattern!r}", fix="another dag_id")
