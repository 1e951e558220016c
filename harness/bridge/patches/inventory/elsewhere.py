"""Patches while Dag files are loaded, checked, or played by the reference."""

from __future__ import annotations

from harness.bridge.patches.inventory.patch import patches_by

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
        "bridge.environment.policies",
        (
            "policies",
            (),
            "what `airflow_local_settings.py` of the project puts into `airflow.settings`",
            "Airflow reads it once, when it is imported",
        ),
        during="loading",
    ),
    *patches_by(
        "bridge.environment.bound",
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
        "bridge.parsing.watching.imports",
        ("imports", (), "loaders that measure", "what a slow import is slow for"),
        during="checks",
    ),
    *patches_by(
        "bridge.parsing.watching.secrets",
        ("secrets", (), "methods that ask for variables and connections, noting", "a check reads it"),
        during="checks",
    ),
    *patches_by(
        "bridge.parsing.confinement.drivers",
        ("drivers' connects", (), "a refusal", "their sockets are opened in C, without an event"),
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
        "bridge.parsing.confinement.apart",
        ("sleeps of callbacks", (), "nothing", "a callback that is tried is not waited for"),
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
        "bridge.reference.waits",
        (
            "reference's waits",
            (),
            "`time.sleep`, `asyncio.sleep`, the sensors' clock and the runner's timeout, in virtual time",
            "`dag.test()` waits in real time",
        ),
        during="verify",
    ),
    *patches_by(
        "bridge.reference.order",
        (
            "reference's order",
            (),
            "`DagRun.get_task_instances` and the hash of `TaskInstance`, in the order of the Dag",
            "Airflow leaves the order to its database",
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
