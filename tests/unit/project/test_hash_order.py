"""What has to do with the order of sets is parsed under two hash seeds; what has not, is not."""

from __future__ import annotations

import pytest

from harness.project.hash_order import depends_on_hashes

TASK = "from airflow.sdk import DAG, task\n"
ORDERED = [
    "names = {'a', 'b'}",
    "names = {one for one in table}",
    "for name in set(names): make(name)",
    "names = list(frozenset(names))",
    "dag_id = f'd_{hash(name)}'",
    "dag_id = f'd_{id(name)}'",
    "names = old.keys() & new.keys()",
    "names = old.keys() - {}",
    "names = old.keys()",
    "names = first.union(second)",
    "for task_id in task.upstream_task_ids: make(task_id)",
    "names = sorted({'a', 'b'}, key=len)",
    "chosen = x in {y for y in names} or names ^ others",
    "class Key:\n    def __hash__(self): return self.__hash__()",
    "def late():\n    return set(names)",
    "from mine import task\n@task\ndef late():\n    return set(names)",
    f"{TASK}@task(pool=list({{'a', 'b'}})[0])\ndef late(): ...",
    f"{TASK}@task\ndef late(names={{'a'}}): ...",
    "exec(text)",
    "{ no Python at all",
]
ORDERLESS = [
    "names = {'a': 1}",
    "wanted = name in {'a', 'b'}",
    "many = len(set(names))",
    "names = sorted({'a', 'b'})",
    "names: set[str] = sorted(names)",
    "def f(names: set[str]) -> frozenset[str]: ...",
    "for name, value in table.items(): make(name)",
    "total = 3 - 2 | 1",
    f"{TASK}@task\ndef late():\n    return list({{'a', 'b'}})",
    f"{TASK}@task.branch(retries=2)\ndef late():\n    return set(names)",
    "dag = DAG('d', tags=['a', 'b'])",
    "settings = resets(offset)",
]


@pytest.mark.parametrize("text", ORDERED)
def test_what_may_depend_on_the_order_of_a_set_is_seen(text):
    assert depends_on_hashes(text)


@pytest.mark.parametrize("text", ORDERLESS)
def test_what_has_no_order_is_left_alone(text):
    assert not depends_on_hashes(text)
