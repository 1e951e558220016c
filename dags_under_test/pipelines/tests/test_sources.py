import subprocess
import sys
from pathlib import Path

import yaml

SOURCES = yaml.safe_load((Path(__file__).parent.parent / "config" / "sources.yaml").read_text())


def test_each_source_has_a_dag_bound_to_it(simulate):
    result = simulate("2025-01-02", "1d23h59m", [f"ingest_{source['name']}" for source in SOURCES])
    assert result.ok
    loads = {f"ingest_{source['name']}": f"{source['table']} for {source['keep_days']} days" for source in SOURCES}
    assert len(loads) == 30
    assert {run.dag_id: run.task("load").xcom() for run in result.runs} == loads
    assert {len(result.runs_of(dag_id)) for dag_id in loads} == {2}  # a run a day


def test_a_factory_that_binds_its_sources_late_is_found_before_a_deploy():
    check = [Path(sys.executable).with_name("airflow-harness"), "check", "--no-cache", "bad/sources_bound_late.py"]
    checked = subprocess.run(check, capture_output=True, text=True)
    assert checked.returncode == 1
    said = "late-binding: load() of 30 tasks reads 'source' of the loop that made it"
    assert checked.stdout.startswith(said)
