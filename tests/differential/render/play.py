"""The operators at the head of a rendered Dag file, cut down to what the Dag uses."""

from __future__ import annotations

from collections.abc import Iterable

from tests.differential.case import Act, DagCase, TaskCase

ENDINGS = {
    "failed": 'RuntimeError("failed")',
    "fail": 'AirflowFailException("failed")',
    "skipped": "AirflowSkipException",
}

SLEEP = '        sleep(self.act(context).get("duration_s", 0))'

BRANCH = '''class Branch(Play, BaseBranchOperator):
    """Follows the tasks that its act names."""

    def end(self, context):
        super().end(context)
        return BaseBranchOperator.execute(self, context)

    def choose_branch(self, context):
        return self.act(context).get("follows", [])'''

SHORT_CIRCUIT = '''class ShortCircuit(Play, ShortCircuitOperator):
    """Goes on unless its act says that it follows nothing."""

    def __init__(self, **kwargs):
        super().__init__(python_callable=bool, **kwargs)

    def end(self, context):
        super().end(context)
        self.python_callable = lambda: "follows" not in self.act(context)
        return ShortCircuitOperator.execute(self, context)'''


def operators(dag: DagCase) -> list[str]:
    """The classes that the Dag's tasks are of, as text."""
    playing = [task for task in dag.tasks if task.kind in ("plain", "branch", "short_circuit")]
    if not playing:
        return []
    kinds = {task.kind for task in playing}
    found = [_play(playing)]
    found += [BRANCH] if "branch" in kinds else []
    found += [SHORT_CIRCUIT] if "short_circuit" in kinds else []
    return found


def _play(tasks: list[TaskCase]) -> str:
    used = [act for task in tasks for act in all_acts(task)]
    subclassed = any(task.kind != "plain" for task in tasks)
    by_index = any(task.acts_of for task in tasks)
    mapped = any(task.mapped_over is not None for task in tasks)
    if all(act == Act() for act in used) and not subclassed and not by_index:
        return _idle(mapped)
    blocks = [_init(by_index, mapped), _act(by_index), _execute(used), *_resume(used), _end(used)]
    return "\n\n".join(
        ['class Play(BaseOperator):\n    """Does what its act for this try says; the last act stays."""', *blocks]
    )


def all_acts(task: TaskCase) -> Iterable[Act]:
    """Acts of all tries and all map indexes."""
    yield from task.acts
    for several in task.acts_of.values():
        yield from several


def _idle(mapped: bool) -> str:
    init = "    def __init__(self, *, item=None, **kwargs):\n        super().__init__(**kwargs)\n\n" if mapped else ""
    return f"class Play(BaseOperator):\n{init}    def execute(self, context):\n        pass"


def _init(by_index: bool, mapped: bool) -> str:
    options = ["acts=({},)", *(["acts_of=None"] if by_index else []), *(["item=None"] if mapped else [])]
    kept = "self.acts, self.acts_of = acts, acts_of or {}" if by_index else "self.acts = acts"
    return (
        f"    def __init__(self, *, {', '.join(options)}, **kwargs):\n"
        f"        super().__init__(**kwargs)\n        {kept}"
    )


def _act(by_index: bool) -> str:
    acts = 'self.acts_of.get(context["ti"].map_index, self.acts)' if by_index else "self.acts"
    return f"""    def act(self, context):
        acts = {acts}
        return acts[min(context["ti"].try_number, len(acts)) - 1]"""


def _execute(used: list[Act]) -> str:
    lines = ["    def execute(self, context):"]
    if any(act.duration_s for act in used):
        lines.append(SLEEP)
    if any(act.reschedules_s for act in used):
        lines += [
            '        waits = self.act(context).get("reschedules_s", [])',
            '        if (done := context["task_reschedule_count"]) < len(waits):',
            "            raise AirflowRescheduleException(datetime.now(timezone.utc) + timedelta(seconds=waits[done]))",
        ]
    if any(act.deferred_s is not None for act in used):
        lines += [
            '        if "deferred_s" in self.act(context):',
            '            wait = timedelta(seconds=self.act(context)["deferred_s"])',
            '            self.defer(trigger=TimeDeltaTrigger(wait), method_name="resume")',
        ]
    return "\n".join([*lines, "        return self.end(context)"])


def _resume(used: list[Act]) -> list[str]:
    if all(act.deferred_s is None for act in used):
        return []
    sleep = [SLEEP] if any(act.duration_s for act in used) else []
    return ["\n".join(["    def resume(self, context, event=None):", *sleep, "        return self.end(context)"])]


def _end(used: list[Act]) -> str:
    lines = ["    def end(self, context):"]
    states = {act.state for act in used}
    for state, exception in ENDINGS.items():
        if state in states:
            lines += [f'        if self.act(context).get("state") == "{state}":', f"            raise {exception}"]
    if any(act.returns is not None for act in used):
        lines += [
            '        if "returns" in self.act(context):',
            '            return list(range(self.act(context)["returns"]))',
        ]
    return "\n".join([*lines, "        return None"])
