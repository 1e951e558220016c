"""The world that a simulation runs in: mutable, one a test."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from harness.errors import WorldError
from harness.kernel.instant import Microseconds
from harness.world.around import Called, Chaos, Fault, TaskFault, WorldEvent, caller, named, read_when
from harness.world.calls import Call, NoSuchTask, calls_of
from harness.world.distribution import Duration
from harness.world.entries import DEFAULT_POOL, Answer, Connection, Executor, Pool, Stub, TriggerAnswer, default_pools
from harness.world.network import Network
from harness.world.pattern import most_specific
from harness.world.problem import EntryError, WorldProblem, call_error, kind

_ABSENT: Any = object()
_MAKES_TEXT = {"env": "world.set_env", "variables": "world.set_variable"}


def _former(name: str, now: str, change: Callable[..., Any]) -> Callable[..., Any]:
    """A method's former name, which works for one more release and warns."""

    def call(self: World, *arguments: Any, **named: Any) -> Any:
        warnings.warn(f"world.{name}() is called world.{now}() now", DeprecationWarning, stacklevel=2)
        return change(self, *arguments, **named)

    call.__name__, call.__doc__ = name, f"The former name of `{now}`."
    return call


class ServicesOfTest(Protocol):
    """What a test's world knows of running services; `harness.services.views` has them.

    Attributes:
        leases: what its connections have of them (`harness.services.binding.Leases`).
    """

    leases: Any

    def view(self, name: str, world: World) -> object | None:
        """How a test speaks to a service; None where none is called so."""


@dataclass
class World:
    """What production would provide. Every mutator raises WorldError for an argument that cannot mean anything.

    Attributes:
        connections: by connection id.
        variables: by key; always text, as Airflow stores them.
        pools: by name; ``default_pool`` is always there.
        executor: the executor's limits.
        durations: virtual microseconds of tasks that do not sleep, or a distribution of them, by ``dag_id.task_id``
            pattern; ``[1]`` after it is a map index.
        tries_last: virtual microseconds of single tries, by (dag_id, task_id, map_index) and number; they go before
            `durations`, and a try that is not there takes what the last one does.
        least_retries: that every task has, as if somebody cleared it so often.
        stubs: what happens in a task's place, by pattern.
        triggers: what comes in the place of a deferred task's trigger, by pattern; one for each deferral of a try.
        commands: programs of this machine that run in the place of a pod's or a shell's, by pattern.
        answers: what a person answers to a human-in-the-loop task, by pattern.
        events: what happens around the Dags, in the order of those of one instant.
        faults: what goes wrong.
        drawn_faults: what goes wrong at random, as a seed draws it.
        env: environment variables that tasks see.
        network: what tasks may connect to beside this machine itself.
        chosen: settings of the executor that the world itself makes, and ``default_pool`` where it does; of the
            others the project's settings decide.
        declared_at: ``file:line`` of entries that came from a file, by (section, name).
        calls_made: of tasks that were stood in for; see `calls`.
        dags_met: what tells of a pattern that names no task, one for each simulation so far.
        from_environment: (section, name) of connections and variables that `harness.world.sources` finds.
        elsewhere: connection id, in lower case -> the place outside of the world where one of that name stands, of
            which no task is given anything.
        services: of the test whose world this is; None outside tests.
    """

    connections: dict[str, Connection] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=default_pools)
    executor: Executor = field(default_factory=Executor)
    durations: dict[str, Duration] = field(default_factory=dict)
    tries_last: dict[tuple[str, str, int], Mapping[int, Microseconds]] = field(default_factory=dict, repr=False)
    least_retries: int = field(default=0, repr=False)
    stubs: dict[str, Stub] = field(default_factory=dict)
    triggers: dict[str, tuple[TriggerAnswer, ...]] = field(default_factory=dict)
    commands: dict[str, tuple[str, ...]] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    events: list[WorldEvent] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    drawn_faults: Chaos | None = None
    env: dict[str, str] = field(default_factory=dict)
    network: Network = field(default_factory=Network)
    chosen: set[str] = field(default_factory=set, compare=False, repr=False)
    declared_at: dict[tuple[str, str], str] = field(default_factory=dict, compare=False, repr=False)
    calls_made: list[Call] = field(default_factory=list, compare=False, repr=False)
    dags_met: list[NoSuchTask] = field(default_factory=list, compare=False, repr=False)
    from_environment: set[tuple[str, str]] = field(default_factory=set)
    elsewhere: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    services: ServicesOfTest | None = field(default=None, init=False, compare=False, repr=False)

    def __getattr__(self, name: str) -> Any:
        """A service of the test that this world is of, by its name: ``smtp``, ``s3("aws_default")``."""
        services = self.__dict__.get("services")
        view = services.view(name, self) if services is not None and not name.startswith("_") else None
        if view is None:
            raise AttributeError(f"a World has no attribute {name!r}, and no service of a test is called so")
        return view

    def set_connection(
        self,
        conn_id: str,
        *,
        uri: str | None = None,
        service: str | None = None,
        conn_type: str | None = None,
        host: str | None = None,
        login: str | None = None,
        password: str | None = None,
        schema: str | None = None,
        port: int | None = None,
        extra: Mapping[str, Any] | str | None = None,
        description: str | None = None,
        **settings: object,
    ) -> Connection:
        """Declare a connection by URI, by service (``s3``) or by fields; returns it.

        Args:
            settings: what the service takes: ``driver="external"``, ``seed="fixtures/orders.sql"``.
        """
        given: dict[str, object] = {"uri": uri, "service": service, "conn_type": conn_type, "host": host}
        given["extra"] = dict(extra) if isinstance(extra, Mapping) else extra
        given |= {"login": login, "password": password, "schema": schema, "port": port, "description": description}
        given |= settings
        fields = {name: value for name, value in given.items() if value is not None}
        self._put("connections", conn_id, fields)
        if conn_id not in self.connections:
            fix = f'world.set_connection({conn_id!r}, uri=os.environ["AIRFLOW_CONN_…"])'
            problem = WorldProblem("from is for world files and markers", fix=fix)
            raise call_error(f"connection {conn_id!r}", EntryError(problem))
        return self.connections[conn_id]

    def set_variable(self, key: str, value: object) -> None:
        """Set a variable; what is not text is kept as JSON text."""
        self._put("variables", key, value)

    def set_pool(self, name: str, slots: int, include_deferred: bool = False, description: str | None = None) -> Pool:
        """Declare a pool or change its size; returns it. ``slots`` -1 is no limit."""
        given = {"slots": slots, "include_deferred": include_deferred, "description": description}
        self._put("pools", name, given)
        return self.pools[name]

    def set_executor(
        self,
        *,
        parallelism: int | None = None,
        executors: Mapping[str, int | None] | None = None,
        workers: Mapping[str, Mapping[str, object] | None] | None = None,
        task_queued_timeout: float | str | timedelta | None = None,
        num_stuck_in_queued_retries: int | None = None,
    ) -> Executor:
        """Set what is given of the executor, as the keys of the file's section do; returns the whole."""
        from harness.world.reading import executor_as_read, read_executor

        given: dict[str, object] = {"parallelism": parallelism, "executors": executors, "workers": workers}
        given |= {"task_queued_timeout": task_queued_timeout}
        given |= {"num_stuck_in_queued_retries": num_stuck_in_queued_retries}
        chosen = {name: value for name, value in given.items() if value is not None}
        try:
            self.executor = read_executor({**executor_as_read(self.executor), **chosen})
        except EntryError as invalid:
            raise call_error("executor", invalid) from None
        for name in chosen:
            self.declared_at.pop(("executor", name), None)
        self.chosen |= set(chosen)
        return self.executor

    def set_duration(
        self, pattern: str, value: float | str | timedelta | Mapping[str, float | str | timedelta]
    ) -> None:
        """Declare the virtual duration of the tasks that match ``dag_id.task_id``: seconds, or ``5m``.

        Args:
            value: also a distribution, which the seed draws from: ``{"p50": 83, "p95": "5m"}``, or the same with
                ``low``, ``likely`` and ``high``.
        """
        self._put("durations", pattern, value)

    def stub(
        self,
        pattern: str,
        *tries: Mapping[str, object],
        returns: object = _ABSENT,
        raises: str | BaseException | type[BaseException] | None = None,
        state: str | None = None,
        follows: str | Iterable[str] | None = None,
        does: Callable[[Any], object] | str | None = None,
        runs: bool | None = None,
        fails: int | None = None,
        xcoms: Mapping[str, object] | None = None,
        takes: float | str | timedelta | None = None,
    ) -> Stub:
        """Replace the tasks that a pattern names; without an outcome they succeed and return None.

        Args:
            tries: what happens at each try, as mappings of the arguments below; the last stays.
            raises: a failure, retried as the task's own: a message, an exception or its class.
            state: ``failed``, without retries, or ``skipped``.
            follows: the branches that a branching task follows; () for none, and for a short circuit that is false.
            does: a function that is called with the task's context, or its dotted path; what it returns is returned.
            runs: True: the task itself runs, whatever wider patterns say.
            fails: only so many tries fail, then comes the outcome, or without one the task itself.
            xcoms: pushed before, by key.
            takes: virtual time: seconds, or ``20m``.
        """
        given: dict[str, object] = {"raises": raises, "state": state, "fails": fails, "does": does, "runs": runs}
        given |= {"xcoms": None if xcoms is None else dict(xcoms), "takes": takes}
        if follows is not None:
            given["follows"] = [follows] if isinstance(follows, str) else list(follows)
        fields: dict[str, object] = {name: value for name, value in given.items() if value is not None}
        if returns is not _ABSENT:
            fields["returns"] = returns
        if tries and fields:
            raise WorldError(f"stub {pattern!r}: tries and {', '.join(fields)} cannot both be given")
        self._put("stubs", pattern, list(tries) if tries else fields)
        return self.stubs[pattern]

    def trigger(
        self,
        pattern: str,
        *events: Mapping[str, object],
        event: object = None,
        after: float | str | timedelta = 0,
        raises: str | None = None,
        resumes: str | None = None,
    ) -> None:
        """Answer the triggers of tasks that defer: their own code runs, defers, and goes on with this event.

        Args:
            events: one for each deferral of a try, as mappings of the arguments below; the last stays.
            event: the payload of the trigger's event.
            after: virtual time after the deferral: seconds, or ``20m``.
            raises: the trigger fails, with this message.
            resumes: ``"execute_complete"``: the operator begins with the trigger and goes on with this method of its
                own. For one that asks what is not here before it defers.
        """
        one = {"after": after, **({"event": event} if raises is None else {"raises": raises})}
        one |= {} if resumes is None else {"resumes": resumes}
        self._put("triggers", pattern, list(events) or one)

    def command(self, pattern: str, argv: str | Sequence[str]) -> None:
        """Run a program of this machine where a pod, a Spark job or a ``BashOperator`` would run another.

        Args:
            argv: program and arguments; ``{repo}`` is the project's folder, ``{python}`` this interpreter,
                ``{arguments}`` those of the task, which otherwise come last.
        """
        self._put("commands", pattern, argv if isinstance(argv, str) else list(argv))

    def calls(self, pattern: str = "*") -> list[Call]:
        """Each try of a task that was stood in for, of those that a pattern names, in order.

        ``world.calls("load")[0].kwargs["application_args"]`` is what it was asked to do, templates rendered. A stand-in
        that never ran has none.

        Raises: UnmatchedEntry: no Dag of the simulations so far has such a task.
        """
        return calls_of(self.calls_made, pattern, self.dags_met)

    def answer(
        self,
        pattern: str,
        *options: str,
        params: Mapping[str, object] | None = None,
        after: float | str | timedelta = 0,
        by: str = "somebody",
    ) -> Answer:
        """Answer the human-in-the-loop tasks that match ``dag_id.task_id``, so long after they ask."""
        given = {"choose": list(options), "params": dict(params or {}), "after": after, "by": by}
        self._put("answers", pattern, given)
        return self.answers[pattern]

    def at(self, when: object, happens: Callable[[], object]) -> None:
        """Have a function called at an instant of each simulation: ``world.at("+1h42m", lambda: …)``.

        Args:
            when: ``+`` counts from the beginning of the simulation; or a date, UTC where no zone is named.
            happens: what it raises ends the simulation.
        """
        try:
            self.events.append(WorldEvent(read_when(when), Called(happens), named(happens), caller()))
        except EntryError as invalid:
            raise call_error("an event", invalid) from None

    def fault(self, kind: str, task: str | None = None, **settings: object) -> Fault:
        """Have something go wrong, as an entry below ``faults:`` of a world file: ``fault("lost", "sales.load")``.

        Args:
            kind: of a task's try ``fails``, ``lost``, ``slow``, ``xcom-error``, ``disk-full``; of a service ``down``,
                ``resets``, ``errors``, ``throttles``.
            task: a pattern, as of stubs.
            settings: of a task ``on_try=1``, ``when="start"`` (``"end"``, ``"10m"``); of a service ``connection=``,
                ``at=`` as of `at`; ``lasts="30m"``.
        """
        from harness.world.reading_around import read_fault

        given = {"kind": kind, **({} if task is None else {"task": task}), **settings}
        try:
            self.faults.append(read_fault(given, caller()))
        except EntryError as invalid:
            raise call_error(f"fault {kind!r}", invalid) from None
        return self.faults[-1]

    def chaos(self, rate: float, seed: int = 0, kinds: Iterable[str] | None = None) -> Chaos:
        """Have something go wrong with tries at a rate from 0 to 1; the same seed draws the same."""
        from harness.world.reading_around import read_chaos

        given = {"rate": rate, "seed": seed, "kinds": None if kinds is None else list(kinds)}
        try:
            self.drawn_faults = read_chaos(given, caller())
        except EntryError as invalid:
            raise call_error("chaos", invalid) from None
        return self.drawn_faults

    @property
    def faulty_tasks(self) -> dict[str, TaskFault]:
        """The faults of tasks by their patterns."""
        return {fault.task: fault for fault in self.faults if isinstance(fault, TaskFault)}

    def set_env(self, name: str, value: str) -> None:
        """Set an environment variable that tasks see."""
        self._put("env", name, value)

    def check_text(self) -> None:
        """See whether what a test put into ``env`` and ``variables`` past `set_env` and `set_variable` is text.

        Raises: WorldError: naming what is not.
        """
        texts = [*self.env, *self.env.values(), *self.variables.values()]
        if all(type(each) is str and each.isascii() and "\0" not in each for each in texts):
            return  # as mostly, and `read` costs an import
        for section in ("env", "variables"):
            for name, value in getattr(self, section).items():
                self._check_entry(section, name, value)

    def _check_entry(self, section: str, name: object, value: object) -> None:
        from harness.world.reading import SECTIONS, read

        what = f"{SECTIONS[section][0]} {name!r}"
        try:
            read(section, name, value)
        except EntryError as invalid:
            raise call_error(what, invalid) from None
        if not isinstance(value, str):
            problem = WorldProblem(f"must be text, not {kind(value)}", fix=f"{_MAKES_TEXT[section]}({name!r}, …)")
            raise call_error(what, EntryError(problem))

    def allow(self, *hosts: str) -> None:
        """Let tasks connect to hosts: ``"api.example.com"``, ``"db:5432"``, ``"*.example.com"``, ``"10.0.0.0/8"``."""
        try:
            self.network = self.network.with_more(hosts)
        except EntryError as invalid:
            raise call_error("network", invalid) from None

    def copy(self) -> World:
        """A world that changes apart from this one. Entries are immutable and shared."""
        copied = World(
            connections=dict(self.connections),
            variables=dict(self.variables),
            pools=dict(self.pools),
            executor=self.executor,
            durations=dict(self.durations),
            tries_last=dict(self.tries_last),
            least_retries=self.least_retries,
            stubs=dict(self.stubs),
            triggers=dict(self.triggers),
            commands=dict(self.commands),
            answers=dict(self.answers),
            events=list(self.events),
            faults=list(self.faults),
            drawn_faults=self.drawn_faults,
            env=dict(self.env),
            network=self.network,
            chosen=set(self.chosen),
            declared_at=dict(self.declared_at),
            from_environment=set(self.from_environment),
            elsewhere=self.elsewhere,
        )
        copied.services = self.services
        return copied

    def duration_of(
        self, dag_id: str, task_id: str, map_index: int = -1, date: str = "", classes: Sequence[str] = ()
    ) -> Duration | None:
        """Declared virtual duration of a task, by the most specific pattern; None if there is none.

        Args: as `harness.world.pattern.Subject` has them.
        """
        return most_specific(self.durations, dag_id, task_id, map_index, date, classes)

    def stub_of(
        self, dag_id: str, task_id: str, map_index: int = -1, date: str = "", classes: Sequence[str] = ()
    ) -> Stub | None:
        """What happens in a task's place, by the most specific pattern; None if it runs itself."""
        return most_specific(self.stubs, dag_id, task_id, map_index, date, classes)

    def answer_of(
        self, dag_id: str, task_id: str, map_index: int = -1, date: str = "", classes: Sequence[str] = ()
    ) -> Answer | None:
        """What a person answers to a task, by the most specific pattern; None if nobody does."""
        return most_specific(self.answers, dag_id, task_id, map_index, date, classes)

    def names_from_environment(self, section: str) -> set[str]:
        """Names of a section whose values stand in the environment."""
        return {name for of, name in self.from_environment if of == section}

    def where(self, section: str, name: str) -> str | None:
        """``file:line`` of an entry that came from a file, as in ``where("pools", "etl")``."""
        if section == "faulty_tasks":
            return self.faulty_tasks[name].where
        return self.declared_at.get((section, name))

    def put(self, section: str, name: object, value: object) -> None:
        """Store an entry given as raw data. Raises: EntryError: a bad name or value."""
        from harness.world.reading import (  # pydantic costs 0.15 s, and a world without entries needs none
            FROM_ENVIRONMENT,
            read,
        )

        entry = read(section, name, value)
        table = getattr(self, section)
        table.pop(name, None)  # the last declared comes last
        self.from_environment.discard((section, str(name)))
        if entry is FROM_ENVIRONMENT:
            self.from_environment.add((section, str(name)))
        else:
            table[name] = entry
        self.declared_at.pop((section, str(name)), None)
        if (section, name) == ("pools", DEFAULT_POOL):
            self.chosen.add(DEFAULT_POOL)

    def _put(self, section: str, name: object, value: object) -> None:
        try:
            self.put(section, name, value)
        except EntryError as invalid:
            from harness.world.reading import SECTIONS

            raise call_error(f"{SECTIONS[section][0]} {name!r}", invalid) from None

    connection = _former("connection", "set_connection", set_connection)
    variable = _former("variable", "set_variable", set_variable)
    pool = _former("pool", "set_pool", set_pool)
    duration = _former("duration", "set_duration", set_duration)
    setenv = _former("setenv", "set_env", set_env)
    set_parallelism = _former(
        "set_parallelism", "set_executor", lambda self, parallelism: self.set_executor(parallelism=parallelism)
    )


def needs_services(world: World) -> bool:
    """Whether a connection of the world names a service; asked before anything of services is imported."""
    return any(connection.service is not None for connection in world.connections.values())
