import pytest

from harness.report.gantt import MOST_LANES, gantt
from harness.report.style import ASCII

from .report_builders import at, run, task

HOUR = 3600


def lines(result, width=80, **options):
    return [line.plain for line in gantt(result, width, **options)]


def lane(result, name, width=80, **options):
    return next(line for line in lines(result, width, **options) if line.startswith(name))


def two_hours():
    return run(task("extract", ("success", 0, HOUR)), task("load", ("success", HOUR, 2 * HOUR)))


def test_bars_stand_where_their_time_is():
    first, second = lane(two_hours(), "extract"), lane(two_hours(), "load")
    assert first.count("█") == pytest.approx(second.count("█"), abs=1)
    assert second.index("█") - first.rindex("█") in (0, 1)  # the hour may fall within a cell
    assert first.endswith("1h")


def test_the_axis_speaks_in_the_unit_of_the_run():
    assert lines(two_hours())[0].split() == ["0", "30m", "1h", "1h30m", "2h"]
    seconds = run(task("quick", ("success", 0, 10)))
    assert lines(seconds, 110)[0].split()[:3] == ["0", "2s", "4s"]
    days = run(task("slow", ("success", 0, 10 * 24 * HOUR)))
    assert "6d" in lines(days, 110)[0].split()
    years = run(task("ages", ("success", 0, 9000 * 24 * HOUR)))
    assert lines(years)[0].split()[0] == "0"


def test_each_axis_label_begins_at_the_cell_of_its_time():
    axis, *_ = lines(two_hours())
    assert axis.index("1h") == lane(two_hours(), "load").index("█")


def test_a_run_in_which_no_time_passes_says_so_instead():
    instant = run(task("a", ("success", 0, 0)), task("b", ("failed", 0, 0), state="failed"), state="failed")
    assert lines(instant)[0] == "no virtual time passed: everything ran at 2025-01-01T00:00:00Z"
    assert not any("█" in line for line in lines(instant))


def test_nothing_ran_no_chart():
    skipped = task("a", state="skipped", start_date=at(0), end_date=at(0))
    assert lines(run(skipped, lasts=HOUR)) == []


def test_retries_waits_and_failures_have_signs_of_their_own():
    flaky = task("flaky", ("up_for_retry", 0, 1200), ("failed", 2400, HOUR), state="failed")
    shown = lane(run(flaky, state="failed"), "flaky")
    assert shown.index("▒") < shown.index("·") < shown.index("█") < shown.index("✗")
    legend = lines(run(flaky, state="failed"))[-1]
    assert "▒ a try that failed" in legend
    assert "✗ failed" in legend


def test_a_task_that_waits_for_a_slot_waits_visibly():
    late = task("late", ("success", HOUR, 2 * HOUR))
    shown = lane(run(late, events=[(at(0), "late", "scheduled"), (at(HOUR), "late", "running")]), "late")
    assert shown.index("·") < shown.index("█")
    assert shown.count("·") > 10


def test_a_deferral_is_a_wait_between_two_marks():
    deferred = task("d", ("deferred", 0, 0), ("success", HOUR, HOUR), start_date=at(0))
    cells = lane(run(deferred), "d").split()[1]
    assert cells[0] == cells[-1] == "▏"
    assert set(cells[1:-1]) == {"·"}


def test_many_tasks_leave_the_longest():
    tasks = [task(f"t{n:03}", ("success", n, n + (500 if n == 77 else 1))) for n in range(100)]
    shown = lines(run(*tasks))
    assert sum(line.startswith("t") for line in shown) == MOST_LANES
    assert any(line.startswith("t077") for line in shown)
    assert f"and {100 - MOST_LANES} more, none longer than these" in shown


@pytest.mark.parametrize("width", [20, 24, 30, 40, 60, 100, 200])
def test_no_line_is_wider_than_the_terminal(width):
    long_name = task("a_task_with_a_very_long_name_indeed_" * 2, ("success", 0, HOUR))
    assert max(map(len, lines(run(long_name, task("b", ("success", HOUR, 5000))), width))) <= width


def test_a_narrow_terminal_shortens_names_before_it_gives_up_the_chart():
    wanted = run(task("a_task_with_a_long_name", ("success", 0, HOUR)))
    assert "a_tas…" in lane(wanted, "a_t", 20)
    assert "█" in lane(wanted, "a_t", 20)
    assert lines(wanted, 12) == ["12 columns are too narrow for a chart"]


def test_ascii_terminals_get_ascii():
    text = "\n".join(lines(two_hours(), signs=ASCII))
    assert text.isascii()
    assert "#" in lane(two_hours(), "load", signs=ASCII)


def test_a_task_that_still_runs_lasts_until_the_last_thing_known():
    stuck = task("endless", state="running", start_date=at(0), end_date=None, try_number=1)
    done = task("done", ("success", 0, HOUR))
    unfinished = run(stuck, done, state="running", end_date=None)
    assert lane(unfinished, "endless").count("█") == lane(unfinished, "done").count("█")
