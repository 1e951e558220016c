import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ABOUT = "shop_forecast-1.2.dist-info"
LIBRARY = {
    "shop_forecast.py": "__version__ = '1.2'\n\ndef price(day):\n    return int(day[-2:]) / 2\n",
    f"{ABOUT}/METADATA": "Metadata-Version: 2.1\nName: shop-forecast\nVersion: 1.2\n",
    f"{ABOUT}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{ABOUT}/RECORD": "",
}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """What production's image has: the team's wheels, a Python for scoring, a place for environments."""
    folder = tmp_path_factory.mktemp("image")
    with ZipFile(folder / "shop_forecast-1.2-py3-none-any.whl", "w") as wheel:
        for name, text in LIBRARY.items():
            wheel.writestr(name, text)
    venv.create(folder / "scoring", symlinks=True)
    return folder


@pytest.fixture
def production(image, world):
    world.set_variable("wheels", str(image))
    world.set_variable("environments", str(image / "environments"))
    world.set_variable("scoring_python", str(image / "scoring" / "bin" / "python"))
    world.set_env("AIRFLOW__STANDARD__VENV_INSTALL_METHOD", "pip")  # uv would fetch pip itself
    world.set_env("PIP_DISABLE_PIP_VERSION_CHECK", "1")  # for which pip goes to its index
    return image


def test_each_task_has_its_environment_which_is_kept_between_runs(replay, production):
    result = replay("price_forecast", since="2025-01-02", until="3d")
    assert result.ok
    forecasts = [run.task("forecast").xcom() for run in result.runs]
    assert [one["price"] for one in forecasts] == [1.0, 1.5, 2.0]
    assert {one["version"] for one in forecasts} == {"1.2"}
    (environment,) = {one["environment"] for one in forecasts}  # made once, for three runs
    assert Path(environment).parent == production / "environments"
    assert [run.task("score").xcom() for run in result.runs] == [
        {"good": True, "environment": str(production / "scoring")}
    ] * 3


def test_a_wheel_that_is_not_there_fails_clearly(run_dag, production, world):
    world.set_variable("wheels", "/opt/no-wheels")
    forecast = run_dag("price_forecast", "2025-01-02", only=["forecast"]).task("forecast")
    assert forecast.state == "failed"
    assert "/opt/no-wheels/shop_forecast-1.2-py3-none-any.whl" in forecast.log


def test_a_library_that_the_image_lacks_is_told_before_a_deploy():
    check = [Path(sys.executable).with_name("airflow-harness"), "check", "--no-cache", "bad/forecast_in_the_image.py"]
    checked = subprocess.run(check, capture_output=True, text=True)
    assert checked.returncode == 1
    assert checked.stdout.startswith("import-error: a package is not installed here: shop_forecast")
    assert "requirements.txt" in checked.stdout
