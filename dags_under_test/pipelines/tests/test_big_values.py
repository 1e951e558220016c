import re


def test_fifty_megabytes_as_an_xcom_are_found(run_dag):
    result = run_dag("big_values", "2025-01-02")
    assert [(one.check, one.task_id) for one in result.findings] == [("xcom-size", "extract")]
    size = re.search(r"([\d,]+) KiB of JSON", result.findings[0].message)
    assert int(size[1].replace(",", "")) * 1024 > 50_000_000
    assert result.task("count").xcom() == 50_000


def test_a_file_is_handed_on_instead(replay, world, tmp_path):
    world.set_variable("lake", str(tmp_path))
    result = replay("big_files", since="2025-01-02", until="2025-01-03")
    assert result.ok
    assert result.findings == ()
    assert [run.task("count").xcom() for run in result.runs] == [50_000] * 2
    assert sorted(file.name for file in tmp_path.glob("*.parquet")) == [
        "letters-2025-01-02.parquet",
        "letters-2025-01-03.parquet",
    ]
    assert len(result.runs[0].task("extract").xcom("letters")) < 300  # the path
