from pathlib import Path

import yaml

SOURCES = yaml.safe_load((Path(__file__).parent.parent / "config" / "sources.yaml").read_text())


def test_each_source_has_a_dag_bound_to_it(simulate):
    result = simulate("2025-01-02", "1d", [f"ingest_{source['name']}" for source in SOURCES])
    assert result.ok
    assert {run.dag_id: run.task("load").xcom() for run in result.runs} == {
        f"ingest_{source['name']}": f"{source['table']} for {source['keep_days']} days" for source in SOURCES
    }
    assert len(SOURCES) == 30
