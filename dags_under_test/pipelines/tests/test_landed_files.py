import pytest


@pytest.fixture
def landing(world):
    for name, text in {"a": "id,n\n1,2\n2,3\n", "b": "id,n\n1,5\n", "c": "id,n\n1,many\n"}.items():
        world.s3.put("landing", f"2025-01-02/{name}.csv", text)
    return world.s3


def test_one_that_is_broken_does_not_stop_the_others(run_dag, landing):
    result = run_dag("landed_files", "2025-01-02")
    assert [ti.state for ti in result.tasks("rows")] == ["success", "success", "failed"]
    assert result.task("rows", 2).error.message == "invalid literal for int() with base 10: 'many'"
    assert result.task("total").xcom() == 10
    assert result.task("set_aside").xcom() == "somebody has to look"


def test_a_day_without_files(run_dag, landing):
    result = run_dag("landed_files", "2025-01-03")
    assert result.ok
    assert [result.task(name).state for name in ("rows", "total", "set_aside")] == ["skipped", "success", "skipped"]


def test_more_files_than_slots_of_the_pool(run_dag, world):
    for number in range(10):
        world.s3.put("landing", f"2025-01-02/{number}.csv", "id,n\n1,1\n")
    world.set_duration("landed_files.rows", "1m")
    result = run_dag("landed_files", "2025-01-02")
    assert result.task("total").xcom() == 10
    assert (result.end_date - result.start_date).total_seconds() == 3 * 60  # four at a time
