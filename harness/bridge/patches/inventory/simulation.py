"""Patches of a simulation without which a run would be another."""

from __future__ import annotations

from harness.bridge.patches.inventory import patches_by

_RUNNER = "airflow.sdk.execution_time.task_runner"
_STANDARD = "airflow.providers.standard.operators"
_SDK = "airflow.sdk.configuration"

TASKS = (
    *patches_by(
        "bridge.patches.around_tasks",
        (
            "execution timeout",
            ("airflow.sdk.execution_time.timeout.timeout",),
            "a timeout in virtual time",
            "SIGALRM measures real time",
        ),
        (
            "execute",
            (f"{_RUNNER}._execute_task",),
            "the operator's `execute`, or the world's stub for it, and the rest of the declared duration",
            "stubs and durations of the world come in nowhere else",
        ),
        (
            "hostname",
            (f"{_RUNNER}.get_hostname",),
            "one name for all machines",
            "the machine is looked up, which is slow and gives another name on every laptop",
        ),
        (
            "params apart",
            (f"{_RUNNER}.process_params",),
            "the same, on copies of the params",
            "it resolves the Dag's own `Param` objects: a worker parses its own, here runs share one Dag",
        ),
        (
            "notifiers apart",
            ("airflow.sdk.bases.notifier.BaseNotifier.__call__",),
            "the same, on a copy for each attempt",
            "it renders its templates in place: a worker parses its own notifier, here tasks and runs share one",
        ),
        (
            "pushed values",
            ("airflow.sdk.bases.xcom.BaseXCom.serialize_value",),
            "the same, remembering the value until it is an XCom",
            "to see whether a value comes back from an XCom as it was",
        ),
        (
            "SIGTERM of the runner",
            ("signal.signal",),
            "the same, but the task runner's handler of SIGTERM is not installed",
            "`run` installs one a task and never takes it away; the owner's stays",
        ),
        (
            "sensors' clock",
            ("airflow.sdk.bases.sensor.time",),
            "a `monotonic` in virtual time that is a microsecond late once it was asked",
            "a sensor fails when more than its timeout has passed, and in production it always is a little more",
        ),
        (
            "latest only's clock",
            (f"{_STANDARD}.latest_only.pendulum",),
            "a `now` that is a microsecond late",
            "the operator asks `left < now`, and a worker never starts at the very instant its run is due; ours does",
        ),
        (
            "trigger's clock",
            (f"{_STANDARD}.trigger_dagrun.timezone",),
            "a `utcnow` that is never the same twice",
            "the operator makes run_id and logical_date of it, and a real clock never shows two of them the same",
        ),
    ),
    *patches_by(
        "bridge.patches.latency",
        (
            "answers that take time",
            ("socket.socket.recv", "socket.socket.recv_into"),
            "the same, which waits in virtual time for an answer of a service of the world that `takes` so long",
            "a server's thread cannot move the clock while the task that asks stands in a real read",
        ),
    ),
    *patches_by(
        "bridge.patches.full_disk",
        (
            "full disk",
            ("builtins.open", "io.open", "_io.open", "os.open"),
            "the same, but what a task with the fault `disk-full` opens for writing has no space; where a world has it",
            "no disk can be filled without the rights of the system, and none of the owner's should be",
        ),
    ),
    *patches_by(
        "bridge.patches.warned",
        (
            "lost writes",
            ("warnings.showwarning",),
            "the same, which also tells of a write that pandas says went into a copy",
            "the task succeeds with data that its code did not mean, and a line in its log is all that says so",
        ),
    ),
    *patches_by(
        "bridge.patches.exits",
        (
            "exits",
            (
                "os._exit",
                "os.abort",
                "os.execv",
                "os.execve",
                "posix._exit",
                "posix.abort",
                "posix.execv",
                "posix.execve",
            ),
            "calls that end the task, or the import of the file, alone; also where users' modules import them by name",
            "they would end the whole process, with a code that says success",
        ),
    ),
    *patches_by(
        "bridge.environment.process_state",
        (
            "clients",
            (),
            "the default session of boto3, fsspec's file systems and event loop and Airflow's stores that tasks made",
            "one that was made elsewhere has the keys and the endpoint of another environment",
        ),
    ),
    *patches_by(
        "bridge.supervisor.conversation",
        (
            "supervisor",
            (f"{_RUNNER}.SUPERVISOR_COMMS",),
            "an API server of ours, which answers out of the world",
            "there is no supervisor and no API server",
        ),
    ),
    *patches_by(
        "bridge.supervisor.capture",
        (
            "logs",
            ("sys.stdout", "sys.stderr"),
            "streams that hand lines of a task to its log; so do structlog's processors and the root logger's handlers",
            "what a worker's own process writes belongs to its task",
        ),
    ),
)
"""What stands around the task runner."""

NETWORK = (
    *patches_by(
        "bridge.patches.network",
        (
            "sockets",
            (
                "socket.socket.connect",
                "socket.socket.connect_ex",
                "socket.socket.sendto",
                "socket.socket.sendmsg",
                "_socket.socket",
                "_socket.SocketType",
                "socket.SocketType",
            ),
            "methods that ask first whether the world allows the peer",
            "no task may reach what the world does not name",
        ),
        (
            "names of hosts",
            (
                "_socket.gethostbyname",
                "_socket.gethostbyname_ex",
                "_socket.gethostbyaddr",
                "_socket.getnameinfo",
                "socket.gethostbyname",
                "socket.gethostbyname_ex",
                "socket.gethostbyaddr",
                "socket.getnameinfo",
                "_socket.getaddrinfo",
            ),
            "look-ups that are judged, and whose answers are noted",
            "a name server hears of what is looked up; an address is judged by the name that it was found by",
        ),
        (
            "forks",
            ("os.fork", "os.forkpty"),
            "the same, whose child knows on whose behalf it asks",
            "a connection that is refused in a child is told in the process that made it",
        ),
        (
            "programs",
            ("subprocess.Popen.__init__", "os.system", "os.posix_spawn", "os.posix_spawnp"),
            "the same, with a proxy in the environment that refuses and tells",
            "sockets of a program that a task starts are not seen",
        ),
    ),
    *patches_by(
        "bridge.patches.network_unseen",
        (
            "drivers",
            (),
            "connects of psycopg2, psycopg, MySQLdb, pymssql and pyodbc that ask first, whenever they are imported",
            "their sockets are opened in C",
        ),
    ),
    *patches_by(
        "bridge.patches.cassettes",
        (
            "cassettes",
            (),
            "connections of http.client and the clients that vcrpy knows, in a world with a cassette: answered from it",
            "recorded answers are played without network",
        ),
    ),
)
"""What a task connects to."""

TIME = (
    *patches_by(
        "kernel.patches",
        (
            "sleep and monotonic",
            ("time.sleep", "time.monotonic", "threading._time", "queue.time"),
            "the same in virtual time, for tasks; also where modules imported them by name",
            "code waits for its clock, which stands still meanwhile",
        ),
        (
            "threads",
            (
                "threading.Thread.start",
                "threading.Thread.join",
                "threading.Condition.wait",
                "concurrent.futures.thread.ThreadPoolExecutor.submit",
                "concurrent.futures.thread._WorkItem.run",
            ),
            "the same, for threads of tasks in virtual time",
            "who waits for a thread waits in virtual time, and the clock waits for threads that compute",
        ),
    ),
    *patches_by(
        "kernel.alarms",
        (
            "alarms",
            tuple(f"signal.{name}" for name in ("alarm", "setitimer", "getitimer", "getsignal")),
            "each task's own alarms, in virtual time where it waits; also where users' modules imported them by name",
            "a process has one alarm, and it goes by real time",
        ),
    ),
    *patches_by(
        "kernel.event_loop",
        (
            "event loops",
            (),
            "an asyncio policy whose loops of tasks are in virtual time",
            "`await asyncio.sleep` waits for the machine's clock",
        ),
    ),
)
"""What tells the time or waits for it."""

OWNERS = (
    *patches_by(
        "bridge.environment.seal",
        (
            "secrets backends",
            ("airflow.configuration.initialize_secrets_backends", "airflow.configuration.secrets_backend_list"),
            "the same without the metadata database; the world's answers instead",
            "production's secrets are asked for nothing",
        ),
        (
            "settings from elsewhere",
            ("airflow.configuration.conf._get_cmd_option", "airflow.configuration.conf._get_secret_option"),
            "nothing",
            "a setting may come from a command (`…_cmd`) or from a secrets backend (`…_secret`)",
        ),
        (
            "secrets remembered",
            ("airflow.sdk.execution_time.cache.SecretCache._cache",),
            "none",
            "what a Dag processor remembers is its owner's",
        ),
        (
            "metadata database",
            tuple(
                f"airflow.settings.{name}"
                for name in ("Session", "NonScopedSession", "AsyncSession", "engine", "async_engine", "__getattr__")
            ),
            "sessions that refuse with Airflow's own words; `engine` and its like are not there",
            "a worker has none, and production's is not for us to write to",
        ),
        (
            "Sentry",
            (f"{_RUNNER}.run",),
            "the function without Sentry around it, where somebody configured that",
            "errors of a rehearsal are not production's",
        ),
        (
            "traces",
            (),
            "a span processor of OpenTelemetry without exporters, where somebody configured one",
            "spans of a rehearsal are not production's",
        ),
    ),
    *patches_by(
        "bridge.environment.seal",
        (
            "secrets backends of the SDK",
            (f"{_SDK}.initialize_secrets_backends",),
            "the same",
            "from 3.2 on the SDK has a configuration of its own",
        ),
        (
            "custom secrets backends",
            ("airflow.configuration.conf._get_custom_secret_backend", f"{_SDK}.conf._get_custom_secret_backend"),
            "none",
            "it is production's",
        ),
        (
            "settings from elsewhere in the SDK",
            (f"{_SDK}.conf._get_cmd_option", f"{_SDK}.conf._get_secret_option"),
            "nothing",
            "a setting may come from a command (`…_cmd`) or from a secrets backend (`…_secret`)",
        ),
        since=(3, 2),
    ),
    *patches_by(
        "bridge.environment.seal",
        ("custom secrets backend", ("airflow.configuration.get_custom_secret_backend",), "none", "it is production's"),
        before=(3, 2),
    ),
    *patches_by(
        "bridge.environment.seal",
        (
            "metrics",
            (
                "airflow._shared.observability.metrics.stats._factory",
                "airflow._shared.observability.metrics.stats._backend",
                "airflow.sdk._shared.observability.metrics.stats._factory",
                "airflow.sdk._shared.observability.metrics.stats._backend",
            ),
            "nobody who collects, or the StatsD of the world",
            "production's numbers are of production's runs",
        ),
        since=(3, 3),
    ),
    *patches_by(
        "bridge.environment.seal",
        (
            "secrets backends that were made before",
            (f"{_SDK}._secrets_backend_cache",),
            "none",
            "they would answer before those of the world",
        ),
        since=(3, 3),
    ),
    *patches_by(
        "bridge.environment.seal",
        (
            "metrics of a class",
            ("airflow.stats.Stats.factory", "airflow.stats.Stats.instance"),
            "nobody who collects, or the StatsD of the world",
            "production's numbers are of production's runs",
        ),
        before=(3, 2),
    ),
    *patches_by(
        "bridge.environment.seal",
        (
            "metrics of two classes",
            (
                "airflow._shared.observability.metrics.stats.Stats.factory",
                "airflow._shared.observability.metrics.stats.Stats.instance",
                "airflow.sdk._shared.observability.metrics.stats.Stats.factory",
                "airflow.sdk._shared.observability.metrics.stats.Stats.instance",
            ),
            "nobody who collects, or the StatsD of the world",
            "production's numbers are of production's runs",
        ),
        since=(3, 2),
        before=(3, 3),
    ),
)
"""What an Airflow that is somebody's own stands on."""
