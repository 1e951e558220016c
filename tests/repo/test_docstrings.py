"""Everything public says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.repo.sources import modules, name, tree


def test_every_public_module_class_and_function_has_a_docstring() -> None:
    missing = [f"{name(path)}:{where}" for path in modules() for where in undocumented(tree(path))]
    assert not missing, "\n".join(["without a docstring:", *missing])


def test_what_lacks_one_is_seen() -> None:
    source = "class A:\n    def m(self): ...\n    def _p(self): ...\ndef f():\n    def inner(): ...\nclass _B: ..."
    assert list(undocumented(ast.parse(source))) == ["1 module", "1 A", "2 A.m", "4 f"]


def undocumented(module: ast.Module) -> Iterator[str]:
    """Line and name of what is public and has no docstring. Methods of a class with a base have their docs there, and a
    property may be its name.
    """
    if ast.get_docstring(module) is None:
        yield "1 module"
    yield from _inside(module, "", set(_subclasses(module)))


def _inside(scope: ast.Module | ast.ClassDef, prefix: str, subclasses: set[str]) -> Iterator[str]:
    for node in scope.body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or node.name.startswith("_"):
            continue
        inherited = isinstance(scope, ast.ClassDef) and scope.name in subclasses
        if ast.get_docstring(node) is None and not _exempt(node) and not inherited:
            yield f"{node.lineno} {prefix}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from _inside(node, f"{prefix}{node.name}.", subclasses)


def _subclasses(module: ast.Module) -> Iterator[str]:
    """Classes with a base: what their methods mean is said there."""
    return (node.name for node in ast.walk(module) if isinstance(node, ast.ClassDef) and node.bases)


def _exempt(node: ast.AST) -> bool:
    decorators = {ast.unparse(decorator) for decorator in getattr(node, "decorator_list", [])}
    return bool(decorators & {"overload", "property", "cached_property"}) or any(
        ".setter" in each for each in decorators
    )
