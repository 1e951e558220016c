"""Failing tests show the runs they made, and errors of ours without our frames."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeGuard

import pytest

from harness.pytest_plugin.masking import forget, mask_report
from harness.pytest_plugin.pages import add_page, ledgers_of

if TYPE_CHECKING:
    from harness.errors import HarnessError
    from harness.results.run import RunResult, TaskResult

RUNS = pytest.StashKey["list[RunResult]"]()
SHOWN_RUNS = 3
BRIEF_LINES, BRIEF_CHARACTERS = 8, 600
"""pytest cuts longer explanations; the whole run stands in a section of its own."""


def remember(config: pytest.Config, run: RunResult) -> None:
    """Show this run if the present test fails."""
    runs = config.stash.setdefault(RUNS, [])
    if not any(run is other for other in runs):
        runs.append(run)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Forget the runs of the test before, and their ledgers."""
    ledgers_of(item.config).clear()
    item.config.stash.setdefault(RUNS, []).clear()
    forget(item.config)


def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    """Explain a comparison of a result, of its state, or of several results by the run itself."""
    if "harness.results.run" not in sys.modules:
        return None
    results = [*_results(left), *_results(right)]
    if not results:
        return None
    from harness.results.run import RunResult

    lines: list[str] = []
    for result in results:
        if isinstance(result, RunResult):
            remember(config, result)
            lines += _brief_run(result)
        else:
            lines += _brief_task(result)
    return _short([f"{_shown(left)} {op} {_shown(right)}", *lines])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Cut our frames off errors of ours; add the test's runs to the report of its failure."""
    error = call.excinfo.value if call.excinfo is not None else None
    if _is_ours(error) and not item.config.getoption("fulltrace"):
        error.__traceback__ = _without_our_frames(error.__traceback__)
        call.excinfo = pytest.ExceptionInfo.from_exception(error)
    report: Any = yield
    if report.failed and error is not None:
        if _is_ours(error):
            _without_class_name(report, error)
            if error.user_traceback is not None:
                report.sections.append(("traceback of the Dag file", error.user_traceback))
        for run in item.config.stash.get(RUNS, [])[-SHOWN_RUNS:]:
            report.sections.append((f"Airflow run of {run.dag_id}", _whole(run)))
    if report.failed:
        add_page(item, report)
    mask_report(item.config, report)
    return report  # type: ignore[no-any-return]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(exitstatus: int) -> None:
    """No task's own end of the process changes how pytest ends."""
    if "harness.bridge.patches.exits" in sys.modules:
        from harness.bridge.patches.exits import verdict_stands

        verdict_stands(int(exitstatus))


def pytest_enter_pdb(pdb: Any) -> None:
    """A breakpoint in task code talks to the terminal, not to the task's log."""
    for name in ("stdout", "stderr"):
        real = getattr(getattr(sys, name), "_real", None)
        if type(getattr(sys, name)).__module__.startswith("harness.") and real is not None:
            setattr(sys, name, real)
            if name == "stdout":
                pdb.stdout = real


def _results(value: object) -> list[Any]:
    from harness.results.run import RunResult, State, TaskResult

    if isinstance(value, State):
        return [] if value.owner is None else [value.owner]
    if isinstance(value, (RunResult, TaskResult)):
        return [value]
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, TaskResult) for item in value):
        return list(value)
    return []


def _brief_run(run: RunResult) -> list[str]:
    lines = [repr(run)]
    failed_first = sorted(run.task_instances, key=lambda ti: (ti.state != "failed", ti.state == "success"))
    lines += [f"  {ti.name}  {_line(ti)}" for ti in failed_first]
    return lines


def _brief_task(task: TaskResult) -> list[str]:
    lines = [f"{task.name}  {_line(task)}"]
    if task.error is not None:
        lines += [f"  {line}" for line in task.error.traceback.rstrip().splitlines()]
    return lines


def _line(task: TaskResult) -> str:
    tries = f"  try {task.try_number}" if task.try_number else ""
    why = f"{task.error.kind}: {task.error.message}" if task.error is not None else task.reason
    where = f"  ({task.error.where})" if task.error is not None and task.error.where else ""
    stood_in = "  (stood in for)" if task.stood_in is not None else ""
    return f"{task.state or 'no status'}{tries}{f'  {why}' if why else ''}{where}{stood_in}".replace("\n", " ")


def _short(lines: list[str]) -> list[str]:
    kept: list[str] = []
    for line in lines:
        if len(kept) == BRIEF_LINES - 1 or sum(map(len, kept)) + len(line) > BRIEF_CHARACTERS:
            return [*kept, "… the rest stands in the section below"]
        kept.append(line)
    return kept


def _shown(value: object) -> str:
    from harness.results.run import RunResult

    return f"<run of {value.dag_id}>" if isinstance(value, RunResult) else repr(value)


def _whole(run: RunResult) -> str:
    from harness.results.run import summary

    return "\n".join(summary(each) for each in (run, *run.companions))


def _is_ours(error: BaseException | None) -> TypeGuard[HarnessError]:
    errors = sys.modules.get("harness.errors")
    return errors is not None and isinstance(error, errors.HarnessError)


def _without_our_frames(trace: TracebackType | None) -> TracebackType | None:
    from harness.kernel.whose import is_ours

    kept: TracebackType | None = None
    for at in reversed(list(_entries(trace))):
        if not is_ours(at.tb_frame.f_code.co_filename):
            kept = TracebackType(kept, at.tb_frame, at.tb_lasti, at.tb_lineno)
    return kept or trace


def _entries(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _without_class_name(report: Any, error: BaseException) -> None:
    """``E   pool-missing: …`` in place of ``E   harness.errors.PoolMissing: pool-missing: …``.

    An error of a fixture of ours has no line of the user's to point at: then the text alone.
    """
    if all(_is_pytests(at.tb_frame.f_globals) for at in _entries(error.__traceback__)):
        report.longrepr = str(error)
        return
    prefix = f"{type(error).__module__}.{type(error).__qualname__}: "
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = crash.message.removeprefix(prefix)
    for entry in getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", []):
        lines = getattr(entry, "lines", None)
        if lines is not None:
            lines[:] = [line.replace(prefix, "", 1) if line.startswith("E ") else line for line in lines]


def _is_pytests(module: dict[str, Any]) -> bool:
    return str(module.get("__name__", "")).partition(".")[0] in ("_pytest", "pluggy", "harness")
