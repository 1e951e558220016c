"""Callbacks of deadlines, importable by path; what they are told is kept in `told`."""

import asyncio
import sys
import time
from datetime import datetime, timezone

told = []


def now():
    return datetime.now(timezone.utc).strftime("%d %H:%M")


async def note(text="", context=None):
    told.append((now(), text, context))


async def slow(context=None):
    await asyncio.sleep(600)
    told.append((now(), "slow", context))


async def broken(context=None):
    raise KeyError("channel")


async def leaves(context=None):
    sys.exit(3)


async def asks(context=None):
    from airflow.sdk import Variable

    told.append((now(), Variable.get("channel"), None))


def sync_note(text, context):
    time.sleep(300)
    told.append((now(), text, context))


def sync_asks():
    from airflow.sdk import Connection, Variable
    from airflow.sdk.execution_time.xcom import XCom

    told.append((now(), Variable.get("channel"), Connection.get("pager").host))
    XCom.get_one(dag_id="late", run_id="r", task_id="work", key="return_value")


def sync_broken():
    raise ValueError("no pager")


def sync_leaves(code=3):
    sys.exit(code)


class Notifier:
    """Made with the keyword arguments, then called."""

    def __init__(self, text):
        self.text = text

    def __call__(self, *args):
        told.append((now(), self.text, args[0]["deadline"]["deadline_time"]))
