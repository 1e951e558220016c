"""``secret-in-code``: among the literals of a file, by the form of the text, or by the name of what it is given to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from harness.checks.context import FileContext
from harness.checks.registry import check
from harness.project.sensitive import FORMS
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


_URI = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@'\"]*:([^\s/@'\"]+)@[^\s'\"]", re.IGNORECASE)
_PASSWORD = re.compile(r"(?:^|_|pg)(?:password|passwd|pwd|passphrase)$", re.IGNORECASE)
_TOKEN = re.compile(
    r"(?:^|_)(?:api_?key|(?:access|auth|bearer|refresh|secret|api)_token|token|client_secret|secret_(?:access_)?key|secret)$",
    re.IGNORECASE,
)
_HINT = re.compile(
    r"passw|pwd|passphrase|token|secret|api[_-]?key|://[^\s/]*:[^\s/]*@|PRIVATE KEY|hooks\.slack"
    r"|\b(?:AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|AIza|xox[a-z]-|[rs]k_live_|SG\.|eyJ)",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"^$|\{|\$\{|^[$<]|%[sd(]|\*\*|\.\.\.|…|^(.)\1*$|^[a-z]+(?:[_-][a-z]+)+$"
    r"|change.?me|change.?this|replace|placeholder|example|dummy|fake|redact|todo|fixme|none|null|test|sample|insert"
    r"|secret$|^(?:var)?(?:char|text|binary|bytea|bool)|^(?:your|my|the|some|a)[-_ ]"
    r"|^(?:pass|passwd|password|pwd|passphrase|token|api_?key|str|string|text|foo|bar|baz)$"
    r"|^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$|^(?:/|\./|~|env:|vault:|arn:|projects/|ssm:)|://[^:@]*$",
    re.IGNORECASE,
)
_LONG = 16


@dataclass(frozen=True)
class Secret:
    """A literal that looks like one.

    Attributes:
        what: in words, without it.
    """

    what: str
    line: int


def may_hold(text: str) -> bool:
    """Whether a file is worth parsing for secrets."""
    return _HINT.search(text) is not None


def secrets(tree: ast.Module) -> Iterator[Secret]:
    """The literals of a file that look like secrets; docstrings are none."""
    texts = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    named: set[int] = set()
    for node in ast.walk(tree):
        for name, value in _named(node):
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and _is_secret(name, value.value):
                named.add(id(value))
                yield Secret(f"{name!r} is given as a literal", value.lineno)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts | named:
            what = _form_of(node.value)
            if what is not None:
                yield Secret(what, node.lineno)


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """(name, value) of what a node gives a value: arguments, entries of dicts, variables, defaults."""
    if isinstance(node, ast.Call):
        yield from ((one.arg, one.value) for one in node.keywords if one.arg)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value.replace("-", "_"), value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if name := _name_of(target):
                yield name, node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None and (name := _name_of(node.target)):
        yield name, node.value
    elif isinstance(node, ast.arguments):
        named = [*node.posonlyargs, *node.args]
        yield from ((one.arg, value) for one, value in zip(reversed(named), reversed(node.defaults), strict=False))
        yield from ((one.arg, v) for one, v in zip(node.kwonlyargs, node.kw_defaults, strict=True) if v is not None)


def _name_of(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript):
        key = target.slice
        return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
    return target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""


def _is_secret(name: str, text: str) -> bool:
    """A password is whatever stands there; of keys and tokens only what was made by chance."""
    if _PLACEHOLDER.search(text) or any(mark in text for mark in "\n\t"):
        return False
    if _PASSWORD.search(name):
        return not any(mark in text for mark in " /") and text.lower() != name.lower()
    return _TOKEN.search(name) is not None and len(text) >= _LONG and _is_random(text)


def _is_random(text: str) -> bool:
    """Whether a text was made by chance: letters and digits mixed, no words with hyphens."""
    if re.search(r"[\s:/]", text) or not (re.search(r"\d", text) and re.search(r"[A-Za-z]", text)):
        return False
    changes = sum(a.isdigit() != b.isdigit() for a, b in pairwise(text))
    return changes >= 4 and len(set(text)) >= _LONG // 2


def _form_of(text: str) -> str | None:
    """What a text is by its form, in words."""
    for match in _URI.finditer(text):
        if not _PLACEHOLDER.search(match[1]):
            return "a URI with its password"
    forms = ((what, form.search(text)) for what, form in FORMS.items())
    return next((what for what, match in forms if match and "EXAMPLE" not in match[0]), None)
