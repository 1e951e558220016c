from airflow.sdk import DAG, Variable, task

with DAG("argument_with_a_template", schedule="@daily"):

    @task
    def load(day="{{ ds }}"):
        print(day)

    @task
    def greet(text="{{ name }}", region=Variable):
        print(text, region)

    @task(templates_dict={"day": "{{ ds }}"})
    def report(templates_dict=None, ds=None):
        print(templates_dict, ds)

    load("{{ data_interval_start | ds }}") >> load(day="{{ ds }}") >> greet() >> report()
