"""Which callbacks are sure to fail, and which fail only because there was no run."""

from __future__ import annotations

import os
from functools import partial

import pytest

from harness.bridge.parsing.trials.callbacks import Callback, called, uncallable


async def awaited(context):
    """Nobody awaits it."""


def none():
    """Takes nothing."""


def two(context, channel):
    """Takes more."""


def fine(context, channel=None):
    """Takes the context."""


def keyword(*, context):
    """Takes it by name."""


def pieces(context):
    yield context


class Called:
    def __call__(self, context):
        """As a function."""


class Awaited:
    async def __call__(self, context):
        """Nobody awaits it."""


def callback(function, kind="on_failure_callback", task=True):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG

    with DAG("sales", schedule="@daily") as dag:
        load = BashOperator(task_id="load", bash_command="load", retries=1)
    return Callback(dag, load if task else None, kind, function)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("notify", "is no function but str 'notify'"),
        (3, "is no function but int '3'"),
        (awaited, "is a coroutine function"),
        (Awaited(), "is a coroutine function"),
        (none, "cannot be called with the context alone"),
        (two, "cannot be called with the context alone"),
        (keyword, "cannot be called with the context alone"),
        (partial(fine, 1, 2), "cannot be called with the context alone"),
    ],
)
def test_what_cannot_be_called(function, reason):
    assert (uncallable(callback(function)) or "").startswith(reason)


@pytest.mark.parametrize("function", [fine, print, Called(), partial(two, channel=1), lambda *args: args, pieces])
def test_what_can_be_called(function):
    assert uncallable(callback(function)) is None


def test_a_generator_function_is_gone_through_for_a_task_only():
    assert uncallable(callback(pieces)) is None
    assert "generator" in (uncallable(callback(pieces, task=False)) or "")


def test_notifiers():
    from airflow.sdk import BaseNotifier

    class Post(BaseNotifier):
        def notify(self, context):
            """Sends it."""

    class Later(BaseNotifier):
        async def async_notify(self, context):
            """Sends it elsewhere."""

    assert uncallable(callback(Post())) is None
    assert "is a class" in (uncallable(callback(Post)) or "")
    assert uncallable(callback(Later())) == "is a notifier without notify(): Airflow does not await async_notify() here"


TOLD = [
    (lambda context: context["execution_date"], "raises KeyError: 'execution_date'"),
    (lambda context: context["tii"], "raises KeyError: 'tii'"),
    (lambda context: undefined_name, "raises NameError: "),  # noqa: F821
    (lambda context: context["ti"].execution_date, "raises AttributeError: 'TaskInstance' object has no attribute"),
    (lambda context: context["dag_run"].execution_date, "raises AttributeError: 'DagRun' object has no attribute"),
    (lambda context: context["dag"].concurrency_limit, "raises AttributeError: 'DAG' object has no attribute"),
    (lambda context: two(context), "raises TypeError: "),
    (lambda context: context["task"].nothing, "raises AttributeError: "),
]
NOT_SURE = [
    lambda context: context["logical_date"].strftime("%Y"),
    lambda context: context["exception"].args,
    lambda context: context["ti"].xcom_pull("make")["rows"][0].name,
    lambda context: context["ti"].try_number + context["ti"].max_tries,
    lambda context: (context["ti"].end_date - context["ti"].start_date).total_seconds() / 60,
    lambda context: context["ti"].log_url.replace("a", "b") + "x",
    lambda context: context["params"]["given"],
    lambda context: context["dag_run"].conf["given"],
    lambda context: context["var"]["value"].region,
    lambda context: os.environ["NOT_HERE"],
    lambda context: {}["x"],
    lambda context: [][0],
    lambda context: int(context["ti"].task_id),
    lambda context: None.name,
    lambda context: 1 / 0,
]


def raised(functions, kind="on_failure_callback", task=True):
    tried = [callback(function, kind, task) for function in functions]
    return list(called(tried, lambda dag: None, __file__.__eq__))


def test_what_is_sure_to_raise():
    found = raised([function for function, _ in TOLD])
    said = [one.reason if one else "nothing" for one in found]
    assert [one for one, (_, reason) in zip(said, TOLD, strict=True) if not one.startswith(reason)] == []
    assert {one.path for one in found} == {__file__}


def test_what_a_real_run_may_do_without_error():
    assert raised(NOT_SURE) == [None] * len(NOT_SURE)


def test_who_has_the_exception():
    def exception(context):
        return context["exception"]

    assert raised([exception]) == [None]
    assert raised([exception], "on_success_callback") == [None]
    assert raised([exception], "on_execute_callback")[0].key == "exception"
    assert raised([exception], task=False)[0].key == "exception"
