"""The names of the context that a Jinja template uses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from harness.upgrade.uses import AirflowName

if TYPE_CHECKING:
    import jinja2

SUFFIXES = (
    ".sql",
    ".hql",
    ".sh",
    ".bash",
    ".j2",
    ".jinja",
    ".jinja2",
    ".json",
    ".yaml",
    ".yml",
    ".html",
    ".txt",
    ".md",
)
"""Of files that operators read as templates (``template_ext``), as far as they are text."""


def names_of(text: str) -> Iterator[tuple[AirflowName, int]]:
    """Keys of the context and fields of its objects, with their lines in the text; none where it is no template."""
    if "{{" not in text and "{%" not in text:
        return
    import jinja2
    from jinja2 import meta, nodes

    try:
        tree = _environment().parse(text)
        free = meta.find_undeclared_variables(tree)
    except (jinja2.TemplateSyntaxError, RecursionError):
        return  # check has a finding for it, and f-strings and shell scripts have braces of their own
    for node in tree.find_all(nodes.Name):
        if node.name in free and node.ctx == "load":
            yield AirflowName("context", "", node.name), node.lineno
    for attribute in tree.find_all(nodes.Getattr):
        owner = attribute.node
        if isinstance(owner, nodes.Name) and owner.name in free:
            yield AirflowName("field", owner.name, attribute.attr), attribute.lineno


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    made = jinja2.Environment(autoescape=True, extensions=["jinja2.ext.do"])  # parses only, renders nothing
    made.filters, made.tests = _Every(made.filters), _Every(made.tests)
    return made


class _Every(dict[str, Any]):
    """Filters and tests by name, those of a Dag's own (``user_defined_filters``) among them."""

    def get(self, key: str, default: Any = str) -> Any:
        return super().get(key, default or str)
