"""A shop whose week was simulated, and its ledger as Airflow's API server shows it."""

from pathlib import Path

import pytest

from tests.cli.ui.shop import shown_in_ui, simulated


@pytest.fixture(scope="package")
def shop(tmp_path_factory):
    return simulated(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="package")
def shown(shop):
    """``january``, served."""
    with shown_in_ui(shop.folder / "january", shop.folder / "dags") as found:
        yield found


@pytest.fixture(scope="package")
def scratch_folders():
    """The throw-away folders of servers that there are below a temporary one."""

    def found(folder):
        return sorted(Path(folder).glob("airflow-harness-scratch-ui-*"))

    return found
