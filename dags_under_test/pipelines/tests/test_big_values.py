def test_a_large_xcom_is_found(run_dag):
    result = run_dag("big_values", "2025-01-02")
    assert [(one.check, one.task_id) for one in result.findings] == [("xcom-size", "extract")]
    assert "KiB of JSON" in result.findings[0].message
    assert result.task("count").xcom() == 200_000


def test_a_file_is_handed_on_instead(run_dag):
    result = run_dag("big_files", "2025-01-02")
    assert result.findings == ()
    assert result.task("count").xcom() == 200_000
    assert len(result.task("extract").xcom()) < 100
