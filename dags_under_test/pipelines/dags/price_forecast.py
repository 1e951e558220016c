"""A forecast by a library of other versions than Airflow's image has: in an environment that is kept between runs.

The scoring runs in an environment that the image brings along.
"""

from datetime import datetime

from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def price_forecast():
    @task.virtualenv(
        requirements=["shop-forecast @ file://{{ var.value.wheels }}/shop_forecast-1.2-py3-none-any.whl"],
        venv_cache_path="{{ var.value.environments }}",
        system_site_packages=False,
    )
    def forecast(day):
        import sys

        import shop_forecast

        return {"price": shop_forecast.price(day), "version": shop_forecast.__version__, "environment": sys.prefix}

    @task.external_python(python="{{ var.value.scoring_python }}", expect_airflow=False)
    def score(found):
        import sys

        return {"good": found["price"] > 0, "environment": sys.prefix}

    score(forecast("{{ ds }}"))


price_forecast()
