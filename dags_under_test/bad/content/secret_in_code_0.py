# expect: secret-in-code:10
# expect: secret-in-code:11
# expect: secret-in-code:12
# expect: secret-in-code:19
import os

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

PASSWORD = "vT7hqPz2Lk"
WAREHOUSE = "postgresql://etl:vT7hqPz2Lk@warehouse.example/sales"
ACCESS_KEY = "AKIA" "Q3EGRT7VUJ2MXW5K"

with DAG("secretive", schedule=None):
    BashOperator(
        task_id="load",
        bash_command="./load.sh ",
        append_env=True,
        env={"API_TOKEN": "q8Zr4mT1x9Kd7Wb3Yp6Nc2Vf"},
    )
    os.environ.get(PASSWORD + WAREHOUSE + ACCESS_KEY)
