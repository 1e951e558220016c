"""Patches that make runs quicker and nothing else."""

from __future__ import annotations

from harness.bridge.patches.inventory.patch import patches_by

_RUNNER = "airflow.sdk.execution_time.task_runner"
_SDK = "airflow.sdk.configuration"

SPEED = (
    *patches_by(
        "bridge.patches.caches",
        (
            "configuration",
            (f"{_RUNNER}.conf",),
            "answers to Airflow's own code, kept",
            "every task asks the parser of the configuration file the same",
        ),
        (
            "mapped dependants",
            ("airflow.sdk.definitions._internal.abstractoperator.AbstractOperator.iter_mapped_dependants",),
            "the answer of the first time",
            "walks through the whole Dag at the end of every task",
        ),
        (
            "dates",
            (f"{_RUNNER}.coerce_datetime",),
            "the answer of the first time",
            "the dates of a run are the same for all of its tasks",
        ),
        (
            "adapters",
            (f"{_RUNNER}.TypeAdapter",),
            "one adapter a type",
            "the runner builds the same one at every rendered field",
        ),
        (
            "runners of callables",
            (
                "airflow.sdk.execution_time.callback_runner.create_executable_runner",
                f"{_RUNNER}.create_executable_runner",
            ),
            "an object that calls, for all that is no generator function",
            "makes a class for each call",
        ),
        (
            "signatures",
            ("airflow.sdk.bases.decorator.inspect",),
            "a `signature` that reads each function once",
            "decorators ask it of the same functions in every run",
        ),
        kind="speed",
    ),
    *patches_by(
        "bridge.patches.caches",
        (
            "configuration of the SDK",
            (f"{_SDK}.conf",),
            "answers to Airflow's own code, kept",
            "every task asks the parser of the configuration file the same",
        ),
        (
            "names of secrets",
            ("airflow.sdk._shared.secrets_masker.SecretsMasker.should_hide_value_for_key",),
            "the answer of the first time, until the words or the switch change",
            "asked for every name in every log line",
        ),
        (
            "runners of coroutines",
            ("airflow.sdk.execution_time.callback_runner._AsyncExecutionCallableRunner",),
            "the same class without `Generic`",
            "`Generic` examines each class that is made of it",
        ),
        (
            "coroutine functions",
            ("airflow.sdk.bases.decorator.is_async_callable",),
            "the answer of the first time",
            "decorators ask it of the same functions in every run",
        ),
        kind="speed",
        since=(3, 2),
    ),
    *patches_by(
        "bridge.patches.templates",
        (
            "templates",
            ("airflow.sdk.definitions._internal.templater._AirflowEnvironmentMixin.compile",),
            "templates compiled once, where their environment is Airflow's own",
            "compiled anew for every task that has them",
        ),
        kind="speed",
    ),
    *patches_by(
        "bridge.patches.templates",
        (
            "template environments",
            ("airflow.sdk.definitions._internal.templater.create_template_env",),
            "a copy of the one made before",
            "made anew for every task, out of settings of the Dag",
        ),
        kind="speed",
        since=(3, 2),
    ),
    *patches_by(
        "bridge.patches.unobserved",
        (
            "metrics of tasks",
            (f"{_RUNNER}.stats",),
            "nothing, where nobody collects",
            "names and tags are made for nobody",
        ),
        ("spans", (f"{_RUNNER}.detail_span._make_ctx",), "nothing, outside of a trace", "nine spans a task for nobody"),
        kind="speed",
        since=(3, 3),
    ),
    *patches_by(
        "bridge.patches.unobserved",
        (
            "hooks of listeners",
            (f"{_RUNNER}.get_listener_manager().pm._inner_hookexec",),
            "nothing, where nobody listens",
            "calls hooks that nobody implements",
        ),
        kind="speed",
    ),
    *patches_by(
        "bridge.patches.unobserved",
        (
            "loggers of 3.1",
            ("airflow.sdk.definitions._internal.node.structlog",),
            "one logger a name",
            "made anew for each copy of an operator",
        ),
        kind="speed",
        before=(3, 2),
    ),
    *patches_by(
        "bridge.patches.unobserved",
        (
            "loggers",
            ("airflow.sdk._shared.dagnode.node.structlog",),
            "one logger a name",
            "made anew for each copy of an operator",
        ),
        kind="speed",
        since=(3, 2),
    ),
    *patches_by(
        "simulation.environment",
        (
            "garbage collector",
            (),
            "a higher threshold of the youngest generation",
            "objects that are gone by themselves are looked for over and over",
        ),
        kind="speed",
    ),
)
"""What makes runs quicker and nothing else."""
