"""No modules of the package that import each other, also not in functions, by name or for the type checker alone."""

from __future__ import annotations

import ast

import pytest

from tests.repo.import_graph import circles, import_graph
from tests.repo.sources import ROOT, modules, tree


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
