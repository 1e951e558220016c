"""``template-error``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from harness.bridge.parsing.trials.rendering import Complaint, Unrendered, unrendered, uses_own_code
from harness.bridge.parsing.trials.trial import ASSET_TRIGGERED, DATE_NAMES
from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.errors import nearest
from harness.results.finding import Problem

REPLACED = {
    "conf": None,
    "execution_date": "logical_date",
    "next_ds": "data_interval_end | ds",
    "next_ds_nodash": "data_interval_end | ds_nodash",
    "next_execution_date": "data_interval_end",
    "prev_ds": "macros.ds_add(ds, -1)",
    "prev_ds_nodash": "macros.ds_add(ds, -1) | replace('-', '')",
    "prev_execution_date": None,
    "prev_execution_date_success": "prev_data_interval_start_success",
    "tomorrow_ds": "macros.ds_add(ds, 1)",
    "tomorrow_ds_nodash": "macros.ds_add(ds, 1) | replace('-', '')",
    "triggering_dataset_events": "triggering_asset_events",
    "yesterday_ds": "macros.ds_add(ds, -1)",
    "yesterday_ds_nodash": "macros.ds_add(ds, -1) | replace('-', '')",
}
"""Names that templates had in Airflow 2, and what to write now."""
_FILE = "put it below the Dag's folder or its template_searchpath; behind a command that is no template write a blank"


@check("template-error")
def template_error(context: DagContext) -> Iterator[Problem]:
    """A template that Airflow cannot render.

    An undefined name, a filter that does not exist, a template file that is not there, a syntax error, a date computed
    wrongly: the task fails in production, at every try, before its first line of code. Each rendered field is rendered
    here by Airflow's own environment of the Dag, for runs of several dates. What only a run knows (XComs, variables,
    connections, the conf and params of a run that a person starts) is stood in for and never the reason of a finding.
    A Dag that an asset starts has no logical date, so no ``ds``.

    Fix: correct the name. Put a template file below the Dag's folder or its ``template_searchpath``; where a command
    that ends in ``.sh`` is no template file, write a blank behind it. Write what is no template for Airflow between
    ``{% raw %}`` and ``{% endraw %}``.
    """
    for found in _unrendered(context):
        said = f"template of {found.field!r} of task {found.task_id!r} cannot be rendered: {found.complaint.reason}"
        path, line = _place(context, found)
        if path is None and found.complaint.line is not None and found.complaint.line > 1:
            said += f" (line {found.complaint.line} of it)"
        if (name := found.complaint.name) in DATE_NAMES and found.kind == ASSET_TRIGGERED:
            said += " in a run that an asset starts: such a run has no logical date"
        elif found.complaint.dated and found.date is not None:
            said += f" (run of {found.date})"
        yield Problem(said, found.task_id, line, path, fix=_fix(name, found))


def _unrendered(context: DagContext) -> Iterable[Unrendered]:
    dag, own = context.dag, context.file.users.own
    if not uses_own_code(dag):
        return unrendered(dag, lambda: context.timetable, own)
    if context.file.watch is None:
        return []
    from harness.bridge.parsing.confinement import apart  # what watches need not be there where nothing is parsed

    answers = apart(lambda: map(asdict, unrendered(dag, lambda: context.timetable, own)), context.file.watch)
    return [Unrendered(**{**one, "complaint": Complaint(**one["complaint"])}) for one in answers]


def _place(context: DagContext, found: Unrendered) -> tuple[str | None, int | None]:
    """File and line of a template that has a file of its own: by now the field holds its text."""
    line, watch = found.complaint.line, context.file.watch
    if line is None or watch is None:
        return None, None
    if found.complaint.path is not None:
        return found.complaint.path, line
    endings = tuple(context.dag.task_dict[found.task_id].template_ext or ())
    read = sorted(path for path in watch.reads if endings and path.endswith(endings))
    path = next((path for path in read if _text(path) == found.source), None)
    return (path, line) if path is not None else (None, None)


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _fix(name: str | None, found: Unrendered) -> str | None:
    if found.complaint.params:
        return "declare it in params= with a default: a scheduled run has no others"
    if name is None:
        return _FILE if found.file is not None else None
    if name in DATE_NAMES and found.kind == ASSET_TRIGGERED:
        return "{{ dag_run.run_after }}, or a date from {{ triggering_asset_events }}"
    if name in REPLACED:
        instead = REPLACED[name]
        return (
            f"write {{{{ {instead} }}}}: Airflow 3 has no {name}"
            if instead
            else f"Airflow 3 has no {name} in templates"
        )
    close = nearest(name, found.known)
    return f"did you mean {close[0]!r}?" if close else None
