# expect: no-dag-in-file:6
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG


def main():
    with DAG("only_as_a_program", schedule=None):
        EmptyOperator(task_id="only")


if __name__ == "__main__":
    main()
