"""The sandbox is entered before the first import of Airflow."""

from harness.bridge import sandbox

_former = sandbox.enter()
