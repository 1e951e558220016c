"""An error that is caught and forgotten

The upload sometimes failed, so somebody wrapped it in `except Exception: pass`. It has failed every night since the firewall
changed, and every task is green.
"""

# found by: rehearsal
# without one: run swallowed_error --logical-date 2025-01-02
import urllib.request

from airflow.sdk import DAG, task
# mended: from airflow.sdk import BaseHook

with DAG("swallowed_error", schedule="@daily"):

    @task
    def upload():
        try:  # bug
            urllib.request.urlopen("http://archive.example/orders", data=b"rows", timeout=5)  # bug
        except Exception:  # bug
            pass  # bug
        # mended: at = BaseHook.get_connection("shop_api")
        # mended: urllib.request.urlopen(f"http://{at.host}:{at.port}/orders", timeout=5)

    upload()
