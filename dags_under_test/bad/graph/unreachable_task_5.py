# expect: unreachable-task:26
import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.datetime import BranchDateTimeOperator
from airflow.sdk import DAG

with DAG("join_with_setup", schedule=None):
    create = BashOperator(task_id="create", bash_command="true").as_setup()
    delete = BashOperator(task_id="delete", bash_command="true")
    delete.as_teardown(setups=create, on_failure_fail_dagrun=True)
    office_hours = BranchDateTimeOperator(
        task_id="office_hours",
        target_lower=pendulum.time(9),
        target_upper=pendulum.time(17),
        follow_task_ids_if_true=["by_hand", "mail"],
        follow_task_ids_if_false="by_night",
    )
    by_hand = BashOperator(task_id="by_hand", bash_command="true")
    mail = BashOperator(task_id="mail", bash_command="true")
    by_night = BashOperator(task_id="by_night", bash_command="true")
    create >> office_hours >> [by_hand, mail, by_night]
    early = BashOperator(task_id="early", bash_command="true")
    [by_hand, mail] >> early
    late = BashOperator(task_id="late", bash_command="true", trigger_rule="all_done")
    [by_hand, by_night] >> late
    never = BashOperator(task_id="never", bash_command="true")
    [by_hand, by_night] >> never
    [early, late, never] >> delete
