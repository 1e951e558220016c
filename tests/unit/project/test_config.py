import pytest

from harness.errors import UsageError
from harness.project.config import read_config


@pytest.fixture
def write(tmp_path):
    def file(table):
        for folder in ("dags", "more dags", "fixtures", "below/deep"):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / "fixtures/world.yaml").write_text("")
        (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "x"\n\n{table}')
        return tmp_path

    return file


def test_the_nearest_pyproject_decides_and_its_paths_are_relative_to_it(write):
    root = write('[tool.airflow-harness]\ndags = ["more dags"]\nworld = "fixtures/world.yaml"\n')
    config = read_config(root / "below/deep")
    assert config.dags == [root / "more dags"]
    assert config.world == root / "fixtures/world.yaml"
    assert (config.root, config.file) == (root, root / "pyproject.toml")


def test_without_a_table_the_customary_places_count(write, tmp_path_factory):
    root = write("")
    config = read_config(root)
    assert (config.dags, config.world) == ([root / "dags"], root / "fixtures/world.yaml")
    assert read_config(root / "below/deep").dags == [root / "dags"]
    (root / "below/dags").mkdir()
    assert read_config(root / "below").dags == [root / "below/dags"]
    empty = tmp_path_factory.mktemp("empty")
    assert (read_config(empty).dags, read_config(empty).world) == ([], None)


@pytest.mark.parametrize(
    ("table", "fact", "line"),
    [
        ('[tool.airflow-harness]\ndagz = ["dags"]\n', "unknown key 'dagz'", 5),
        (
            "[tool.airflow-harness]\n# a note\ndags = 3\n",
            "'dags' of [tool.airflow-harness] is a list of paths, not int 3",
            6,
        ),
        ("[tool.airflow-harness]\ndags = [1]\n", "not list [1]", 5),
        ("[tool.airflow-harness]\ndags = []\n", "not an empty list", 5),
        ("[tool.airflow-harness]\nworld = ['a']\n", "'world' of [tool.airflow-harness] is a path", 5),
        ('[tool.airflow-harness]\ndags = ["nowhere"]\n', "names 'nowhere', which does not exist", 5),
        ("[tool]\nairflow-harness.dags = 3\n", "is a list of paths, not int 3", 5),
        ("[tool]\nairflow-harness = 3\n", "[tool.airflow-harness] is a table, not int 3", 5),
        ("[tool.airflow-harness\n", "is not valid TOML", 4),
    ],
)
def test_what_is_wrong_is_named_with_its_line(write, table, fact, line):
    root = write(table)
    with pytest.raises(UsageError) as caught:
        read_config(root)
    assert fact in caught.value.fact
    assert caught.value.where == f"{root}/pyproject.toml:{line}"


def test_an_unknown_key_names_the_nearest(write):
    with pytest.raises(UsageError, match="did you mean 'dags'"):
        read_config(write('[tool.airflow-harness]\ndagz = ["dags"]\n'))


def test_a_file_that_is_not_utf8_is_said_to_be(write):
    root = write("")
    (root / "pyproject.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        read_config(root)


def test_what_is_checked_stands_in_tables_below(write):
    config = read_config(
        write(
            "[tool.airflow-harness]\npytest-checks = false\nnetwork = ['api.example.com', 'db:5432']\n"
            '[tool.airflow-harness.checks]\ncycle = "warning"\npolicy = "off"\n'
            "[tool.airflow-harness.limits]\nparse-time-s = 1.5\n"
            '[tool.airflow-harness.options]\ndag-id-pattern = "[a-z]+"\n'
            '[tool.airflow-harness.per-path-ignores]\n"dags/legacy/**" = ["cycle"]\n'
        )
    )
    assert config.checks == {"cycle": "warning", "policy": "off"}
    assert config.limits == {"parse-time-s": 1.5}
    assert config.options == {"dag-id-pattern": "[a-z]+"}
    assert config.per_path_ignores == {"dags/legacy/**": ["cycle"]}
    assert config.pytest_checks is False
    assert config.network == ("api.example.com", "db:5432")
    assert config.where("checks", "policy") == f"{config.file}:9"
    assert config.where("per-path-ignores", "dags/legacy/**") == f"{config.file}:15"


@pytest.mark.parametrize(
    ("table", "fact", "line"),
    [
        (
            '[tool.airflow-harness.checks]\na = "error"\ncycle = "fatal"\n',
            "is error or warning or off, not str 'fatal'",
            6,
        ),
        ("[tool.airflow-harness]\nchecks.cycle = 1\n", "'cycle' of [tool.airflow-harness.checks] is error", 5),
        ("[tool.airflow-harness]\nchecks = { cycle = 1 }\n", "'cycle' of [tool.airflow-harness.checks] is error", 5),
        ('[tool.airflow-harness]\nchecks = ["cycle"]\n', "'checks' of [tool.airflow-harness] is a table, not list", 5),
        ("[tool.airflow-harness.limits]\nparse-time-s = true\n", "is a positive number, not bool True", 5),
        ("[tool.airflow-harness.limits]\nparse-time-s = 0\n", "is a positive number, not int 0", 5),
        ('[tool.airflow-harness.per-path-ignores]\n"a.b/*" = "cycle"\n', "'a.b/*' of", 5),
        ("[tool.airflow-harness.options]\ndag-id-pattern = 3\n", "is a text, not int 3", 5),
        ("[tool.airflow-harness]\npytest-checks = 3\n", "is true or false, not int 3", 5),
        ("[tool.airflow-harness]\nnetwork = 'a'\n", "is a list of texts, not str 'a'", 5),
        ("[tool.airflow-harness.check]\na = 3\n", "unknown key 'check' in [tool.airflow-harness]", 4),
    ],
)
def test_what_is_wrong_below_is_named_with_its_line_too(write, table, fact, line):
    with pytest.raises(UsageError) as caught:
        read_config(root := write(table))
    assert fact in caught.value.fact
    assert caught.value.where == f"{root}/pyproject.toml:{line}"


def test_what_diff_goes_by(write):
    table = '[tool.airflow-harness.diff]\nignore = ["w.t.at"]\nkeys = ["w.t=id"]\ntolerance = 1\n'
    found = read_config(write(table)).diff
    assert (found.ignore, found.keys, found.tolerance) == (("w.t.at",), ("w.t=id",), 1.0)
    assert read_config(write("")).diff.ignore == ()


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("tolerance = -1", "'tolerance' of [tool.airflow-harness.diff] is a number from 0 on"),
        ("tolerance = true", "is a number from 0 on"),
        ('ignore = "w.t.at"', "'ignore' of [tool.airflow-harness.diff] is a list of texts"),
        ("ignores = []", "unknown key 'ignores' in [tool.airflow-harness.diff]"),
    ],
)
def test_what_diff_cannot_go_by(write, line, fact):
    root = write(f"[tool.airflow-harness.diff]\n{line}\n")
    with pytest.raises(UsageError) as raised:
        read_config(root)
    assert fact in raised.value.fact
    assert raised.value.where == f"{root / 'pyproject.toml'}:5"
