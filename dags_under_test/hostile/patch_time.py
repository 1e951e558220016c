# verdict: process-pollution
# says: time.monotonic
"""It is always midnight in 1970."""

import datetime
import time


class Never(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(1970, 1, 1, tzinfo=tz)


time.time = time.monotonic = lambda: 0.0
time.sleep = lambda _: None
datetime.datetime = Never

from airflow.sdk import DAG

with DAG("patch_time", schedule=None):
    pass
