"""What surrounds a Dag folder is found in its files, without Airflow."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.project.declarations import airflow_cfg, dot_env
from harness.project.repository import Repository, by_settings, repository_of, root_of


@pytest.fixture(autouse=True)
def no_airflow_of_ours(monkeypatch):
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        monkeypatch.delenv(name)


def grow(root: Path, **files: str) -> Path:
    """Files below a folder; in their names ``__`` stands for a slash and ``_dot_`` for a dot."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_folder_alone_has_no_project(tmp_path):
    found = repository_of(grow(tmp_path, a_dot_py="") / "a.py")
    assert found.project is None
    assert found.search_path(str(tmp_path)) == [str(tmp_path)]


def test_a_folder_called_dags_has_the_folder_above(tmp_path):
    grow(tmp_path, dags__a_dot_py="")
    found = repository_of(tmp_path / "dags")
    assert found.project == tmp_path
    assert found.search_path(str(tmp_path / "dags")) == [str(tmp_path / "dags"), str(tmp_path)]


def test_an_astro_project(tmp_path):
    settings = """
airflow:
  connections:
    - conn_id: warehouse
      conn_type: postgres
    - conn_id:
  pools:
    - pool_name: etl
      pool_slot: 3
      pool_description:
  variables:
    - variable_name: region
      variable_value: north
"""
    grow(
        tmp_path,
        dags__a_dot_py="",
        include__helper_dot_py="",
        plugins__own_dot_py="",
        airflow_settings_dot_yaml=settings,
        requirements_dot_txt="",
        Dockerfile="",
    )
    found = repository_of(tmp_path / "dags")
    assert found.astro
    assert found.search_path(str(tmp_path / "dags")) == [
        str(tmp_path / name) for name in ("", "plugins", "dags", "include")
    ]
    assert found.plugins == tmp_path / "plugins"
    assert found.environment["AIRFLOW__CORE__PLUGINS_FOLDER"] == str(tmp_path / "plugins")
    assert found.connections == {"warehouse"}
    assert found.pools == {"etl": 3}
    assert found.variables == {"region": "north"}
    assert found.requirements == tmp_path / "requirements.txt"


def test_dot_env(tmp_path):
    file = tmp_path / ".env"
    file.write_text(
        "# ours\n"
        "DB_HOST=db.example\n"
        'export GREETING="a b # c"\n'
        "QUOTED='x y'\n"
        "COMMENTED=one # two\n"
        "EMPTY=\n"
        "no assignment\n"
        "PYTHONPATH=/elsewhere\n"
        "AIRFLOW_HOME=/usr/local/airflow\n"
        "PATH=/bin\n"
        "AIRFLOW_CONN_WAREHOUSE=postgres://db/x\n"
        "AIRFLOW_VAR_REGION=north\n"
        "AIRFLOW__CORE__DEFAULT_TIMEZONE=Europe/Berlin\n"
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=postgres://db/airflow\n"
        "AIRFLOW__SECRETS__BACKEND=airflow.providers.hashicorp.secrets.vault.VaultBackend\n"
    )
    assert dot_env(file)["GREETING"] == "a b # c"
    found = repository_of(grow(tmp_path, dags__a_dot_py="") / "dags")
    assert {
        "DB_HOST": "db.example",
        "QUOTED": "x y",
        "COMMENTED": "one",
        "EMPTY": "",
    }.items() <= found.environment.items()
    assert found.environment["AIRFLOW__CORE__DEFAULT_TIMEZONE"] == "Europe/Berlin"
    assert found.environment["AIRFLOW_CONN_WAREHOUSE"] == "postgres://db/x"
    assert not {"PATH", "PYTHONPATH", "AIRFLOW_HOME"} & set(found.environment)
    assert not [name for name in found.environment if "DATABASE" in name or "SECRETS" in name]
    assert {"warehouse", "WAREHOUSE"} <= found.connections
    assert found.variables["region"] == "north"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('X="from env" # comment', "from env"),
        ("X='single' # comment", "single"),
        ("X=bare # comment", "bare"),
        ("X=bare#none", "bare#none"),
        ("export X=exported", "exported"),
        ("X=x${BEFORE}y", "xfirsty"),
        ("X='${BEFORE}'", "first"),
        ("X=${NOWHERE}.", "."),
        ("X=${NOWHERE:-else}", "else"),
        ("X=$BEFORE", "$BEFORE"),
        ("X=${OF_THE_SHELL}", "shell"),
        ("X=${AIRFLOW_CONN_OF_THE_SHELL}.", "."),
        ('X="multi\nline"\nAFTER=1', "multi\nline"),
        (r'X="esc\n\"q\" \\n"', 'esc\n"q" \\n'),
        (r"X='it\'s \n'", "it's \\n"),
        ("X =spaced ", "spaced"),
        ("X=", ""),
        ("X=one\r\nAFTER=1\r\n", "one"),
    ],
)
def test_values_of_dot_env_are_read_as_compose_reads_them(tmp_path, monkeypatch, line, value):
    from dotenv import dotenv_values

    monkeypatch.setenv("OF_THE_SHELL", "shell")
    monkeypatch.setenv("AIRFLOW_CONN_OF_THE_SHELL", "postgres://production")
    file = tmp_path / ".env"
    file.write_bytes(f"\ufeffBEFORE=first\nbroken 'line\n{line}\n".encode())
    found = dot_env(file)
    assert found == {"BEFORE": "first", "X": value, **({"AFTER": "1"} if "AFTER" in line else {})}
    if "AIRFLOW_CONN" not in line:
        assert found.items() == dotenv_values(file).items()


def test_python_path_of_dot_env_may_have_quotes_a_comment_and_names(tmp_path):
    dot_env_text = 'BASE=./lib\nPYTHONPATH="${BASE}:${PYTHONPATH}:./none" # ours\n'
    grow(tmp_path, _dot_env=dot_env_text, dags__a_dot_py="", lib__b_dot_py="")
    assert repository_of(tmp_path / "dags").search == (str(tmp_path / "lib"),)


def test_the_shell_goes_before_dot_env(tmp_path, monkeypatch):
    grow(tmp_path, _dot_env="DB_HOST=file\nAIRFLOW__CORE__DEFAULT_TIMEZONE=UTC\n", dags__a_dot_py="")
    monkeypatch.setenv("DB_HOST", "shell")
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_TIMEZONE", "Asia/Tokyo")
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", "somewhere.Else")
    made = repository_of(tmp_path / "dags").process_environment(os.environ)
    assert made["DB_HOST"] == "shell"
    assert made["AIRFLOW__CORE__DEFAULT_TIMEZONE"] == "Asia/Tokyo"
    assert "AIRFLOW__SECRETS__BACKEND" not in made


def test_the_shells_connections_and_variables_are_its_own(tmp_path, monkeypatch):
    grow(tmp_path, _dot_env="AIRFLOW_CONN_A=http://file\nAIRFLOW_VAR_D=file\n", dags__a_dot_py="")
    for name in ("AIRFLOW_CONN_A", "AIRFLOW_CONN_B", "AIRFLOW_VAR_C", "AIRFLOW_VAR_D"):
        monkeypatch.setenv(name, "http://shell")
    found = repository_of(tmp_path / "dags")
    made = found.process_environment(os.environ)
    assert {name: made.get(f"AIRFLOW_{name}") for name in ("CONN_A", "VAR_D")} == {
        "CONN_A": "http://file",
        "VAR_D": "file",
    }
    assert not {"AIRFLOW_CONN_B", "AIRFLOW_VAR_C"} & set(made)
    assert "b" not in found.connections
    assert "c" not in found.variables


def test_python_path_of_dot_env(tmp_path):
    grow(
        tmp_path,
        _dot_env='PYTHONPATH="/opt/airflow/shared:./lib:/nowhere:$PYTHONPATH:/usr/local/airflow"\n',
        dags__a_dot_py="",
        lib__b_dot_py="",
        shared__c_dot_py="",
    )
    found = repository_of(tmp_path / "dags")
    there = [str(tmp_path / name) for name in ("shared", "lib", "")]
    assert list(found.search) == found.search_path(str(tmp_path / "dags"))[:3] == there
    assert found.path_of_airflow == there


def test_how_much_runs_at_once_is_the_projects_setting_where_the_world_makes_none(tmp_path):
    from harness.simulation.worlds import with_declared
    from harness.world import World

    cfg = "[core]\nparallelism = 2\ndefault_pool_task_slot_count = 3  # ours\n[scheduler]\ntask_queued_timeout = 1.5\n"
    grow(tmp_path, dags__a_dot_py="", airflow_dot_cfg=cfg)
    found = repository_of(tmp_path / "dags")
    world = with_declared(None, found)
    assert (world.executor.parallelism, world.executor.task_queued_timeout) == (2, 1_500_000)
    assert world.pools["default_pool"].slots == 3
    own = World()
    own.set_executor(parallelism=32)
    own.set_pool("default_pool", 128)
    assert with_declared(own, found).executor.parallelism == 32
    assert with_declared(own, found).pools["default_pool"].slots == 128
    grow(tmp_path, airflow_dot_cfg="[core]\nparallelism = many\n")
    with pytest.raises(UsageError, match="parallelism of the project is 'many'"):
        repository_of(tmp_path / "dags")


def test_projects_with_other_settings_are_kept_apart(tmp_path):
    for name in ("one", "two", "three"):
        grow(tmp_path / name, dags__a_dot_py="", requirements_dot_txt="")
    roots = [tmp_path / name / "dags" for name in ("one", "two", "three")]
    assert [folders for _, folders in by_settings(roots)] == [roots]
    grow(tmp_path / "two", _dot_env="X=1\n")
    assert [folders for _, folders in by_settings(roots)] == [[roots[0], roots[2]], [roots[1]]]


def test_airflow_cfg(tmp_path):
    grow(
        tmp_path,
        airflow_dot_cfg="[core]\ndag_ignore_file_syntax = regexp\nexecutor = CeleryExecutor\ndefault_timezone = utc\n"
        "fernet_key_cmd = cat /key\n[logging]\nremote_logging = True\n[company]\nurl = http://x/%%s\n"
        "[dag_processor]\nhome = {AIRFLOW_HOME}/dags\n",
        dags__a_dot_py="",
    )
    found = repository_of(tmp_path / "dags")
    assert found.regexp
    assert found.environment["AIRFLOW__COMPANY__URL"] == "http://x/%s"
    assert found.environment["AIRFLOW__CORE__DEFAULT_TIMEZONE"] == "utc"
    assert not {name for name in found.environment if any(w in name for w in ("LOGGING", "EXECUTOR", "FERNET", "HOME"))}


def test_local_bundles(tmp_path):
    bundles = [
        {"name": "a", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {"path": "team_a"}},
        {"name": "b", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {"path": "gone"}},
        {"name": "c", "classpath": "airflow.providers.git.bundles.git.GitDagBundle", "kwargs": {"subdir": "dags"}},
        {"name": "d", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {}},
    ]
    text = f"[dag_processor]\ndag_bundle_config_list = {json.dumps(bundles)}\n"
    grow(tmp_path, airflow_dot_cfg=text, team_a__sub__a_dot_py="", team_b__b_dot_py="")
    found = repository_of(tmp_path)
    assert found.dags == (tmp_path / "team_a",)
    assert root_of(tmp_path / "team_a" / "sub" / "a.py", found) == tmp_path / "team_a"
    assert root_of(tmp_path / "team_b" / "b.py", found) == tmp_path / "team_b"


@pytest.mark.parametrize("where", ["config", "plugins", "."])
def test_local_settings_are_found(tmp_path, where):
    grow(tmp_path, dags__a_dot_py="", plugins__p_dot_py="")
    (tmp_path / where).mkdir(exist_ok=True)
    (tmp_path / where / "airflow_local_settings.py").write_text("")
    assert str((tmp_path / where).resolve()) in repository_of(tmp_path / "dags").path_of_airflow


def test_a_project_is_not_looked_for_above_a_home_or_far_away(tmp_path, monkeypatch):
    grow(tmp_path, requirements_dot_txt="", a__b__c__d__e_dot_py="")
    assert repository_of(tmp_path / "a" / "b" / "c").project == tmp_path
    assert repository_of(tmp_path / "a" / "b" / "c" / "d").project is None
    monkeypatch.setenv("HOME", str(tmp_path))
    assert repository_of(tmp_path / "a").project is None


def test_a_package_below_a_git_root(tmp_path):
    grow(tmp_path, _dot_git__HEAD="", pkg__dags__a_dot_py="", pkg__plugins__p_dot_py="", pkg__helpers_dot_py="")
    found = repository_of(tmp_path / "pkg" / "dags")
    assert (found.project, found.top) == (tmp_path / "pkg", tmp_path)
    assert found.search_path(str(tmp_path / "pkg/dags")) == [
        str(tmp_path / name) for name in ("pkg/plugins", "pkg/dags", "pkg", "")
    ]


def test_settings_above_the_project_count_up_to_the_top_of_its_repository(tmp_path):
    grow(tmp_path, _dot_env="OUTSIDE=1\n", repo___dot_git__HEAD="", repo___dot_env="A=far\nB=far\n")
    grow(tmp_path / "repo", pkg__dags__a_dot_py="", pkg___dot_env="A=near\n")
    found = repository_of(tmp_path / "repo" / "pkg" / "dags").environment
    assert (found["A"], found["B"]) == ("near", "far")
    assert "OUTSIDE" not in found


def test_a_home_is_a_project_where_it_is_airflows(tmp_path, monkeypatch):
    grow(
        tmp_path, requirements_dot_txt="", dags__a_dot_py="", airflow_dot_cfg="[core]\ndefault_timezone = Asia/Tokyo\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    found = repository_of(tmp_path / "dags")
    assert found.project == tmp_path
    assert found.environment["AIRFLOW__CORE__DEFAULT_TIMEZONE"] == "Asia/Tokyo"


def test_a_file_alone_belongs_to_the_folder_called_dags(tmp_path):
    file = grow(tmp_path, requirements_dot_txt="", pkg__dags__team__a_dot_py="") / "pkg/dags/team/a.py"
    assert root_of(file, repository_of(file)) == tmp_path / "pkg" / "dags"


def test_what_stands_in_airflows_home(tmp_path):
    grow(tmp_path, dags__a_dot_py="", include__x_dot_sql="", airflow_dot_cfg="", _dot_env="", logs__l="")
    entries = repository_of(tmp_path / "dags").home_entries
    assert entries == {"dags": str(tmp_path / "dags"), "include": str(tmp_path / "include")}


@pytest.mark.parametrize(
    ("name", "content"),
    [(".env", b"\xff"), ("airflow.cfg", b"no section"), ("airflow_settings.yaml", b"a: [")],
)
def test_a_file_that_is_not_what_it_should_be_is_named(tmp_path, name, content):
    grow(tmp_path, dags__a_dot_py="")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=name.replace(".", r"\.")):
        repository_of(tmp_path / "dags")


def test_files_that_are_not_there_say_nothing(tmp_path):
    assert dot_env(tmp_path / ".env") == {}
    assert airflow_cfg(tmp_path / "airflow.cfg") == {}
    assert Repository().path_of_airflow == []
