"""What no look at a file can tell, and a rehearsal does: each of these fails, and passes once the Dag is mended."""

from itertools import pairwise


def test_cleanup_hides_failure(run_dag, world):
    world.stub("load", raises="the warehouse is closed")
    assert run_dag("cleanup_hides_failure", "2025-01-02").state == "failed"


def test_short_circuit_skips_cleanup(explore):
    assert explore("short_circuit_skips_cleanup").runs_always("drop_scratch")


def test_day_without_files(run_dag):
    assert run_dag("day_without_files", "2025-01-01").task("report").state == "success"


def test_expand_over_dict(run_dag):
    loaded = [ti.xcom() for ti in run_dag("expand_over_dict", "2025-01-02").tasks("load")]
    assert loaded == ["loaded orders", "loaded returns"]


def test_yesterday_in_berlin(run_dag):
    result = run_dag("yesterday_in_berlin", "2025-01-02T00:30+01:00")
    assert result.task("export").xcom() == "orders-2025-01-02.csv"


def test_overlapping_runs(simulate, world):
    world.set_duration("fill_staging", "2h")
    runs = [run for run in simulate("2025-01-02T00:00Z", "4h", ["overlapping_runs"]).runs if run.end_date]
    overlaps = [f"{one.run_id} and {other.run_id}" for one, other in pairwise(runs) if other.start_date < one.end_date]
    assert overlaps == []


def test_one_dict_for_all(run_dag):
    result = run_dag("one_dict_for_all", "2025-01-02")
    assert result.task("load_orders").xcom() == "loaded orders"


def test_insert_tried_twice(replay):
    result = replay("insert_tried_twice", since="2025-01-01", until="2d", idempotent=True)
    assert [error.message for error in result.errors] == []


def test_big_xcom(run_dag):
    result = run_dag("big_xcom", "2025-01-02")
    assert [finding.message for finding in result.findings] == []


def test_token_in_the_log(run_dag):
    assert "tk-5f2b9c" not in run_dag("token_in_the_log", "2025-01-02").task("login").log


def test_swallowed_error(run_dag):
    result = run_dag("swallowed_error", "2025-01-02")
    assert [error.message for error in result.errors] == []


def test_pipe_that_cannot_fail(run_dag):
    assert run_dag("pipe_that_cannot_fail", "2025-01-02").state == "failed"


def test_pandas_in_place(run_dag):
    result = run_dag("pandas_in_place", "2025-01-02")
    assert [error.message for error in result.errors] == []


def test_trained_on_garbage(run_dag):
    assert run_dag("trained_on_garbage", "2025-01-02").task("publish").state != "success"


def test_cache_that_never_expires(simulate, world):
    result = simulate("2025-01-02", "3d", ["cache_that_never_expires"])
    assert len(world.http("shop_api").requests) == len(result.runs)


def test_mail_server_down(run_dag, world):
    world.stub("load", raises="the warehouse is closed")
    world.fault("down", connection="smtp_default", at="+0s", lasts="1d")
    result = run_dag("mail_server_down", "2025-01-02")
    assert [error.message for error in result.errors] == []
