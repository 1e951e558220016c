"""``no-dag-in-file``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.checks.context import FileContext, Judgement, Note
from harness.checks.registry import check
from harness.project import own_folders
from harness.project.dags_in_text import uncalled, unreached
from harness.project.discovery import might_contain_dag
from harness.project.importers import imported
from harness.results.finding import Problem


def gather(file: FileContext) -> dict[str, Any] | None:
    """Dags that were made and lost; without any Dag, what in the text would make one."""
    if any(dag_id is None for dag_id, _ in file.failures):
        return None
    known = {dag.dag_id for dag in file.dags}  # the check `duplicate-dag-id` tells those
    lost = [
        [dag_id, line] for dag_id, (_, line), tasks in file.lost if dag_id not in known and (tasks or not file.found)
    ]
    looked = uncalled if file.found else unreached
    never = [] if lost else [list(one) for one in looked(file.tree)]
    return {"lost": lost, "never": never, "root": file.root} if lost or never else None


@check("no-dag-in-file", level="repository", gather=gather, gathers="file")
def no_dag_in_file(notes: list[Note], judgement: Judgement) -> Iterator[Problem]:
    """A file that looks like a Dag and yields none, or a Dag that it makes and loses.

    Airflow takes the Dags that a name of the module holds and those that a ``with`` block made. A function with
    ``@dag`` that nobody calls, or a Dag that a function makes and does not hand out, is no error in production: it is
    not there.

    Call the function at the top level of the file; return the Dag and keep it in a name, or make it with
    ``with DAG(…)``. A module that others import its functions from is not told. In a file that has other Dags, a
    function with ``@dag`` is told where nothing in the file could reach it.
    """
    used = {file for path, files in judgement.imported.items() for file in files if file != path}
    for note in notes:
        for dag_id, line in note.value["lost"]:
            yield Problem(
                f"Dag {dag_id!r} is made and then lost: no name of the module holds it",
                path=note.path,
                line=line,
                dag_id=dag_id,
                fix="make it in a with block, or keep it in a name at the top level",
            )
        for message, line, fix in note.value["never"]:
            if note.path not in used and not _may_be_used(note.path, judgement):
                caller = _passed_over(note.path, note.value.get("root", ""), message.partition("(")[0])
                yield Problem(message, path=note.path, line=line, fix=fix if caller is None else _unseen(caller))


def _passed_over(path: str, root: str, name: str) -> str | None:
    """A file of the Dag folder that imports the module and names the function, and that Airflow does not look into."""
    module = Path(path)
    for folder, below, names in os.walk(root):
        below[:] = own_folders(folder, below)
        for file in (Path(folder, one) for one in sorted(names) if one.endswith(".py")):
            if file == module or not file.is_file():  # to open a FIFO waits for ever
                continue
            content = file.read_bytes()
            if might_contain_dag(content) or name.encode() not in content or module.stem.encode() not in content:
                continue
            dotted = ".".join(module.relative_to(root).with_suffix("").parts)
            if dotted in set(imported(file, [Path(root)])):
                return file.relative_to(root).as_posix()
    return None


def _unseen(caller: str) -> str:
    return (
        f"{caller} imports it, and Airflow passes that file over, as the words 'airflow' and 'dag' are not both in it "
        "([core] dag_discovery_safe_mode): write them there, if only in a comment"
    )


def _may_be_used(path: str, judgement: Judgement) -> bool:
    """Whether a file that did not import names the module, so that nobody knows what it would have called."""
    if judgement.partial and not judgement.failed:
        return True
    stem = Path(path).stem
    return any(stem in Path(file).read_text(errors="replace") for file in judgement.failed if Path(file).is_file())
