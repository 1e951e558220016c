from datetime import timedelta


def test_it_is_found_at_the_first_look_after_its_end(simulate):
    result = simulate("2025-01-03T00:00Z", "23h", ["long_job", "after_long_job"])
    assert result.ok
    (run,) = result.runs_of("after_long_job")
    assert run.task("done").end_date - run.start_date == timedelta(hours=4, minutes=20)
    assert run.task("process").xcom() == "processed"
    holds = sum((one.end_date - one.start_date for one in run.task("done").attempts), timedelta())
    assert holds < timedelta(minutes=1)  # of a slot, in four hours


def test_it_gives_up_after_a_day(run_dag, world):
    world.stub("long_job.crunch", takes="2d")
    result = run_dag("after_long_job", "2025-01-03")
    assert result.task("done").state == "failed"
    assert timedelta(days=1) <= result.end_date - result.start_date <= timedelta(days=1, minutes=10)
