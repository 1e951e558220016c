from datetime import timedelta


def test_what_is_approved_is_published(run_dag, world):
    world.answer("release.approve", "Approve", after="2h", by="anna")
    result = run_dag("release", "2025-01-02")
    assert result.ok
    assert result.task("publish").xcom() == "published"
    assert result.end_date - result.start_date == timedelta(hours=2)


def test_what_is_rejected_is_not(run_dag, world):
    world.answer("release.approve", "Reject", after="10m", by="anna")
    result = run_dag("release", "2025-01-02")
    assert result.state == "success"
    assert result.task("publish").state == "skipped"


def test_where_nobody_answers_it_fails_in_time(run_dag):
    result = run_dag("release", "2025-01-02")
    assert result.task("approve").state == "failed"
    assert result.end_date - result.start_date == timedelta(hours=8)
