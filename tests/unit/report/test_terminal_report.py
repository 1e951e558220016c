from pathlib import Path

from harness.results.finding import Finding
from harness.results.run import Failure

from .report_builders import at, run, task

BOOM = Failure(
    "ValueError",
    "no rows",
    "Traceback (most recent call last):\n"
    '  File "dags/sales.py", line 12, in load\n    check(rows)\n'
    "ValueError: no rows\n",
    where="dags/sales.py:12",
    hint="give it rows",
)


def failed_load(log="INFO    reading\nERROR   Task failed"):
    attempts = ("up_for_retry", 0, 10, "ValueError: try 1"), ("failed", 310, 320, "ValueError: no rows")
    return task("load", *attempts, state="failed", error=BOOM, reason="ValueError: no rows", log=log)


def rows_of(text, heading):
    """The lines of a section."""
    lines = text.splitlines()
    begin = lines.index(heading) + 1
    return lines[begin : lines.index("", begin)]


def row(text, name):
    return next(line.split() for line in rows_of(text, "Tasks") if line.split()[:1] == [name])


def test_each_task_has_a_row_with_its_state_tries_times_and_reason(read):
    skipped = task("notify", state="skipped", reason="upstream 'load' was skipped", start_date=at(9), end_date=at(9))
    text = read(run(task("extract", ("success", 0, 5400)), failed_load(), skipped, state="failed"))
    assert row(text, "extract") == ["extract", "✓", "success", "1", "+0s", "1h30m"]
    assert row(text, "load") == ["load", "✗", "failed", "2", "+5m10s", "10s", "ValueError:", "no", "rows"]
    assert row(text, "notify")[1:6] == ["·", "skipped", "-", "-", "-"]
    assert "upstream 'load' was skipped" in text


def test_a_task_without_a_state_is_named(read):
    assert row(read(run(task("never", state=None))), "never")[1:4] == ["·", "no", "status"]


def test_mapped_instances_of_one_fate_share_a_row_and_others_keep_theirs(read):
    squares = [task("square", ("success", 0, n), map_index=n, xcoms={"return_value": n * n}) for n in range(100)]
    squares[7] = task("square", ("failed", 0, 1, "boom"), state="failed", reason="boom", map_index=7)
    text = read(run(*squares, state="failed"))
    tasks = rows_of(text, "Tasks")
    assert len(tasks) == 3
    assert any("square[0…99] ×99 of 100" in line and "0s…1m39s" in line for line in tasks)
    assert any("square[7]" in line and "boom" in line for line in tasks)
    assert rows_of(text, "XComs")[0].startswith("  square[0…99] ×99 = [0, 1, 4, 9,")
    assert "square[3] = 9" in read(run(*squares), verbose=True)


def test_a_failure_shows_the_users_traceback_hint_place_and_log(read):
    failures = "\n".join(rows_of(read(run(failed_load(), state="failed")), "Failures"))
    assert "✗ load  try 2  dags/sales.py:12" in failures
    assert 'File "dags/sales.py", line 12, in load' in failures
    assert "ValueError: no rows" in failures
    assert "hint   give it rows" in failures
    assert "INFO    reading" in failures


def test_tries_that_failed_are_listed_with_their_reasons(read):
    listed = rows_of(read(run(failed_load(), state="failed")), "Tries that failed before the last")
    assert listed == ["  load try 1: ValueError: try 1"]


def test_a_long_log_keeps_its_end_unless_all_is_asked_for(read):
    broken = run(failed_load(log="\n".join(f"INFO    line {n}" for n in range(200))), state="failed")
    assert "the last 30 of 200 lines (-v shows all)" in read(broken)
    assert "line 199" in read(broken)
    assert "line 3\n" not in read(broken)
    assert "line 3\n" in read(broken, verbose=True)


def test_a_line_that_comes_again_and_again_is_shown_once(read):
    log = "\n".join(["INFO    began", *["INFO    poking"] * 500, "ERROR   gave up"])
    told = read(run(failed_load(log=log), state="failed"))
    assert told.count("poking") == 1
    assert "poking  (× 500)" in told
    assert "-v shows all" not in told


def test_logs_of_what_went_well_are_shown_only_when_asked_for(read):
    fine = run(task("extract", ("success", 0, 1), log="INFO    42 rows"))
    assert "42 rows" not in read(fine)
    assert "42 rows" in read(fine, verbose=True)


def test_xcoms_are_compact_and_say_what_is_missing(read):
    pushed = task("extract", ("success", 0, 1), xcoms={"return_value": {"rows": "x" * 9000}, "count": 3})
    listed = rows_of(read(run(pushed)), "XComs")
    assert "  extract.count = 3" in listed
    assert any(line.endswith("… (9,012 characters)") and len(line) <= 100 for line in listed)


def test_more_xcoms_than_fit_are_counted(read):
    pushed = [task(f"t{n}", ("success", 0, 1), xcoms={"return_value": n}) for n in range(50)]
    assert rows_of(read(run(*pushed)), "XComs")[-1] == "  and 20 more (-v or --json shows them)"


def test_companions_findings_and_the_ledger_are_told(read):
    other = run(task("make", ("success", 0, 60)), dag_id="upstream")
    told = "on_failure raised KeyError: 'x'"
    finding = Finding("callback", "error", told, "dags/sales.py", 5, "sales", "load", "fix it")
    text = read(run(task("a", ("success", 0, 1)), companions=[other], findings=[finding], ledger=Path("/tmp/l/1")))
    companion = rows_of(text, "Runs of other Dags")[0]
    assert "upstream  scheduled__2025-01-01T00:00:00+00:00  success  1 success in 1m of virtual time" in companion
    assert "error callback: on_failure raised KeyError: 'x'" in text
    assert "where  dags/sales.py:5  dag_id=sales task_id=load" in text
    assert "fix    fix it" in text
    assert "ledger  /tmp/l/1" in text


def test_findings_of_companions_are_not_lost(read):
    other = run(dag_id="upstream", findings=[Finding("callback", "error", "it raised")])
    assert "error callback: it raised" in read(run(task("a", ("success", 0, 1)), companions=[other]))


def test_the_last_line_is_the_verdict(read):
    text = read(run(task("a", ("success", 0, 7200)), failed_load(), state="failed", real_seconds=1.5))
    verdict = "✗ sales failed: 1 failed, 1 success in 2h of virtual time  (1.50 s real)"
    assert text.rstrip().splitlines()[-1] == verdict


def test_a_success_with_an_error_found_is_not_ticked(read):
    other = run(dag_id="upstream", findings=[Finding("triggered-run", "error", "it failed")])
    found = run(task("a", ("success", 0, 1)), companions=[other], findings=[Finding("slow", "warning", "it was slow")])
    assert not found.ok
    assert read(found).rstrip().splitlines()[-1].startswith("✗ sales success, with 1 error found: 1 success")
    warned = run(task("a", ("success", 0, 1)), findings=[Finding("slow", "warning", "it was slow")])
    assert warned.ok
    assert read(warned).rstrip().splitlines()[-1].startswith("✓ sales success: 1 success")


def test_a_run_that_did_not_end_says_so(read):
    waiting = task("load", state="scheduled", try_number=1)
    text = read(run(waiting, state="running", end_date=None))
    assert text.rstrip().splitlines()[-1] == "· sales has not ended (running): 1 scheduled"


def test_users_text_is_neither_markup_nor_escape_codes(read):
    reason, log = "[bold]x[/bold] \x1b[31mred", "\x1b]0;title\x07[link]"
    nasty = task("a", ("failed", 0, 1), state="failed", reason=reason, log=log)
    text = read(run(nasty, state="failed"), force_terminal=True)
    assert "[bold]x[/bold]" in text
    assert "\x1b]0" not in text
    assert "\x1b[31mred" not in text


def test_colours_are_for_terminals_and_not_for_no_color(read, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    broken = run(failed_load(), state="failed")
    assert "\x1b[" not in read(broken)
    assert "\x1b[1;31m" in read(broken, force_terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = read(broken, force_terminal=True)
    assert "31m" not in plain
    assert "ValueError: no rows" in plain


def test_nothing_at_all_is_a_report_too(read):
    assert "sales success: no task instance" in read(run())


def test_a_run_beside_one_that_has_not_ended_is_not_ticked(read):
    beside = run(dag_id="child", state="running", end_date=None)
    assert "✓ sales success" in read(run(task("load", ("success", 0, 10)), companions=[run()]))
    text = read(run(task("load", ("success", 0, 10)), companions=[beside]))
    assert "· sales success, 'child' has not ended: 1 success" in text
    assert "✓ sales" not in text


def test_what_stood_in_for_a_task_is_told_in_its_row_and_counted(read):
    stood = task("load", ("success", 0, 60), stood_in="SparkSubmitOperator")
    failed = task("sell", ("failed", 0, 1), state="failed", reason="503", stood_in="sell")
    text = read(run(stood, task("real", ("success", 0, 1)), failed, state="failed"))
    assert "stood in for by 'SparkSubmitOperator'" in text
    assert "503 (stood in for by 'sell')" in text
    assert row(text, "real")[-1] == "1s"
    assert "1 failed, 2 success, 2 stood in for in 1m" in text
    assert "stood in for" not in read(run(task("real", ("success", 0, 1))))
