"""Of which functions it is sure that they name one branch at a time."""

from __future__ import annotations

import ast

import pytest

from harness.checks.graph.branch_target import chooses_one

ONE = [
    "def f(x): return 'a'",
    "def f(x): return 'a' if x else None",
    "def f(x): return f'load_{x}'",
    "def f(x) -> str: return pick(x)",
    "def f(x) -> 'str | None': return pick(x)",
    "def f(x) -> Literal['a', 'b']: return pick(x)",
    "def f(x): return 'load_' + x",
    "def f(x): return x + '_load'",
    "def f(x): return 'load_%s' % x",
    "def f(x): return 'load_{}'.format(x)",
    "def f(x): return str(x)",
    "def f(x): return {'n': 'a', 's': 'b'}[x]",
    "def f(x): return {'n': 'a'}.get(x, 'b')",
    "def f(x): return random.choice(['a', 'b'])",
    "def f(x): return None or 'a'",
    "def f(x):\n  way = 'a'\n  if x:\n    way = f'{x}'\n  return way",
    "def f(x):\n  def several(): return ['a', 'b']\n  return 'a'",
]
SEVERAL = [
    "def f(x): return ['a', 'b']",
    "def f(x): return x",
    "def f(x): return pick(x)",
    "def f(x): return 'a' if x else pick(x)",
    "def f(x): return {'n': ['a', 'b']}[x]",
    "def f(x): return ['a'] + x",
    "def f(x): return random.choice(ways)",
    "def f(x) -> list[str]: return pick(x)",
    "def f(x): yield 'a'",
    "def f(x):\n  way = 'a'\n  way += x\n  return way",
    "def f(way='a'):\n  way = 'b'\n  return way",
    "def f(x):\n  for way in x: pass\n  return way",
    "def f(x):\n  way = 'a'\n  [way, _] = x\n  return way",
]


def definition(source):
    return ast.parse(source).body[0]


@pytest.mark.parametrize("source", ONE)
def test_one_at_a_time(source):
    assert chooses_one(definition(source))


@pytest.mark.parametrize("source", SEVERAL)
def test_perhaps_several(source):
    assert not chooses_one(definition(source))
