"""A world includes what Airflow exports, in each of its forms, Astro's settings, a ``.env``; faults have their line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import WorldError
from harness.world import Connection, Pool, World, load


@pytest.fixture
def world_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write files and a world that includes them; load it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fixtures").mkdir()

    def run(files: dict[str, str], world: str | None = None) -> World:
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        listed = f"include: [{', '.join(files)}]\n" if world is None else world
        (tmp_path / "fixtures/world.yaml").write_text(listed)
        return load(tmp_path / "fixtures/world.yaml")

    return run


def exported(name: str):
    """What the installed Airflow's own code writes of some connections."""
    from airflow.cli.commands.connection_command import _format_connections
    from airflow.models.connection import Connection as Model

    models = [
        Model(
            "warehouse", "postgres", "the warehouse", "db", "me", "p@ss/word", "sales", 5432, '{"sslmode": "require"}'
        ),
        Model("api", "http", host="https://api.example.com"),
    ]
    suffix = "." + name.rpartition(".")[2]
    return _format_connections(models, suffix, "uri" if name == "connections.env" else "json")


@pytest.mark.parametrize("name", ["connections.json", "connections.yaml", "connections.env", "prod_connections.env"])
def test_each_form_of_exported_connections(world_of, name: str) -> None:
    world = world_of({name: exported(name)})
    warehouse, api = world.connections["warehouse"], world.connections["api"]
    assert (warehouse.conn_type, warehouse.host, warehouse.port, warehouse.schema) == ("postgres", "db", 5432, "sales")
    assert (warehouse.login, warehouse.password) == ("me", "p@ss/word")
    assert json.loads(warehouse.extra or "") == {"sslmode": "require"}
    assert (api.conn_type, api.host) == ("http", "https://api.example.com")
    assert str(world.where("connections", "warehouse")).startswith(f"{name}:")


def test_variables_and_pools(world_of) -> None:
    world = world_of(
        {
            "variables.json": '{\n\t"region": "eu",\n\t"limits": {"max": 3},\n'
            '\t"told": {"value": [1], "description": "d"}}',
            "pools.json": '{"etl": {"description": "", "include_deferred": true, "slots": 7, "team_name": "a"}}',
            "more_variables.env": 'plain=a "b" # c\n# none\nregion=north\n',
        }
    )
    assert world.variables["plain"] == 'a "b" # c'
    assert (world.variables["region"], json.loads(world.variables["limits"])) == ("north", {"max": 3})
    assert json.loads(world.variables["told"]) == [1]
    assert world.where("variables", "limits") == "variables.json:3"
    assert world.pools["etl"] == Pool(7, True)


def test_the_settings_of_astro(world_of) -> None:
    settings = """\
airflow:
  connections:
    - conn_id:
      conn_type:
    - conn_id: warehouse
      conn_type: postgresql
      conn_host: db
      conn_schema: sales
      conn_login: me
      conn_password: 1234
      conn_port: 5432
      conn_extra: {sslmode: require}
    - {conn_id: by_uri, conn_uri: "http://u:p@host:80"}
  pools:
    - {pool_name: etl, pool_slot: 7, pool_description: }
  variables:
    - {variable_name: day, variable_value: 2025-01-01}
"""
    world = world_of({"airflow_settings.yaml": settings})
    extra = '{"sslmode": "require"}'
    assert world.connections["warehouse"] == Connection("postgres", "db", "me", "1234", "sales", 5432, extra)
    assert world.connections["by_uri"].host == "host"
    assert (world.pools["etl"].slots, world.variables) == (7, {"day": "2025-01-01"})
    assert world.where("connections", "warehouse") == "airflow_settings.yaml:5"


def test_a_dot_env(world_of) -> None:
    text = "HOST=db\n# c\nAIRFLOW_CONN_WAREHOUSE='postgres://me:pw@${HOST}/sales'\nexport AIRFLOW_VAR_REGION=eu # c\n"
    world = world_of({".env": text})
    assert (world.connections["warehouse"].host, world.variables) == ("db", {"region": "eu"})
    assert world.where("connections", "warehouse") == ".env:3"


def test_the_world_s_own_go_before_and_a_key_says_what_a_file_holds(world_of, tmp_path: Path) -> None:
    (tmp_path / "fixtures/prod.json").write_text('{"region": "near"}')
    files = {"prod.json": '{"region": "far"}', "pools.json": '{"etl": {"slots": 1, "description": ""}}'}
    world = world_of(files, "pools: {etl: 3}\ninclude: [{variables: prod.json}, pools.json]\n")
    assert (world.variables, world.pools["etl"].slots) == ({"region": "near"}, 3)
    assert world.where("pools", "etl") == "fixtures/world.yaml:1"


@pytest.mark.parametrize(
    ("files", "world", "told"),
    [
        (
            {"connections.json": '{\n"a": {"conn_type": "http", "port": "x"}}'},
            None,
            ["connections.json:2", "port"],
        ),
        ({"connections.json": '{\n"a": {"conn_tpye": "s3cr3t"}}'}, None, ["connections.json:2", "'conn_tpye'"]),
        ({"connections.json": '{\n"a": "s3cr3t"}'}, None, ["connections.json:2", "URI"]),
        ({"connections.json": '{\n"a": 1}'}, None, ["connections.json:2", "connection 'a': must be a URI"]),
        ({"connections.json": '{"a":\n s3cr3t}'}, None, ["connections.json:2", "is not valid JSON"]),
        ({"connections.yaml": "a: [\n"}, None, ["connections.yaml:2", "is not valid YAML"]),
        ({"connections.json": "[]"}, None, ["connections.json:1", "mapping of connections by name"]),
        ({"connections.env": "a=http://x\ns3cr3t\n"}, None, ["connections.env:2", "must be name=value"]),
        ({"connections.env": "a=http://x\na=http://y\n"}, None, ["connections.env:2", "given twice, first on line 1"]),
        ({"pools.json": '{\n"a": {"slots": "many"}}'}, None, ["pools.json:2", "slots must be a whole number"]),
        ({"pools.json": '{\n"a": 3}'}, None, ["pools.json:2", "with the key slots"]),
        ({".env": "A=1\n'AIRFLOW_CONN_X s3cr3t\n"}, None, [".env:2", "must be NAME=value"]),
        ({"airflow_settings.yaml": "pools: []\n"}, None, ["airflow_settings.yaml:1", "the key airflow"]),
        ({"airflow_settings.yaml": "airflow: {pools: [a]}\n"}, None, ["airflow_settings.yaml:1", "list of mappings"]),
        (
            {"connections.json": "{}"},
            "include: [conections.json]",
            ["fixtures/world.yaml:1", "no file conections"],
        ),
        ({"prod.json": "{}"}, "\ninclude: [prod.json]", ["fixtures/world.yaml:2", "{variables: prod.json}"]),
        ({"prod.json": "{}"}, "include: [{stubs: prod.json}]", ["unknown key 'stubs'", "connections"]),
        ({}, "include: [1]", ["fixtures/world.yaml:1", "a list of files, not of a whole number"]),
    ],
)
def test_a_fault_has_its_line_and_no_value(world_of, files: dict[str, str], world: str | None, told: list[str]) -> None:
    with pytest.raises(WorldError) as caught:
        world_of(files, world)
    for part in told:
        assert part in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_faults_of_several_files_are_told_at_once(world_of) -> None:
    with pytest.raises(WorldError, match="2 problems") as caught:
        world_of({"connections.json": '{"a": 1}'}, "pools: {b: many}\ninclude: ../connections.json\n")
    assert "fixtures/world.yaml:1" in str(caught.value)
    assert "connections.json:1" in str(caught.value)
