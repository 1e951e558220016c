"""The world file: every section, and errors that name file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import WorldError
from harness.world import Answer, Connection, Executor, Pool, Stub, Worker, World, load

FIXTURES = Path(__file__).parents[3] / "fixtures" / "worlds"


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write a world file in the working directory and give the error of loading it."""
    monkeypatch.chdir(tmp_path)

    def run(text: str | bytes) -> WorldError:
        (tmp_path / "w.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(WorldError) as caught:
            load(tmp_path / "w.yaml")
        return caught.value

    return run


@pytest.fixture
def loaded(tmp_path: Path):
    def run(text: str) -> World:
        path = tmp_path / "w.yaml"
        path.write_text(text)
        return load(path)

    return run


def test_every_section(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES.parent)
    world = load(FIXTURES / "every_section.yaml")
    assert world == World(
        connections={
            "warehouse": Connection(conn_type="postgres", service="postgres"),
            "api": Connection("https", "example.test", "user", "pw", "v1", None),
            "mail": Connection(
                "smtp",
                "mail.example.test",
                "robot",
                "not-a-secret",
                None,
                2525,
                '{"disable_ssl": true}',
                "captured, never sent",
            ),
        },
        variables={"region": "eu", "limits": '{\n  "max": 3\n}'},
        pools={"default_pool": Pool(128), "etl": Pool(4), "reporting": Pool(2, True, "nightly reports")},
        executor=Executor(
            16,
            {"CeleryExecutor": None, "gpu:KubernetesExecutor": 4},
            {
                "general": Worker(("default", "etl"), 8),
                "nightly": Worker(("night",), 16, "CeleryExecutor"),
                "plain": Worker(),
            },
            1_200_000_000,
            1,
        ),
        durations={"weather_etl.extract": 90_000_000, "*.load": 300_000_000},
        stubs={
            "weather_etl.notify": Stub(returns={"ok": True}),
            "weather_etl.page": Stub(raises="pager is down"),
            "weather_etl.archive": Stub(state="skipped"),
        },
        answers={
            "approvals.publish": Answer(("Approve",)),
            "approvals.amount": Answer(("Ok",), {"amount": 3}, 600_000_000, "anna"),
        },
        env={"API_MODE": "test", "RETRIES": "3"},
    )
    assert world.where("connections", "mail") == "worlds/every_section.yaml:5"
    assert world.where("pools", "reporting") == "worlds/every_section.yaml:18"
    assert world.where("executor", "parallelism") == "worlds/every_section.yaml:20"
    assert world.where("executor", "executors") == "worlds/every_section.yaml:21"
    assert world.where("pools", "default_pool") is None
    world.set_pool("reporting", 1)
    assert world.where("pools", "reporting") is None  # no longer what the file says


@pytest.mark.parametrize("text", ["", "# nothing\n", "pools:\n", "---\n...\n", "\ufeff{}"])
def test_empty_files_and_sections_are_empty_worlds(loaded, text: str) -> None:
    assert loaded(text) == World()


def test_plain_scalars_follow_yaml_1_2(loaded) -> None:
    world = loaded(
        "variables: {a: no, b: 2025-01-01, c: 12:30, d: 010, e: 1e3, f: yes, g: 0x10, h: .5, i: ~, j: true}\n"
        "env: {A: on, B: 1:30}\n"
    )
    assert world.variables == {
        "a": "no", "b": "2025-01-01", "c": "12:30", "d": "10", "e": "1000.0", "f": "yes", "g": "16", "h": "0.5",
        "i": "null", "j": "true",
    }  # fmt: skip
    assert world.env == {"A": "on", "B": "1:30"}


BOMB = "variables:\n a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f" {new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
CHAIN = "variables:\n a0: &a0 [x]\n" + "".join(f" a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 300))


def test_anchors_and_merge_keys(loaded) -> None:
    world = loaded(
        "connections:\n  a: &a {conn_type: x, host: h}\n  b: {<<: *a, host: other}\npools: {p: &n 3, q: *n}\n"
    )
    assert world.connections["b"] == Connection("x", "other")
    assert world.pools["q"] == Pool(3)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("pools:\n  etl: 4\nconections: {}\n", 3, "unknown key 'conections'"),
        ("connections:\n  a:\n    conn_type: x\n    prot: 1\n", 4, "connection 'a': unknown key 'prot'"),
        ("connections:\n  a:\n    conn_type: x\n    port: '1'\n", 4, "connection 'a': port must be a whole number"),
        ("connections:\n  a:\n    conn_type: x\n    extra:\n      - 1\n", 4, "connection 'a': extra must be a mapping"),
        ("connections:\n\n  a: {host: h}\n", 3, "connection 'a': needs one of service, uri, conn_type"),
        ("connections:\n  a: x://h\n", 2, "connection 'a': must be a mapping of from, service, uri"),
        ("connections:\n  a:\n    uri: 'nonsense'\n", 3, "connection 'a': a connection URI cannot be read"),
        ("connections: {a: {conn_type: x,\n  password: 123}}", 2, "password must be text, not a whole number"),
        ("connections: [a]\n", 1, "connections must be a mapping of names, not a list"),
        ("connections:\n  a b: {uri: 'x://h'}\n", 2, "connection 'a b': a connection id has"),
        ("variables:\n  x: 1\n  1: x\n", 3, "variable 1: a name must be text"),
        ("pools:\n  a: 1\n  b: {slots: 2,\n   include_deferred: yes}\n", 4, "include_deferred must be true or false"),
        ("pools:\n  b: {include_deferred: true}\n", 2, "pool 'b': key 'slots' is missing"),
        ("pools:\n  b: many\n", 2, "pool 'b': slots must be a whole number, not text"),
        ("pools:\n  b: 1e3\n", 2, "pool 'b': slots must be a whole number, not a decimal number"),
        ("pools:\n  b: 1\n  c: 2\n  b: 3\n", 4, "key 'b' is given twice, first on line 2"),
        ("pools: {}\nenv: {}\npools: {}\n", 3, "key 'pools' is given twice, first on line 1"),
        ("variables:\n  v:\n    - k: 1\n      k: 2\n", 4, "key 'k' is given twice, first on line 3"),
        ("env: {}\nexecutor:\n  parallelism: many\n", 3, "executor: parallelism must be a whole number"),
        ("env: {}\nexecutor:\n  slots: 3\n", 3, "executor: unknown key 'slots'"),
        ("env: {}\nexecutor: 3\n", 2, "executor: must be a mapping of parallelism, executors, workers"),
        ("executor:\n  executors:\n    A: 1\n    B: 0\n", 4, "executor: executor 'B': slots must be 1 or more"),
        ("executor:\n  executors: {A: many}\n", 2, "executor 'A': slots must be a whole number, not text"),
        ("executor:\n  executors: [A]\n", 2, "executor: executors must be a mapping of names, not a list"),
        ("executor:\n  executors:\n    'a:b:c': 1\n", 3, "executor 'a:b:c': is no name of an executor"),
        ("executor:\n  workers:\n    w:\n      queue: a\n", 4, "executor: worker 'w': unknown key 'queue'"),
        ("executor:\n  workers:\n    w:\n      queues: [1]\n", 4, "worker 'w': queues must be a list of names"),
        ("executor:\n  workers:\n    w: {concurrency: 0}\n", 3, "worker 'w': concurrency must be 1 or more"),
        ("executor:\n  workers:\n    w:\n\n      executor: A\n", 5, "worker 'w': no executor 'A' is declared"),
        ("executor: {\n  task_queued_timeout: soon}\n", 2, "task_queued_timeout: 'soon' is not a duration"),
        ("durations:\n  a.b: soon\n", 2, "duration 'a.b': 'soon' is not a duration"),
        ("durations:\n  a.b@5: 3\n", 2, "duration 'a.b@5': '5' is no date"),
        ("stubs:\n  a.b: []\n", 2, "stub 'a.b': a list of tries cannot be empty"),
        ("stubs:\n  a.b:\n  - {raises: x}\n  - {fails: 1}\n", 2, "stub 'a.b': try 2: fails has no place in a list"),
        ("stubs:\n  a.b:\n    does: nowhere\n", 3, "does: 'nowhere' is no dotted path"),
        ("stubs:\n  a.b: {returns: 1,\n  state: skipped}\n", 2, "stub 'a.b': needs exactly one of"),
        ("stubs:\n  a.b:\n    state: runing\n", 3, "stub 'a.b': state has an unknown value"),
        ("env:\n  A: true\n", 2, "environment variable 'A': must be text, not true/false"),
        ("- a\n- b\n", 1, "a world file is a mapping of sections, not a list"),
        ("variables:\n  a: &a [*a]\n", 2, "an alias stands inside of what it names"),
        ("variables:\n  a: " + "[" * 5000, 2, "nested deeper than 100 levels"),
        ("variables:\n  a:\n   " + "- " * 5000, 3, "nested deeper than 100 levels"),
        (BOMB, 7, "its aliases, written out, are deeper than 100 levels or more than 1000000 values"),
        (CHAIN, 101, "its aliases, written out, are deeper than 100 levels"),
        ("variables:\n  a: !!timestamp ''\n", 2, "a value that is no timestamp"),
        ("variables:\n  a: !!float x\n", 2, "a value that is no float"),
        ("pools:\n  a: [1\nb: 2\n", 3, "is not valid YAML"),
        ("pools:\n\ta: 1\n", 2, "is not valid YAML"),
        ("pools:\n  a: !!python/name:os.system\n", 2, "is not valid YAML"),
        ("pools: {}\n---\npools: {}\n", 2, "is not valid YAML"),
        ("pools:\n  ? [a]\n  : 1\n", 2, "is not valid YAML"),
        ("variables:\n  a: \x07\n", 1, "is not valid YAML"),
    ],
)
def test_an_error_names_file_and_line(refused, text: str, line: int, said: str) -> None:
    error = refused(text)
    assert error.where == f"w.yaml:{line}"
    assert said in error.fact


def test_unknown_keys_name_what_there_is(refused) -> None:
    error = refused("conections: {}\n")
    assert error.known == (
        "answers, chaos, commands, connections, durations, env, events, executor, faults, "
        "from_environment, include, network, and 4 more"
        "      did you mean 'connections'?"
    )
    error = refused("connections: {a: {conn_type: x, hots: h}}\n")
    assert "did you mean 'host'?" in error.known


def test_all_problems_of_a_file_in_one_error(refused) -> None:
    error = refused(
        "connections:\n  a: {conn_type: x, port: '1', hots: h}\nstub: {}\npools:\n  p: many\n  q: 3\n  q: 4\n"
        "variables: {password: sekret}\n"
    )
    assert str(error).splitlines() == [
        "world: 5 problems in w.yaml",
        "  where   w.yaml:2  connection 'a': port must be a whole number, not text",
        "              fix   write it in digits, without quotes",
        "          w.yaml:2  connection 'a': unknown key 'hots'",
        "              known conn_type, description, extra, from, host, login, password, port, schema, service, uri"
        "      did you mean 'host'?",
        "          w.yaml:3  unknown key 'stub'",
        "              known answers, chaos, commands, connections, durations, env, events, executor, faults, "
        "from_environment, include, network, and 4 more"
        "      did you mean 'stubs'?",
        "          w.yaml:5  pool 'p': slots must be a whole number, not text",
        "              fix   write it in digits, without quotes",
        "          w.yaml:7  key 'q' is given twice, first on line 6",
        "              fix   keep one of them",
    ]


def test_an_error_never_shows_a_secret(refused) -> None:
    text = "connections:\n  a: {uri: 'x://u:sekret@h:999999'}\n  b: {conn_type: x, password: sekret, extra: sekret}\n"
    assert "sekret" not in str(refused(text))


def test_a_file_that_cannot_be_read(refused, tmp_path: Path) -> None:
    assert "w.yaml is not UTF-8 text (byte 3)" in refused(b"a: \xff\n").fact
    with pytest.raises(WorldError) as caught:
        load(tmp_path / "ww.yaml")
    assert caught.value.fact == "there is no file ww.yaml"
    assert caught.value.known == "w.yaml      did you mean 'w.yaml'?"
    assert caught.value.fix == "correct the path; it is relative to where the command runs"
    with pytest.raises(WorldError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_path_outside_the_working_directory_is_shown_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    (tmp_path / "w.yaml").write_text("pools: 3\n")
    with pytest.raises(WorldError) as caught:
        load(tmp_path / "w.yaml")
    assert caught.value.where == f"{tmp_path}/w.yaml:1"
