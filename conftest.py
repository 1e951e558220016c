"""Our own tests: `pytester` runs the plugin in a pytest of its own."""

from harness.bridge.environment import sandbox

pytest_plugins = ["pytester", "tests.parts"]

sandbox.enter()  # our own tests import Airflow wherever they are: for the length of the run
