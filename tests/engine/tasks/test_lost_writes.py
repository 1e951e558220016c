"""What a task writes into a copy is lost: pandas warns, the task succeeds, and the run says so."""

from __future__ import annotations

import warnings
from datetime import datetime

import pandas as pd
import pytest
from airflow.sdk import DAG, task

from harness.world import World

# From Python 3.14 on, pandas counts references in another way, and says so where it cannot.
TELLS = not getattr(pd.compat, "CHAINED_WARNING_DISABLED", False) and pd.__version__ >= "3"


def table():
    return pd.DataFrame({"age": [1.0, None], "class": [1, 2]})


def fill_in_place():
    known = table()
    known["age"].fillna(0, inplace=True)
    return int(known["age"].isna().sum())


def set_an_element():
    known = table()
    known["age"][1] = 0
    return int(known["age"].isna().sum())


def update_a_column():
    known = table()
    known["age"].update(pd.Series([0.0, 0.0]))
    return int(known["age"].isna().sum())


def in_one_step():
    known = table()
    known["age"] = known["age"].fillna(0)
    known.loc[0, "class"] = 3
    return int(known["age"].isna().sum())


def dag_of(*functions, **options):
    with DAG("ages", schedule=None, start_date=datetime(2025, 1, 1)) as dag:
        for function in functions:
            task(function, task_id=function.__name__, **options)()
    return dag


@pytest.mark.skipif(not TELLS, reason="pandas 2 wrote through")
def test_each_is_an_error_with_its_line(rehearse):
    functions = [fill_in_place, set_an_element, update_a_column]
    result = rehearse(dag_of(*functions), World())
    assert result.state == "success"
    assert not result.ok
    assert [result.task(one.__name__).xcom() for one in functions] == [1, 1, 1]
    found = {one.task_id: (one.check, one.severity, one.path, one.line) for one in result.findings}
    line = {one.__name__: one.__code__.co_firstlineno + 2 for one in functions}
    assert found == {name: ("lost-write", "error", __file__, at) for name, at in line.items()}


def test_a_write_that_is_kept_is_no_news(rehearse):
    result = rehearse(dag_of(in_one_step), World())
    assert (result.findings, result.task("in_one_step").xcom()) == ((), 0)


@pytest.mark.skipif(not TELLS, reason="pandas 2 wrote through")
def test_the_second_run_of_a_process_tells_it_too_and_a_second_try_not_again(rehearse):
    for _ in range(2):
        dag = dag_of(fill_in_place, set_an_element, retries=1)
        assert [one.task_id for one in rehearse(dag, World()).findings] == ["fill_in_place", "set_an_element"]


def test_what_pandas_2_says_may_be_lost_is_a_warning(rehearse):
    def write():
        text = "\nA value is trying to be set on a copy of a slice from a DataFrame.\nTry using .loc[row_indexer]"
        warnings.warn(text, FutureWarning, stacklevel=1)

    result = rehearse(dag_of(write), World())
    assert [(one.check, one.severity) for one in result.findings] == [("lost-write", "warning")]
    assert result.ok


def test_warnings_of_others_go_where_they_went_and_all_is_put_back(rehearse):
    def warn():
        warnings.warn("not ours", UserWarning, stacklevel=1)

    filters, shown = list(warnings.filters), warnings.showwarning
    with pytest.warns(UserWarning, match="not ours"):
        assert rehearse(dag_of(warn), World()).findings == ()
    assert (list(warnings.filters), warnings.showwarning) == (filters, shown)


def test_who_has_warnings_raise_sees_them_raise(rehearse):
    def write():
        warnings.warn("A value is being set on a copy of a DataFrame", UserWarning, stacklevel=1)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = rehearse(dag_of(write), World())
    assert result.task("write").error.kind == "UserWarning"
