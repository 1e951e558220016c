"""Which uses of the wall clock are told: those that stand for the day that data are of."""

from __future__ import annotations

import pytest

from harness.checks.content.wall_clock import wall_clock
from tests.checks.content.contexts import context

IMPORTS = """
import os, time, logging, pendulum
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
"""
TOLD = [
    ("open(f'orders_{date.today()}.csv')", "names a file after date.today()"),
    ("open(os.path.join('orders', datetime.now().strftime('%Y%m%d')))", "names a file after datetime.now()"),
    ("Path('orders', str(date.today())).write_text('')", "names a file after date.today()"),
    ("(Path('orders') / str(date.today())).write_text('')", "names a file after date.today()"),
    ("frame.to_csv('orders_{}.csv'.format(datetime.now().date()))", "names a file after datetime.now()"),
    ("frame.to_csv('orders_%s.csv' % time.strftime('%Y-%m-%d'))", "names a file after time.strftime()"),
    ("hook.run('SELECT * FROM a WHERE day = \\'' + str(date.today()) + '\\'')", "puts date.today() into SQL"),
    ("hook.run(f'SELECT * FROM a WHERE at > \\'{datetime.now() - timedelta(1)}\\'')", "puts datetime.now() into SQL"),
    ("hook.insert(day=pendulum.yesterday())", "gives pendulum.yesterday() as 'day'"),
    ("hook.insert({'ds': datetime.now().isoformat()[:10]})", "gives datetime.now() as 'ds'"),
    ("hook.insert(date=pendulum.now().start_of('day'))", "gives pendulum.now() as 'date'"),
    ("hook.insert(day=datetime.fromtimestamp(time.time() - 86400).date())", "gives time.time() as 'day'"),
    ("hook.insert(day=date.fromtimestamp(time.time()))", "gives time.time() as 'day'"),
    ("row['partition'] = f'{datetime.now():%Y-%m-%d}'", "gives datetime.now() as 'partition'"),
    ("return f'orders/{datetime.now():%Y/%m/%d}/part.parquet'", "returns datetime.now()"),
    ("return {'path': f'orders/{date.today()}.csv', 'rows': 1}", "returns a name after date.today()"),
    ("made = {'paths': [f'orders/{date.today()}.csv']}; return made", "returns a name after date.today()"),
    ("day = date.today() if ds else date.today(); hook.insert(day=day)", "gives date.today() as 'day'"),
]
NOT_TOLD = [
    "print(date.today())",
    "logging.info('today is %s', date.today())",
    "logger.warning(f'no orders_{date.today()}.csv')",
    "raise ValueError(f'no orders_{date.today()}.csv')",
    "begun = datetime.now(); print((datetime.now() - begun).total_seconds())",
    "until = datetime.now() + timedelta(hours=1); wait(until)",
    "open(f'logs/{date.today()}.txt', 'a')",
    "open(f'orders_{date.today()}.log', 'a')",
    "open(f'/backup/orders_{date.today()}.sql.gz', 'wb')",
    "open(f'orders_{datetime.now():%Y%m%d%H%M%S}.csv', 'w')",
    "open(f'orders_{datetime.now().timestamp()}.csv', 'w')",
    "open(f'orders_{ds}_{datetime.now()}.csv', 'w')",
    "hook.run('INSERT INTO a (loaded_at) VALUES (%s)', datetime.now())",
    "hook.run(f'INSERT INTO a (loaded_at) VALUES (\\'{datetime.now()}\\')')",
    "row['loaded_at'] = date.today()",
    "hook.delete_before(date=date.today() - timedelta(days=90))",
    "return datetime.now().isoformat()",
    "return date.today().weekday() == 0",
    "return date.today() > limit",
    "return {'written': str(date.today())}",
    "return {'path': f'orders/{ds}.csv', 'written': str(date.today())}",
    "return {'log': f'logs/{date.today()}.txt'}",
    "day = ds or date.today(); open(f'orders_{day}.csv')",
    "day = date.today(); day = ds; open(f'orders_{day}.csv')",
    "for day in days(date.today()): open(f'orders_{day}.csv')",
    "datetime = clock; open(f'orders_{datetime.now()}.csv')",
]


def said(body: str, **given: object) -> list[str]:
    source = f"{IMPORTS}\ndef task(ds=None, hook=None, frame=None, row=None, limit=None, clock=None):\n    {body}\n"
    return [problem.message for problem in wall_clock(context(source, **given))]


@pytest.mark.parametrize(("body", "use"), TOLD)
def test_a_day_of_the_wall_clock(body, use):
    (message,) = said(body)
    assert message.startswith(f"task() {use}: ")


@pytest.mark.parametrize("body", NOT_TOLD)
def test_what_may_be_meant(body):
    assert said(body) == []


def test_only_of_dags_that_time_makes_runs_of():
    assert said(TOLD[0][0], periodic=False) == []


def test_of_functions_that_the_task_calls():
    source = """
    from datetime import date
    def day():
        return str(date.today())
    def write(to):
        open(f"{to}_{day()}.csv")
    def nobody():
        open(f"nobody_{date.today()}.csv")
    def task():
        write("orders")
    """
    (problem,) = wall_clock(context(source))
    assert (problem.line, problem.message.partition(":")[0]) == (4, "write() names a file after date.today()")
