"""Which functions of a loop read its variable too late."""

from __future__ import annotations

import pytest

from harness.checks.content.late_binding import late_binding
from tests.checks.content.contexts import context

LATE = [
    ("for t in 'ab':\n    made.append(lambda: print(t))", "'t'"),
    ("for t, n in [('a', 1), ('b', 2)]:\n    made.append(lambda: print(n))", "'n'"),
    ("for t in 'ab':\n    p = t + '.csv'\n    q = p\n    made.append(lambda: print(q))", "'q'"),
    ("for t in 'ab':\n    def read():\n        return t\n    made.append(lambda: read())", "'read'"),
    (
        "for t in 'ab':\n    def f():\n        def g():\n            return t\n        return g()\n    made.append(f)",
        "'t'",
    ),
    ("for t in 'ab':\n    for n in range(2):\n        made.append(lambda t=t: print(t, n))", "'n'"),
    ("def all_of():\n    for t in 'ab':\n        made.append(lambda: print(t))\nall_of()", "'t'"),
    ("made += [lambda: print(t) for t in 'ab']", "'t'"),
]
BOUND = [
    "for t in 'ab':\n    made.append(lambda t=t: print(t))",
    "for t in 'ab':\n    def f(t=t):\n        print(t)\n    made.append(f)",
    "for t in 'a':\n    made.append(lambda: print(t))",
    "for t in 'ab':\n    n = 3\n    made.append(lambda: print(n))",
    "def one(t):\n    made.append(lambda: print(t))\nfor t in 'ab':\n    one(t)",
    "for t in 'ab':\n    made.append(lambda: [t for t in 'cd'])",
    "for t in 'ab':\n    def f():\n        t = 3\n        return t\n    made.append(f)",
    "def f():\n    print(t)\nfor t in 'ab':\n    made.append(f)",
]


@pytest.mark.parametrize(("source", "names"), LATE)
def test_read_when_the_loop_is_over(source, names):
    (problem,) = late_binding(context(source))
    assert f"reads {names} of the loop that made it" in problem.message


@pytest.mark.parametrize("source", BOUND)
def test_bound_in_time(source):
    assert list(late_binding(context(source))) == []
