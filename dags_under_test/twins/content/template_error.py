from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("defined_names", schedule="@daily"):
    day = BashOperator(task_id="day", bash_command="load --day {{ ds }}")
    own = BashOperator(
        task_id="own", bash_command="load {% set days = [ds, ts] %}{% for day in days %}{{ day }} {% endfor %}"
    )
    perhaps = BashOperator(
        task_id="perhaps", bash_command="load {{ dss | default(ds) }} {{ 'x' if dss is defined else '' }}"
    )
    braces = BashOperator(task_id="braces", bash_command="awk '{% raw %}{{ print $1 }}{% endraw %}' orders.csv")
    day >> own >> perhaps >> braces
