from datetime import timedelta


def test_each_report_waits_for_its_answer(replay, world):
    world.answer("release.approve@2025-01-02", "Approve", after="2h", by="anna")
    world.answer("release.approve@2025-01-03", "Reject", after="10m", by="anna")
    result = replay("release", since="2025-01-02", until="2025-01-03")
    assert result.ok
    approved, rejected = result.runs
    assert approved.task("publish").xcom() == "published"
    assert approved.end_date - approved.start_date == timedelta(hours=2)
    assert rejected.task("publish").state == "skipped"
    assert rejected.end_date - rejected.start_date == timedelta(minutes=10)


def test_where_nobody_answers_it_fails_in_time(run_dag):
    result = run_dag("release", "2025-01-02")
    assert [result.task(name).state for name in ("approve", "publish")] == ["failed", "upstream_failed"]
    assert result.end_date - result.start_date == timedelta(hours=8)
