"""Recipes from the tested files of ``dags_under_test/pipelines``: a page a recipe, to be taken over in five minutes.

``python -m tests.repo.docs.tables --write`` writes them anew, with the other tables.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from tests.repo.docs.blocks import blocks
from tests.repo.sources import ROOT

REPOSITORY = ROOT / "dags_under_test" / "pipelines"
WORLD = "fixtures/world.yaml"
_FENCES = {".py": "python", ".sql": "sql", ".toml": "toml", ".txt": "text", ".yaml": "yaml", ".yml": "yaml"}


@dataclass(frozen=True)
class Recipe:
    """A page of the cookbook.

    Attributes:
        files: of the repository, each with what is to be said before it.
        world: sections and names of the world file that it takes.
        recipes: files of docs/ci.md that it shows.
        extras: what is to be installed.
        heavy: the environment of these pages has not all of it, but that of `tox -e pipelines`.
        markers: of tests that are left out unless they are asked for.
    """

    title: str
    text: str
    files: tuple[tuple[str, str], ...] = ()
    world: tuple[tuple[str, str], ...] = ()
    recipes: tuple[str, ...] = ()
    extras: str = ""
    heavy: bool = False
    markers: tuple[str, ...] = ()
    end: str = ""


_EXECUTORS = """\
The same as a table:

```console output
$ airflow-harness simulate --no-code --world fixtures/month_end.yaml --dag month_end --since 2025-02-01T06:00Z --until 12h --vary 'executor=Sequential,Local(2),Celery(8),Kubernetes(20)'
4 worlds, 2025-02-01T06:00:00Z until 2025-02-01T18:00:00Z, by the rules alone
...
executor        makespan            longest  used  missed    month_end  executor  worker  dependency
Sequential         4h55m  ████████    4h55m  100%       0            -     1d23h       -       4h40m
Local(2)           2h35m  ████        2h35m   95%       0       17h20m        5h       -       2h20m
Celery(8)          2h10m  ████        2h10m    8%       0       17h40m         -     50m       1h40m
Kubernetes(20)     1h55m  ███         1h55m   13%       0       17h40m         -       -       1h40m
...
```

Beyond the pool's ten more slots gain nothing. A Celery worker with eight processes takes longer than they would, because
what is queued for it holds slots of the pool already."""  # noqa: E501

_NIGHT = """\
The same without a test:

```console output
$ airflow-harness simulate --dags dags/nightly.py --no-code --world fixtures/nightly.yaml --since 2025-01-02T01:00Z --until 12h --vary 'executor=Local(8)'
...
Critical path with executor=Local(8)
  nightly_report asset_triggered__2025-01-02T01:58:00+00:00_00000001, 1h12m
  nightly_orders.orders        22m
  nightly_clean.clean          16m
  nightly_basket.basket        20m
  report                       14m
  nearest beside it: nightly_margins.margins, 1m of slack
...
```"""  # noqa: E501

RECIPES = {
    "weather": Recipe(
        "Weather of some cities, from an API into PostgreSQL",
        "A task for each city asks an API, pandas turns degrees into others, SQL loads them. The rehearsal replays a "
        "month twice, on a real PostgreSQL whose `now()` is the run's, with an API that lets sixty calls a minute "
        "through.",
        (
            ("dags/city_weather.py", ""),
            ("include/weather.py", ""),
            (
                "tests/test_city_weather.py",
                "`limit: 60/1m` has the API refuse what is more with 429, and the task's retries carry it through. "
                "`pytest -m docker` takes a server in a container in the place of the embedded one:",
            ),
        ),
        (("connections", "weather_api"), ("connections", "warehouse"), ("pools", "etl")),
        extras="airflow-harness[postgres,http] apache-airflow-providers-http apache-airflow-providers-postgres pandas",
        markers=("docker",),
    ),
    "alerts": Recipe(
        "Tried later and later, then people are told",
        "Retries with exponential back-off and an upper limit; a mail and a message where it gives up, and where it is "
        "well again. When each try begins is Airflow's own arithmetic, so it can be asserted to the second.",
        (("dags/fragile_export.py", ""), ("tests/test_fragile_export.py", "")),
        (("connections", "rates_api"), ("connections", "smtp_default"), ("connections", "slack_oncall")),
        extras=(
            "airflow-harness[http,smtp] apache-airflow-providers-http apache-airflow-providers-smtp "
            "apache-airflow-providers-slack"
        ),
    ),
    "large-values": Recipe(
        "Fifty megabytes from task to task",
        "As an XCom they go through Airflow's own database, and the run has the finding `xcom-size`. As a Parquet file "
        "only the path does.",
        (("dags/big_values.py", ""), ("tests/test_big_values.py", "")),
        (("variables", "lake"),),
        extras="airflow-harness duckdb",
    ),
    "own-operators": Recipe(
        "An operator, a hook and a macro of one's own",
        "They live in `include/` and `plugins/`. A test has the operator run against an API that the world plays, the "
        "hook by itself, and the client faked.",
        (
            ("dags/partner_orders.py", ""),
            ("include/partner_api.py", ""),
            ("plugins/trading_days.py", ""),
            ("tests/test_partner_orders.py", ""),
        ),
        (("connections", "partner"),),
        extras="airflow-harness[http]",
    ),
    "cached-data": Recipe(
        "Reference data that is six hours valid",
        "Kept in a variable, asked for anew when it is older. In virtual time two days of it take a second, and it "
        "expires to the second.",
        (("dags/cached_rates.py", ""), ("tests/test_cached_rates.py", "")),
        (("connections", "rates_api"),),
        extras="airflow-harness[http] apache-airflow-providers-http",
    ),
    "long-jobs": Recipe(
        "A job that runs elsewhere for hours",
        "One Dag triggers it and looks for its end every ten minutes, up to a day. Both run in one simulation: it says "
        "at which minute the end is found, and what the waiting costs.",
        (
            ("dags/long_job.py", ""),
            (
                "bad/job_of_another_hour.py",
                "With schedules of their own the two have to meet. `airflow-harness check` says when they never do:",
            ),
            ("tests/test_long_job.py", ""),
        ),
    ),
    "arrivals": Recipe(
        "A file or an API that is late, waited for in three ways",
        "Sensors that poke, that are rescheduled, and that defer: each sees what arrives at a virtual instant, at its "
        "next look. They differ in how long they hold a worker's slot, which is `in_worker` of a task's result.",
        (
            ("dags/file_arrivals.py", ""),
            ("tests/test_file_arrivals.py", ""),
            ("dags/readiness.py", "The same of an API:"),
            ("tests/test_readiness.py", ""),
        ),
        (("connections", "aws_default"), ("connections", "rates_api")),
        extras=("airflow-harness[s3,http] apache-airflow-providers-amazon apache-airflow-providers-http aiobotocore"),
    ),
    "monolith": Recipe(
        "A nightly monolith, split by its data",
        "One Dag of 4 h 17 min becomes one for each step, each started by the assets that it needs: 72 minutes. How "
        "long the steps take is told by the world; which of them make it as long as it is, the critical path says, "
        "through the Dags and the assets between them.",
        (
            ("dags/monolith.py", ""),
            ("dags/nightly.py", ""),
            ("include/nightly.py", ""),
            ("fixtures/nightly.yaml", ""),
            (
                "tests/test_monolith.py",
                "With `memory=True` each task's `peak_bytes` is what its Python code held at most:",
            ),
        ),
        end=_NIGHT,
    ),
    "data-aware": Recipe(
        "Reports that follow their data",
        "One waits for both feeds, one takes either, one follows whatever is published under an alias. Two days of it "
        "say which runs there are, when, and by which assets.",
        (("dags/data_aware.py", ""), ("tests/test_data_aware.py", "")),
    ),
    "approvals": Recipe(
        "A person who approves",
        "The answers are part of the test: who, what, after how long. Where nobody answers, it ends in time.",
        (("dags/release.py", ""), ("tests/test_release.py", "")),
    ),
    "landed-files": Recipe(
        "A task for each file, one of them broken",
        "Mapping over what has landed in a bucket. One broken file fails its own instance; what comes after goes on by "
        "its trigger rule, and somebody is told.",
        (("dags/landed_files.py", ""), ("tests/test_landed_files.py", "")),
        (("connections", "aws_default"), ("pools", "etl")),
        extras="airflow-harness[s3] apache-airflow-providers-amazon",
    ),
    "a-dag-for-each-source": Recipe(
        "A Dag for each source of a configuration",
        "Thirty sources in a YAML file, a Dag for each, and each bound to its own source: the function that makes a "
        "Dag takes the source, so that no task reads the loop's variable when it runs.",
        (
            ("dags/sources.py", ""),
            ("config/sources.yaml", ""),
            (
                "bad/sources_bound_late.py",
                "Made in the loop itself, all of them load the last source, with success. `airflow-harness check` says "
                "`late-binding: load() of 30 tasks reads 'source' of the loop that made it`:",
            ),
            ("tests/test_sources.py", "The test runs all thirty, and has the gate find the other one:"),
        ),
    ),
    "counters": Recipe(
        "Counters, as production would get them",
        "Dashboards and alarms live on the metrics that tasks send, so they are worth a test: the team's own, and "
        "those that Airflow's task runner sends.",
        (("dags/metered_import.py", ""), ("tests/test_metered_import.py", "")),
        (("connections", "metrics"), ("connections", "rates_api")),
        extras="airflow-harness[http] apache-airflow-providers-http statsd",
    ),
    "mysql": Recipe(
        "SQL in a real MySQL",
        "The operator's own SQL runs on a real server: MariaDB's programs, a container, or one that is there already. "
        "The seed is what the shop's database holds; `current_timestamp` is the run's.",
        (
            ("dags/stock_levels.py", ""),
            ("fixtures/shop.sql", ""),
            ("tests/test_stock_levels.py", "`pytest -m mysql`, where the marker is left out by default:"),
        ),
        extras="airflow-harness[mysql] apache-airflow-providers-common-sql",
        markers=("mysql",),
    ),
    "environments-of-tasks": Recipe(
        "A library that Airflow's image does not have",
        "Where a library wants other versions than Airflow, its task has an environment of its own: made once, and "
        "kept between runs, or brought along by the image. Both are real here.",
        (
            ("dags/price_forecast.py", ""),
            (
                "bad/forecast_in_the_image.py",
                "Imported at the top of a file it is told before a deploy: `import-error: a package is not installed "
                "here: shop_forecast`, with the line of `requirements.txt` that names it.",
            ),
            ("requirements.txt", ""),
            ("tests/test_price_forecast.py", ""),
        ),
        (("variables", "wheels"), ("variables", "environments"), ("variables", "scoring_python")),
    ),
    "stopped-at-commit": Recipe(
        "A flipped dependency is stopped at commit",
        "Somebody turns an arrow: `load >> [table, rows]` for `[table, rows] >> load`. The file imports, the Dag is "
        "drawn, and the load would load nothing. With this in the repository the commit is refused, and what is pushed "
        "all the same is annotated by GitHub and listed by GitLab ([their recipes](../ci.md)); CI plays all three.",
        recipes=(".pre-commit-config.yaml",),
        end="```text\nxcom-reference: task 'load' pulls an XCom of 'transform', which does not run before it\n```",
    ),
    "pools-and-executors": Recipe(
        "How many slots does the end of the month need?",
        "Heavy jobs take five slots of a pool, light ones one, and finance has a queue of its own. What waits for "
        "whom, and how long it takes on each executor, is known without a cluster.",
        (("dags/month_end.py", ""), ("fixtures/month_end.yaml", ""), ("tests/test_month_end.py", "")),
        (("pools", "month_end"),),
        end=_EXECUTORS,
    ),
    "model-training": Recipe(
        "A model that is trained each day, and deployed only where it is good enough",
        "A table of the warehouse becomes features, a random forest, metrics and a decision. The rehearsal trains for "
        "real, for a good day and for one whose labels are noise.",
        (
            ("dags/survival_model.py", "Data goes from task to task as a file; only metrics and paths are XComs:"),
            ("include/survival.py", ""),
            ("fixtures/passengers.sql", "The warehouse's seed, made by SQL alone, the same each time:"),
            (
                "tests/test_survival_model.py",
                "The last test is of pandas 3, where `table[column].fillna(…, inplace=True)` writes into a copy. The "
                "forest takes what is missing without a word and the task succeeds; the run is not `ok`, with the "
                "finding `lost-write` and the line.",
            ),
        ),
        (("connections", "slack_oncall"),),
        extras="airflow-harness[postgres,http] apache-airflow-providers-slack pandas scikit-learn",
        heavy=True,
    ),
    "experiments": Recipe(
        "Trials recorded in MLflow, and its server down",
        "MLflow finds its server by `MLFLOW_TRACKING_URI`, here as on a worker. A test gives it a store of its own; "
        "what is recorded has the run's dates. While the server is down MLflow tries again for minutes, then Airflow "
        "does, all in virtual time.",
        (("dags/churn_trials.py", ""), ("include/tracking.py", ""), ("tests/test_churn_trials.py", "")),
        (("env", "MLFLOW_DISABLE_TELEMETRY"),),
        extras="airflow-harness[http] mlflow-skinny scikit-learn skops",
        heavy=True,
    ),
    "sagemaker": Recipe(
        "A model behind an endpoint of SageMaker",
        "`service: s3` is all of AWS that moto plays: what gives buckets answers SageMaker too. `world.s3.requests` "
        "has what it was asked, `world.s3.client(…)` what came of it.",
        (
            (
                "dags/model_endpoint.py",
                "Three operators and not one that does it all: when AWS throttles between two calls, Airflow goes on "
                "where it stood.",
            ),
            ("tests/test_model_endpoint.py", ""),
        ),
        (("connections", "aws_default"),),
        extras="airflow-harness[s3] apache-airflow-providers-amazon",
    ),
    "spark": Recipe(
        "A job on a Spark cluster",
        "The cluster is elsewhere, the Dag around the job is not. Without a stand-in `SparkSubmitOperator` is refused, "
        "with the line to write; with one, its arguments are rendered and can be asserted, and it takes its time in "
        "virtual minutes.",
        (
            ("dags/customer_segments.py", ""),
            ("tests/test_customer_segments.py", ""),
            (
                "include/jobs/segments.py",
                "Where pyspark and a Java are at hand, the job itself runs: the connection says `local[1]`, and the "
                "operator submits it as it would to the cluster.",
            ),
            ("tests/on_spark/test_customer_segments_on_spark.py", "`pytest -m spark`:"),
        ),
        extras="airflow-harness apache-airflow-providers-apache-spark pandas",
        heavy=True,
        markers=("spark",),
    ),
    "pods": Recipe(
        "A container on Kubernetes",
        "What a pod would run, this machine can: `world.command` puts a program in the container's place, which gets "
        "the pod's arguments and `env_vars`, and nothing else of this machine. Its exit code is the pod's.",
        (
            ("dags/fraud_scores.py", ""),
            (
                "include/jobs/scores.py",
                "What it returns it writes where a pod does, `/airflow/xcom/return.json`; in a rehearsal that is "
                "`$AIRFLOW_HARNESS_XCOM`:",
            ),
            ("tests/test_fraud_scores.py", "`world.calls` has image, command and arguments as Kubernetes gets them:"),
        ),
        (("connections", "slack_oncall"),),
        extras="airflow-harness[http] apache-airflow-providers-cncf-kubernetes apache-airflow-providers-slack",
        heavy=True,
    ),
    "dbt": Recipe(
        "dbt builds, dbt tests",
        "dbt and Airflow do not agree on what they need, so dbt is a program in an environment of its own: `uv tool "
        'install --with dbt-duckdb "dbt-core<1.11"`. The Dag calls it as a worker would; the warehouse is a DuckDB '
        "file, one for each test.",
        (
            ("dags/marts.py", ""),
            ("dbt/dbt_project.yml", ""),
            ("dbt/profiles.yml", ""),
            ("dbt/models/orders.sql", ""),
            ("dbt/models/revenue_by_day.sql", ""),
            ("dbt/models/models.yml", ""),
            ("fixtures/raw_orders.sql", "What goes wrong is in the seed: on the third day an order comes twice."),
            (
                "tests/test_marts.py",
                "dbt's own test fails the task, and the run goes on from there once the data is mended. On the command "
                "line that is `airflow-harness run marts --from-ledger last --from-task run`.",
            ),
        ),
        extras="airflow-harness[duckdb]",
    ),
}


def page(name: str) -> str:
    """A recipe as a page."""
    return "\n".join(_lines(RECIPES[name])) + "\n"


PAGES: dict[Path, Callable[[], str]] = {
    ROOT / "docs" / "cookbook" / f"{name}.md": partial(page, name) for name in RECIPES
}


def _lines(recipe: Recipe) -> Iterator[str]:
    yield f"# {recipe.title}\n"
    yield "<!-- written by python -m tests.repo.docs.tables --write: change dags_under_test/pipelines -->"
    yield "<!-- begins: empty folder -->\n"
    yield _wrapped(recipe.text)
    if recipe.extras:
        quoted = " ".join(f'"{one}"' if "[" in one else one for one in recipe.extras.split())
        yield f"\n```text\npip install {quoted}\n```" if recipe.heavy else f"\n```console\n$ pip install {quoted}\n```"
    for file, said in recipe.files:
        if said:
            yield f"\n{_wrapped(said)}"
        text = (REPOSITORY / file).read_text(encoding="utf-8").rstrip("\n")
        yield f"\n```{_FENCES[Path(file).suffix]} file={file}\n{text}\n```"
    if settings := _settings(recipe):
        yield f"\nIn `pyproject.toml`:\n\n```toml file=pyproject.toml\n{settings}```"
    if recipe.world:
        yield f"\nIn the world:\n\n```yaml file={WORLD}\n{_world(recipe)}```"
    for name in recipe.recipes:
        yield f"\n```yaml file={name}\n{_recipe(name)}```"
    if recipe.end:
        yield f"\n{recipe.end}"


def _settings(recipe: Recipe) -> str:
    """What pytest has to be told: where `include` is, which markers there are; empty for nothing."""
    tomllib = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    own = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    tests = "".join((REPOSITORY / file).read_text(encoding="utf-8") for file, _ in recipe.files if "tests/" in file)
    lines = ["[tool.pytest.ini_options]"]
    if "from include" in tests:
        lines.append(f"pythonpath = {json.dumps(own['pythonpath'])}")
    if recipe.markers:
        left_out = " and ".join(f"not {marker}" for marker in recipe.markers)
        lines.append(f"addopts = {json.dumps(['-m', left_out])}")
        markers = [one for one in own["markers"] if one.startswith(recipe.markers)]
        lines.append(f"markers = {json.dumps(markers)}")
    return "\n".join(lines) + "\n" if lines[1:] else ""


def _world(recipe: Recipe) -> str:
    every: dict[str, Any] = yaml.safe_load((REPOSITORY / WORLD).read_text(encoding="utf-8"))
    taken: dict[str, Any] = {}
    for section, name in recipe.world:
        taken.setdefault(section, {})[name] = every[section][name]
    return yaml.safe_dump(taken, sort_keys=False)


def _recipe(name: str) -> str:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    return next(block.text for block in blocks(page) if block.tags.get("file") == name)


def _wrapped(text: str) -> str:
    from textwrap import fill

    return fill(text, 120, break_long_words=False, break_on_hyphens=False)
