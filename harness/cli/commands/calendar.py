"""``airflow-harness calendar``: what runs when, for a whole folder, without running a task."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options as option
from harness.cli.commands.simulate import period_of
from harness.cli.folders import note_failures, note_found
from harness.cli.terminal import Job, Terminal
from harness.errors import ExitCode, UsageError
from harness.results.finding import Finding

if TYPE_CHECKING:
    import subprocess

    from harness.kernel.instant import Instant
    from harness.project.revision import CheckedOut
    from harness.results.schedule import DagSchedule, FolderSchedule
    from harness.results.schedule_diff import ScheduleDiff
    from harness.simulation import Rehearsal

FORMATS = ("text", "json", "csv")
STRETCH = "7d"


@dataclass(frozen=True)
class ScheduleArguments:
    """The command line of ``calendar``, as typed."""

    since: str | None = None
    until: str = STRETCH
    dags: tuple[Path, ...] = ()
    dag_ids: tuple[str, ...] = ()
    world: Path | None = None
    revision: str | None = None
    form: str = FORMATS[0]
    as_json: bool = False
    verbose: bool = False


class AskSchedules:
    """The job of one ``calendar`` command."""

    def __init__(self, arguments: ScheduleArguments) -> None:
        self.arguments = arguments

    def __call__(self, terminal: Terminal) -> int:
        """Ask the schedules and show what they say.

        Returns: 0; 1 when a timetable raises or a file does not import, and with ``--diff`` when the revisions differ.
        Raises: HarnessError: whatever keeps it from being known.
        """
        from harness.results.schedule import DagSchedule
        from harness.results.schedule_diff import differences

        arguments = self.arguments
        since, until = period_of(arguments.since or f"{datetime.now(timezone.utc):%Y-%m-%d}", arguments.until)
        with ExitStack() as stack:
            there = None
            if arguments.revision is not None:
                there = stack.enter_context(_revision(arguments, arguments.revision, since, until))
            rehearsal, found = self._asked(since, until, terminal)
            diff = None
            if there is not None:
                document = there.document()
                before = self._chosen(map(DagSchedule.of_json, document["dags"]), rehearsal)
                diff = differences(before, found, there.revision, there.tree.commit)
                diff = replace(diff, findings=tuple(map(there.finding, document["findings"])))
        self._show(found, diff, terminal)
        return ExitCode.FOUND if diff or not found.ok else ExitCode.CLEAN

    def _asked(self, since: Instant, until: Instant, terminal: Terminal) -> tuple[Rehearsal, FolderSchedule]:
        from harness.cli.schedules import asked, loaded

        arguments = self.arguments
        rehearsal, world = loaded(arguments.dags, arguments.world, terminal.collecting)
        terminal.begin()
        dags, named = rehearsal.folder.dags, arguments.dag_ids
        if arguments.revision is not None:  # one that is there only in the other revision is lost
            named = tuple(dag_id for dag_id in named if dag_id in dags) or tuple(dags)
        with terminal.collecting():
            found = asked(rehearsal, world, since, until, named)
        note_found(rehearsal.folder, terminal)
        note_failures(rehearsal.folder, terminal)
        terminal.show_collected()
        return rehearsal, found

    def _chosen(self, before: Iterable[DagSchedule], rehearsal: Rehearsal) -> list[DagSchedule]:
        """Of another revision's Dags those that are asked for. Raises: DagNotFound: neither revision has one."""
        named, there = self.arguments.dag_ids, {dag.dag_id: dag for dag in before}
        for dag_id in named:
            if dag_id not in there:
                rehearsal.folder.dag(dag_id)
        return [there[dag_id] for dag_id in named or there if dag_id in there]

    def _show(self, found: FolderSchedule, diff: ScheduleDiff | None, terminal: Terminal) -> None:
        form = "json" if self.arguments.as_json else self.arguments.form
        if form == "json":
            terminal.document({**found.to_json(), "diff": None if diff is None else diff.to_json()})
        elif form == "csv":
            terminal.out.write(_csv(found, diff))
            terminal.out.flush()
        else:
            from harness.report.schedule_terminal import ScheduleReport

            ScheduleReport(terminal.console, terminal.verbose).show(found, diff)


def _csv(found: FolderSchedule, diff: ScheduleDiff | None) -> str:
    """A line a run; with another revision a line a change."""
    rows: list[dict[str, Any]]
    if diff is None:
        names = ["dag_id", "run_id", "logical_date", "run_after"]
        rows = [{"dag_id": dag.dag_id, **run.to_json()} for dag, run in found.runs()]
    else:
        names = ["dag_id", "kind", "before", "after"]
        rows = [change.to_json() for change in diff.runs]
    made = io.StringIO()
    writer = csv.DictWriter(made, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return made.getvalue()


# -- another revision ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Revision:
    """A revision whose schedules another process asks meanwhile: its modules have the names of ours."""

    revision: str
    tree: CheckedOut
    asking: subprocess.Popen[str]

    def document(self) -> dict[str, Any]:
        """What its schedules ask for. Raises: UsageError: it cannot be known."""
        out, err = self.asking.communicate()
        try:
            document = json.loads(out)
            failed = document.get("error")
        except ValueError:
            last = (err.strip().splitlines() or ["it said nothing"])[-1]
            document, failed = {}, {"message": f"its schedules were not told: {last}"}
        if failed is not None:
            where = str(failed.get("where") or "").replace(str(self.tree.top), self.revision) or None
            raise UsageError(f"--diff {self.revision}: {failed['message']}", where=where, fix="name another revision")
        return dict(document)

    def finding(self, told: dict[str, Any]) -> Finding:
        """A finding there; its path as in the repository."""
        path = None if told["path"] is None else str(told["path"]).replace(f"{self.tree.top}/", "")
        return Finding(**{**told, "path": path})


@contextmanager
def _revision(arguments: ScheduleArguments, revision: str, since: Instant, until: Instant) -> Iterator[_Revision]:
    """Check a revision out, and have its schedules asked; both are gone after the block."""
    import subprocess  # not at start: an unchanged check answers without it

    from harness.project.own_programs import own_program
    from harness.project.revision import checked_out

    with checked_out(revision, Path.cwd(), "--diff") as tree:
        world = None if arguments.world is None else tree.counterpart(arguments.world)
        if world is not None and arguments.world is not None and not world.exists():
            world = arguments.world.resolve()
        question = {
            "dags": [str(tree.counterpart(path)) for path in arguments.dags],
            "world": None if world is None else str(world),
            "since": since,
            "until": until,
        }
        pipe = subprocess.PIPE
        program = own_program("harness.cli.schedules")
        asking = subprocess.Popen(program, cwd=tree.here, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        try:
            assert asking.stdin is not None
            with suppress(BrokenPipeError), asking.stdin as stdin:
                json.dump(question, stdin)
            asking.stdin = None
            yield _Revision(revision, tree, asking)
        finally:
            if asking.poll() is None:
                asking.terminate()
            asking.communicate()


@option.text("--since", metavar="ISO", help="From when on.  [default: today, 00:00 UTC]")
@option.text(
    "--until",
    metavar="ISO",
    default=STRETCH,
    show_default=True,
    help="Until before when, or a span after --since.",
)
@option.dags
@option.texts("--dag", "dag_ids", metavar="DAG_ID", help="Only this Dag; may be repeated.  [default: all]")
@option.world
@option.text("--diff", "revision", metavar="REV", help="Say what became of the schedules of this git revision.")
@option.text(
    "--format",
    "form",
    metavar="FORM",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    help=f"One of {', '.join(FORMATS)}; csv has a line a run, with --diff a line a change.  [default: text]",
)
@option.as_json
@option.verbose
def calendar(**arguments: Any) -> Job:
    """Say what runs when, for a whole Dag folder, without running a task.

    Each Dag's own timetable is asked, as the scheduler asks it: a Dag is taken to have run on schedule until --since.
    Told are the runs by day and hour; what starts Dags at no date (assets, other Dags); what changes of clocks do to
    schedules in local time; when the runs would ask for most slots of each pool, if all began on time and no task
    waited (simulate tells what really happens); and why a Dag has no run. With --diff, what a change of schedules
    does: runs gained, lost, and moved to another time of their day. The revision is checked out into a temporary
    folder; what is not committed there, as .env, it does not have.

    \b
    Examples:
      airflow-harness calendar
      airflow-harness calendar --since 2025-03-24 --until 14d --world fixtures/world.yaml
      airflow-harness calendar --dag sales --format csv
      airflow-harness calendar --diff origin/main
    """

    return AskSchedules(ScheduleArguments(**arguments))
