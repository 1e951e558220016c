"""Runs the checks on one parsed file, in the process that parsed it, and gathers the names a first world file needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from harness.bridge.operators import argument, arguments, class_paths
from harness.bridge.parsing.watching.secrets import JSON_VARIABLE
from harness.bridge.standins.elsewhere import AWS, connections_of, needs_elsewhere
from harness.checks.context import CheckSelection, DagContext, Declared, FileContext
from harness.checks.registry import CHECKS, Check
from harness.checks.resources.used_names import Used, connections, names_connection, pools, taken_by_hooks, variables
from harness.gate.check_result import UsedName
from harness.kernel.whose import last_frame
from harness.project.hash_order import depends_on_hashes
from harness.results.finding import Problem
from harness.services.registry import services_of_types
from harness.world.guess import Guesses
from harness.world.scaffold import ANY_JSON, DEFAULT, default_type, type_of_provider

Report = dict[str, Any]
Problems = list[tuple[str, Problem]]


def examine(parsed: Any, declared: Declared, selection: CheckSelection, guesses: Guesses | None = None) -> Report:
    """The report of one file, as JSON.

    Args:
        parsed: a `harness.bridge.parsing.parse.Parsed`.
        guesses: what stood in for variables, where names are asked for.
    Returns: ``problems``: [check id, problem]; ``dags``: what there is; ``notes``: [check id, dag id, line, value] for
        checks that look at the whole repository; ``names``: see `UsedName`, if asked;
        ``failed``: what it raised; ``imported``, ``libraries``: files of modules that came with it, the repository's
        and others; ``depends``: see `harness.bridge.parsing.watching.depends`; ``seconds``, ``events``; ``hashes``:
        whether the order of a set may have made the Dags what they are.
    """
    context = FileContext(parsed, declared, selection)
    problems: Problems = []
    if parsed.tampered:
        fact = f"the file changes what checks it: {', '.join(parsed.tampered[:3])}"
        problems.append(("check-failed", Problem(fact, fix="leave the harness as it is")))
    for dag in context.dags:
        for check in _on("dag", selection):
            if check.cyclic or not dag.cycle:
                problems += _found_by(check, dag, dag)
    noted = [*_noted(context, "repository", problems), *_noted(context, "parses", problems)]
    for check in _on("file", selection):  # last: what goes on in threads, and in what checks touch, is told too
        problems += _found_by(check, context, None)
    return {
        "problems": [[check, problem.to_json()] for check, problem in problems],
        "dags": [{"dag_id": dag.dag_id, "tasks": len(dag.tasks), "line": dag.line} for dag in context.dags],
        "notes": noted,
        "names": [] if guesses is None else names_in(context, guesses),
        **_facts(context, parsed),
        "events": [event.to_json() for event in parsed.events],
        "hashes": may_depend_on_hashes(context),
    }


def may_depend_on_hashes(context: FileContext) -> bool:
    """Whether the text of a file, of what it imports of the repository, or a templated field has to do with sets."""
    files = [context.path, *context.imported]
    if any(not file.endswith(".py") for file in files):
        return True  # an archive, or a module without text
    if any(depends_on_hashes(context.definitions.text(file)) for file in files):
        return True
    try:
        return any(
            isinstance(value, (set, frozenset))
            for dag in context.dags
            for task in dag.tasks
            for value in _templated(task)
        )
    except BaseException:  # of the user's own objects
        return True


def _templated(task: Any) -> list[Any]:
    """Values of a task's templated fields, also of a mapped one."""
    return [argument(task, field) for field in task.template_fields]


def second_report(parsed: Any, declared: Declared, selection: CheckSelection) -> Report:
    """What the second parse of a file tells: the notes of ``parses`` checks, and whether it went as the first.

    Returns: ``notes``, ``failed``, ``imported``, ``seconds`` as in `examine`; ``dag_ids``.
    """
    context = FileContext(parsed, declared, selection)
    return {
        "notes": _noted(context, "parses", []),
        "dag_ids": [dag.dag_id for dag in context.dags],
        **_facts(context, parsed),
    }


def _facts(context: FileContext, parsed: Any) -> Report:
    failed = [failure.message for dag_id, failure in context.failures]
    return {
        "failed": failed[0] if failed else None,
        "imported": parsed.imported,
        "libraries": parsed.libraries,
        "depends": parsed.depends,
        "seconds": parsed.seconds,
    }


def _noted(context: FileContext, level: str, problems: Problems) -> list[list[Any]]:
    """What the checks of a level note: [check id, dag id, line, value].

    Args:
        problems: takes what checks that raise come to.
    """
    found: list[list[Any]] = []
    for check in _on(level, context.selection):
        assert check.gather is not None
        contexts: list[Any] = [context] if check.gathers == "file" else context.dags
        for one in contexts:
            if check.gathers == "dag" and one.cycle and not check.cyclic:
                continue
            try:
                value = check.gather(one)
            except BaseException as error:  # of the user's own objects too
                problems.append(_failed(check, error, one if check.gathers == "dag" else None))
                continue
            if value is not None:
                found.append([check.id, *((one.dag_id, one.line) if check.gathers == "dag" else ("", None)), value])
    return found


def _on(level: str, selection: CheckSelection) -> Iterable[Check]:
    return [check for check in CHECKS.values() if check.level == level and check.id in selection.severities]


def _found_by(check: Check, context: Any, dag: DagContext | None) -> Problems:
    """What one check says; when it raises, that is a finding and not the end of the others."""
    try:
        return [(check.id, _placed(problem, dag)) for problem in _called(check.function, context)]
    except BaseException as error:  # of the user's own objects too
        return [_failed(check, error, dag)]


def _failed(check: Check, error: BaseException, dag: DagContext | None) -> tuple[str, Problem]:
    where = f" of Dag {dag.dag_id!r}" if dag else ""
    fact = f"the check {check.id!r} raised {type(error).__name__}: {error}{where}"
    line, path = (dag.line if dag else None), None
    if not check.ours:
        path = check.function.__code__.co_filename
        frame = last_frame(error, lambda file: file == path)
        line = line if frame is None else frame.lineno
    return "check-failed", Problem(fact, line=line, path=path, dag_id=dag.dag_id if dag else None, ours=check.ours)


def _called(function: Callable[[Any], Iterable[Problem] | None], context: Any) -> list[Problem]:
    return [one if isinstance(one, Problem) else Problem(str(one)) for one in function(context) or ()]


def _placed(problem: Problem, dag: DagContext | None) -> Problem:
    """The problem with the Dag's id, and with the task's line where it has none of its own."""
    if dag is None:
        return problem
    place = dag.place(problem.task_id) if problem.task_id is not None else None
    line, path = problem.line, problem.path
    if line is None:
        path, line = place if place is not None and place[1] else (path, dag.line)
    return replace(problem, line=line, path=path, dag_id=problem.dag_id or dag.dag_id)


_ASKED = ("connection", "variable", JSON_VARIABLE)
_DEFAULT_POOL = "default_pool"


def names_in(file: FileContext, guesses: Guesses) -> list[dict[str, Any]]:
    """The names of one file, as JSON (see `UsedName`).

    Args:
        guesses: what stood in for variables while it was parsed.
    """
    found: list[UsedName] = []
    for dag in file.dags:
        slots = {task.task_id: str(task.pool_slots) for task in dag.tasks}
        for used in pools(dag):
            if used.name != _DEFAULT_POOL:
                hint = slots.get(used.task_id or "", "")
                found.append(UsedName("pools", used.name, used.by, used.path or file.path, used.line or 1, hint))
    for section, uses in (("connections", connections(file)), ("variables", variables(file))):
        for used in uses:
            hint = _type_of(file, used) if section == "connections" else ANY_JSON if used.as_json else ""
            found.append(UsedName(section, used.name, used.by, used.path or file.path, used.line or 1, hint))
    found += [used for dag in file.dags for used in _by_default(dag, file.path)]
    found += _by_default_of_hooks(file)
    named = {one.name for one in found if one.section == "connections"}
    found += [used for dag in file.dags for used in _elsewhere(dag, file.path, named)]
    found += [_asked_while_parsed(event, guesses) for event in file.events if event.kind in _ASKED]
    return [vars(name) for name in found]


def _type_of(file: FileContext, used: Used) -> str:
    """The type of a connection that a task names as ``conn_id`` alone, by the provider of its operator."""
    tasks = [
        task for dag in file.dags if dag.dag_id == used.dag_id for task in dag.tasks if task.task_id == used.task_id
    ]
    return _of_provider(tasks[0]) if tasks and used.by.endswith("(conn_id)") else ""


def _of_provider(task: Any) -> str:
    served = services_of_types()
    return next(filter(None, (type_of_provider(path.rpartition(".")[0], served) for path in class_paths(task))), "")


def _by_default(dag: DagContext, file: str) -> Iterator[UsedName]:
    """Connections that operators take where their author names none, as ``aws_default``: those that a service plays,
    and others that the author has written out.
    """
    served = services_of_types()
    for task in dag.tasks:
        given = getattr(task, "_BaseOperator__init_kwargs", {})
        for name, value in arguments(task).items():
            if not names_connection(name):
                continue
            kind = default_type(value) if isinstance(value, str) else _of_provider(task) if name == "conn_id" else ""
            taken = value if isinstance(value, str) else f"{kind}{DEFAULT}"
            if default_type(taken) and (kind in served or given.get(name) == taken):
                path, line = dag.place(task.task_id) or (file, 1)
                yield UsedName("connections", taken, f"task {task.task_id!r} ({name})", path, line or 1, kind)


def _by_default_of_hooks(file: FileContext) -> Iterator[UsedName]:
    """The same for hooks that the code of tasks makes."""
    served = services_of_types()
    for used, kind in taken_by_hooks(file):
        if kind in served:
            yield UsedName("connections", used.name, used.by, used.path or file.path, used.line or 1, kind)


def _elsewhere(dag: DagContext, file: str, named: set[str]) -> Iterator[UsedName]:
    """Tasks that cannot run here unless something stands in for them.

    Args:
        named: connections, for each of which a world has a place; one of AWS is proposed as the service that plays it.
    """
    for task in dag.tasks:
        needs = needs_elsewhere(task)
        if needs is None or (needs == AWS and not named.isdisjoint(connections_of(task))):
            continue
        path, line = dag.place(task.task_id) or (file, 1)
        yield UsedName("stubs", f"{dag.dag_id}.{task.task_id}", f"task {task.task_id!r}", path, line or 1, needs)


def _asked_while_parsed(event: Any, guesses: Guesses) -> UsedName:
    hint = "" if event.kind == "connection" else guesses.hint(event.detail, event.kind == JSON_VARIABLE)
    section = "connections" if event.kind == "connection" else "variables"
    return UsedName(section, event.detail, "asked for while the file is parsed", event.path, event.line, hint)
