"""No modules of the package that import each other, also not in functions, by name or for the type checker alone."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping

import pytest

from tests.repo.sources import ROOT, modules, tree

Graph = dict[str, set[str]]


def import_graph(trees: Mapping[str, ast.Module]) -> Graph:
    """Module -> the modules of ``trees`` that it imports.

    A package that is imported on the way to one of its modules counts, for Python runs it; a module's own packages do
    not, as they run before it anyway. A text that is a module's name counts too: it is imported by that name.

    Args:
        trees: full name of a module, ``package.__init__`` for a package -> its syntax tree.
    """
    known = {name.removesuffix(".__init__") for name in trees}
    graph: Graph = {}
    for name, module_tree in trees.items():
        module = name.removesuffix(".__init__")
        named = {one for node in ast.walk(module_tree) for one in _named(node, name, known)} & known
        on_the_way = {package for one in named for package in _packages(one)} & known
        graph[module] = (named | on_the_way.difference(_packages(name))) - {module}
    return graph


def circles(graph: Graph) -> list[list[str]]:
    """The strongly connected components of more than one module, each sorted. Source: Tarjan, 1972."""
    found: list[list[str]] = []
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in number:
                visit(other)
            if other in stack:
                lowest[module] = min(lowest[module], lowest[other])
        if lowest[module] == number[module]:
            at = stack.index(module)
            component, stack[at:] = stack[at:], []
            if len(component) > 1:
                found.append(sorted(component))

    for module in sorted(graph):
        if module not in number:
            visit(module)
    return sorted(found)


def _named(node: ast.AST, within: str, known: Container[str]) -> Iterator[str]:
    """Names of what may be modules that a node imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = within.split(".")[: -node.level] if node.level else []
        base = ".".join([*above, *filter(None, [node.module])])
        for alias in node.names:
            yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
        yield node.value


def _packages(name: str) -> Iterator[str]:
    """The packages a module is in, the nearest first."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def test_no_modules_import_each_other() -> None:
    graph = import_graph({".".join(path.relative_to(ROOT).with_suffix("").parts): tree(path) for path in modules()})
    assert sum(map(len, graph.values())) > len(graph), "the package cannot import itself that little"
    found = [" <-> ".join(circle) for circle in circles(graph)]
    assert not found, "move what they share to where it belongs: " + "; ".join(found)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"p.__init__": "", "p.a": "import p.b", "p.b": "import p.a"}, [["p.a", "p.b"]]),
        ({"p.__init__": "", "p.a": "from p import b", "p.b": "def f():\n    from p.a import x"}, [["p.a", "p.b"]]),
        ({"p.__init__": "", "p.a": "import p.b", "p.b": "if TYPE_CHECKING:\n    import p.a"}, [["p.a", "p.b"]]),
        ({"p.__init__": "", "p.a": "from .b import x", "p.b": "from . import a"}, [["p.a", "p.b"]]),
        ({"p.__init__": "", "p.a": "import_module('p.b')", "p.b": "import p.a"}, [["p.a", "p.b"]]),
        ({"p.__init__": "from p.a import x", "p.a": "from p import y"}, [["p", "p.a"]]),
        ({"p.__init__": "x = {'y': 'p.a'}", "p.a": "from p import y"}, [["p", "p.a"]]),
        (
            {
                "p.__init__": "",
                "p.q.__init__": "import p.q.b",
                "p.q.a": "",
                "p.q.b": "import p.c",
                "p.c": "import p.q.a",
            },
            [["p.c", "p.q", "p.q.b"]],
        ),
        ({"p.__init__": "from p.a import x", "p.a": "from p.b import y", "p.b": "import other"}, []),
        ({"p.__init__": "", "p.a": "import p.b, p.c", "p.b": "import p.c", "p.c": "'see p.d'"}, []),
    ],
)
def test_circles_are_seen_however_they_are_made(sources: dict[str, str], expected: list[list[str]]) -> None:
    assert circles(import_graph({name: ast.parse(source) for name, source in sources.items()})) == expected
