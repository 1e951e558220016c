import os
import sys
from pathlib import Path

from airflow.sdk import DAG, task

here = os.path.abspath(os.curdir)
os.chdir("/")
os.chdir(here)
sys.path.append(str(Path(__file__).parent))

with DAG("moved_and_back", schedule=None):

    @task
    def only():
        pass

    only()
