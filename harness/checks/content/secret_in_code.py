"""``secret-in-code``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from harness.checks.content.literals import may_hold, secrets
from harness.checks.context import FileContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("secret-in-code", level="file")
def secret_in_code(file: FileContext) -> Iterator[Problem]:
    """A password, a key or a token among the literals of a Dag file.

    It is in the repository's history and in everybody's clone of it; where an operator takes it, also in the metadata
    database, in the user interface and in the logs, because Airflow masks what it knows for a secret: connections and
    variables. Told are URIs with a password, texts in the form of well-known tokens and private keys, and literals
    given to something called ``password``, ``token``, ``api_key`` or ``secret``; a token must look made by chance.
    Placeholders (``***``, ``changeme``, ``{{ … }}``, ``${…}``) are none. What is found is never shown. (ruff's S105 and
    S106 go by the name alone.)

    Fix: a connection, a variable or a secrets backend; then a new password, because this one is known.
    """
    for path, text, tree in _sources(file):
        if may_hold(text):
            for found in secrets(tree()):
                yield Problem(f"a secret in the code: {found.what}", None, found.line, path, _FIX)


_FIX = "keep it in a connection or a secrets backend, and change it: it is known by now"


def _sources(file: FileContext) -> Iterator[tuple[str, str, Any]]:
    """(path, text, tree) of the file and of the repository's modules that it imported."""
    yield file.path, file.source, lambda: file.tree
    for path in file.imported:
        if path != file.path:
            yield path, file.definitions.text(path), partial(file.definitions.tree, path)
