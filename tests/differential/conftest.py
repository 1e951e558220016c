"""The sandbox is entered before the first import of Airflow; all tests here need real Airflow."""

import pytest

from harness.bridge.environment import sandbox

_former = sandbox.enter()


def pytest_collection_modifyitems(items):
    """Hook: of all items collected, those of this folder."""
    for item in items:
        if "/differential/" in str(item.path):
            item.add_marker(pytest.mark.reference)
