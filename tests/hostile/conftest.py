"""Everything here does harm, or is killed."""

import pytest


def pytest_collection_modifyitems(items):
    """Hook: of all items collected, those of this folder."""
    for item in items:
        if "/tests/hostile/" in str(item.path):
            item.add_marker(pytest.mark.hostile)
