"""``email-without-smtp``."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.context import DagContext
from harness.checks.registry import check
from harness.results.finding import Problem


@check("email-without-smtp", severity="off")
def email_without_smtp(context: DagContext) -> Iterator[Problem]:
    """Tasks that mail when they fail, where the world declares no mail server.

    Airflow logs that it could not send and goes on: nobody hears of the failure.

    Fix: declare the connection ``smtp_default`` in the world file, as it is in production, or take ``email=`` out.
    """
    mailing = [task.task_id for task in context.tasks if getattr(task, "email", None)]
    declared = context.declared
    if mailing and declared.file is not None and "smtp_default" not in declared.connections:
        yield Problem(
            f"{len(mailing)} tasks send mail, {mailing[0]!r} for one, and there is no connection 'smtp_default'",
            task_id=mailing[0],
            fix=f"declare smtp_default under connections: in {declared.file}",
        )
