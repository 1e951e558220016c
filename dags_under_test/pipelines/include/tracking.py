"""Each trial recorded, with its parameters, how good it is, and the model, in the MLflow that the environment names."""

EXPERIMENT = "churn"


def tried(strength, day):
    """Fit the day's customers with a strength of regularization, and record it.

    Returns: how many of those that it had not seen it is right about, 0 to 1.
    """
    import mlflow
    from sklearn.datasets import make_classification
    from sklearn.linear_model import LogisticRegression

    mlflow.set_experiment(EXPERIMENT)
    customers, left = make_classification(600, n_informative=6, random_state=int(day.replace("-", "")))
    with mlflow.start_run(run_name=f"{strength} of {day}"):
        mlflow.log_params({"strength": strength, "day": day})
        model = LogisticRegression(C=1 / strength, max_iter=1000).fit(customers[:450], left[:450])
        accuracy = float(model.score(customers[450:], left[450:]))
        mlflow.log_metric("accuracy", accuracy)
        mlflow.sklearn.log_model(model, name="model", pip_requirements=["scikit-learn"])
    return accuracy


def best_of(day):
    """Id and strength of the day's best trial."""
    import mlflow

    (run,) = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string=f"params.day = '{day}'",
        order_by=["metrics.accuracy desc", "params.strength"],
        max_results=1,
        output_format="list",
    )
    return {"run_id": run.info.run_id, "strength": int(run.data.params["strength"])}
