"""``variable-missing``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import FileContext
from harness.checks.registry import check
from harness.checks.resources.used_names import undeclared, variables
from harness.results.finding import Problem


@check("variable-missing", level="file")
def variable_missing(file: FileContext) -> Iterator[Problem]:
    """A variable that the world does not declare, read without a default by task code or a template.

    ``Variable.get`` raises in production, and a template renders no more.

    Fix: declare the variable under ``variables:`` in the world file, as it is in production, or give a default.
    """
    yield from undeclared(variables(file), file.declared.variables, "variable", file)
