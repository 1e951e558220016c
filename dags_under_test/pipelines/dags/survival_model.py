"""A model that is trained on each day's passengers, and deployed only where it is good enough."""

import shutil
from datetime import datetime
from pathlib import Path

from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook
from airflow.sdk import Variable, dag, task
from include import survival

GOOD_ENOUGH = 0.8


@dag(schedule="@daily", start_date=datetime(2025, 1, 1), catchup=False)
def survival_model():
    @task
    def features(ds=None):
        hook = PostgresHook("warehouse")
        passengers = hook.get_df("select * from passengers where day = %(day)s order by id", {"day": ds})
        file = Path(Variable.get("model_folder")) / f"features-{ds}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        survival.features(passengers).to_csv(file, index=False)
        return str(file)

    @task(multiple_outputs=True)
    def train(file, ds=None):
        import joblib
        import pandas as pd

        model, metrics = survival.fitted(pd.read_csv(file))
        kept = Path(file).with_name(f"model-{ds}.joblib")
        joblib.dump(model, kept)
        return {"model": str(kept), "metrics": metrics}

    @task.branch
    def is_good_enough(metrics):
        return "deploy" if metrics["accuracy"] >= GOOD_ENOUGH else "alert"

    @task
    def deploy(model):
        return str(shutil.copyfile(model, Path(model).with_name("current.joblib")))

    @task
    def alert(metrics, ds=None):
        SlackWebhookHook(slack_webhook_conn_id="slack_oncall").send(
            text=f"the model of {ds} is right for {metrics['accuracy']:.0%}: not deployed"
        )

    trained = train(features())
    is_good_enough(trained["metrics"]) >> [deploy(trained["model"]), alert(trained["metrics"])]


survival_model()
