"""All patches. A line stands here before the code does.

Tests plant each patch and see it put back, find code that patches and stands in no line, and hold
``docs/dev/patches.md`` against the table. ``AIRFLOW_HARNESS_SHORTCUTS=off`` leaves out what is of the kind ``speed``
(`harness.bridge.patches.shortcuts`).
"""

from __future__ import annotations

from harness.bridge.patches.inventory import Patch, patches_by
from harness.bridge.patches.inventory.simulation import NETWORK, OWNERS, TASKS, TIME

LOADING = (
    *patches_by(
        "bridge.environment.plugins",
        (
            "plugins",
            (),
            "what Airflow keeps of plugins, listeners and macros: those of the project alone",
            "Airflow loads plugins once a process, and an Airflow that is somebody's own has theirs",
        ),
        during="loading",
    ),
    *patches_by(
        "bridge.environment.plugins",
        (
            "loggers of plugins",
            ("airflow.plugins_manager.log",),
            "the same, listened to, while plugins load; also those of the SDK and of what both share",
            "Airflow keeps no line of what a plugin raised",
        ),
        during="loading",
    ),
    *patches_by(
        "bridge.environment.surroundings",
        (
            "policies",
            (),
            "what `airflow_local_settings.py` of the project puts into `airflow.settings`",
            "Airflow reads it once, when it is imported",
        ),
        during="loading",
    ),
    *patches_by(
        "bridge.environment.surroundings",
        (
            "bound settings",
            (),
            "constants, defaults of operators, time zone and folders, as the project's settings have them",
            "Airflow makes them of its settings once, when it is imported",
        ),
        during="loading",
    ),
    *patches_by(
        "bridge.environment.aside",
        (
            "Airflow aside",
            (),
            "`sys.modules` without the Airflow that we imported: its owner finds it made theirs; it is not put back",
            "a test of the owner's that imports Airflow means the one of their own settings",
        ),
        during="loading",
    ),
)
"""What Airflow makes of a project once a process."""

TESTS = (
    *patches_by(
        "bridge.environment.in_tests",
        (
            "connections of a test",
            (),
            "`task_runner.SUPERVISOR_COMMS`, and the secrets backends that Airflow makes: the test's world answers",
            "a hook in a test's body finds no connection, or production's",
        ),
        during="test",
    ),
)
"""What lets a test's own code find the world of its tasks."""

CHECKS = (
    *patches_by(
        "bridge.parsing.watching.watch",
        ("the end", (), "`os._exit` that says so first", "a file that ends its process is told"),
        during="checks",
    ),
    *patches_by(
        "bridge.parsing.watching.depends",
        (
            "what was asked",
            (),
            "`os.stat` and its like, variables of the environment, `ssl` and `sqlite3` that note what they are asked",
            "a report holds until what the file asked for changes; no audit event tells of these",
        ),
        during="checks",
    ),
    *patches_by(
        "bridge.parsing.watching.places",
        ("places", (), "methods that make Dags, tasks and edges, noting the line", "Airflow keeps none"),
        during="checks",
    ),
    *patches_by(
        "bridge.parsing.watching.elapsed",
        ("imports", (), "loaders that measure", "what a slow import is slow for"),
        during="checks",
    ),
    *patches_by(
        "bridge.parsing.watching.secrets",
        ("secrets", (), "methods that ask for variables and connections, noting", "a check reads it"),
        during="checks",
    ),
    *patches_by(
        "bridge.parsing.confinement",
        ("drivers' connects", (), "a refusal", "their sockets are opened in C, without an event"),
        ("sleeps of callbacks", (), "nothing", "a callback that is tried is not waited for"),
        during="checks",
    ),
    *patches_by(
        "bridge.parsing.leftovers.guard",
        ("what was ours", (), "our functions as they were", "a file may change them"),
        during="checks",
    ),
    *patches_by(
        "bridge.parsing.leftovers.put_off",
        ("exit functions", (), "calls of what is put off", "a child ends without it"),
        during="checks",
    ),
    *patches_by(
        "bridge.parsing.parse",
        ("warnings", (), "a `warnings.showwarning` that notes who raised it", "a check reads it"),
        during="checks",
    ),
    *patches_by(
        "bridge.parsing.shared_libraries",
        ("warnings of libraries", (), "the same, for libraries that are imported ahead", "one that warns is refused"),
        during="checks",
    ),
    *patches_by(
        "bridge.parsing.trials.trial",
        ("macros of plugins", (), "nothing, while contexts are made", "takes longer than all the rest"),
        during="checks",
    ),
)
"""In a process that is thrown away afterwards."""

VERIFY = (
    *patches_by(
        "bridge.reference.clock",
        (
            "reference's waits",
            (),
            "`time.sleep`, `asyncio.sleep`, the sensors' clock and the runner's timeout, in virtual time",
            "`dag.test()` waits in real time",
        ),
        during="verify",
    ),
    *patches_by(
        "bridge.reference.run",
        (
            "reference's order",
            (),
            "`DagRun.get_task_instances` and the hash of `TaskInstance`, in the order of the Dag",
            "Airflow leaves the order to its database",
        ),
        during="verify",
    ),
    *patches_by(
        "bridge.reference.side",
        (
            "reference's stand-ins",
            (),
            "the runner's `_execute_task`, which asks the world's stubs and commands first",
            "they stand in on both sides",
        ),
        during="verify",
    ),
    *patches_by(
        "bridge.reference.run",
        (
            "reference's Dags",
            (),
            "`BundleDagBag` and `sync_bag_to_db`, which do nothing",
            "`dag.test()` would parse the folder again",
        ),
        during="verify",
    ),
)
"""In the process that plays the reference."""


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
        "bridge.patches.caches",
        (
            "templates",
            ("airflow.sdk.definitions._internal.templater._AirflowEnvironmentMixin.compile",),
            "templates compiled once, where their environment is Airflow's own",
            "compiled anew for every task that has them",
        ),
        kind="speed",
    ),
    *patches_by(
        "bridge.patches.caches",
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
        "bridge.patches.shortcuts",
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
        "bridge.patches.shortcuts",
        (
            "hooks of listeners",
            (f"{_RUNNER}.get_listener_manager().pm._inner_hookexec",),
            "nothing, where nobody listens",
            "calls hooks that nobody implements",
        ),
        kind="speed",
    ),
    *patches_by(
        "bridge.patches.shortcuts",
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
        "bridge.patches.shortcuts",
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


PATCHES: tuple[Patch, ...] = (*TASKS, *NETWORK, *TIME, *OWNERS, *LOADING, *TESTS, *CHECKS, *VERIFY, *SPEED)
