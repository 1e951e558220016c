"""The forecast of ``dags/price_forecast.py`` before it had an environment of its own."""

from datetime import datetime

import shop_forecast
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def forecast_in_the_image():
    @task
    def forecast(ds=None):
        return shop_forecast.price(ds)

    forecast()


forecast_in_the_image()
