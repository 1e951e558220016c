"""World files, settings and command lines that nobody would write, one after the other in one process.

``python -m tests.cli.fuzzing FOLDER SEED COUNT`` prints a JSON document: what was tried, and what was answered wrongly.
``run`` and `simulate`` go their whole way; of the commands that start processes only the command line is read.
"""

# ruff: noqa: E501 - tables

from __future__ import annotations

import io
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

DAG = """
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule="@daily", start_date=datetime(2025, 1, 1), params={"city": "Oslo"})
def ok():
    @task
    def one(): return 1
    one()

ok()
"""
PATIENCE_S = 30
"""Seconds of processor time for one case: they take a tenth of one."""

RIGHT = {0, 1, 2}
TEXTS = [
    "a", "", " ", "ok", "ok.one", "*", "ok.*", "[", "é", "\\U0001F600", "x" * 5000, "a\\0b", "\\ud800", "a\\nb", "\\x1b[31m", "%s", "{{ x }}",
    "../..", "/dev/null", "/", "~", "postgres", "sqlite", "postgresql://u:p@h:5432/db", "://", "x://[", "http://a:99999/",
    "2025-01-01", "9999-12-31T23:59:59.999999", "0001-01-01", "1969-12-31", "30s", "1d", "1e9d", "-5s", "99999999999d",
]  # fmt: skip
NUMBERS = [
    "0", "-1", "1", "3", "128", "2147483648", "9223372036854775808", "1" + "0" * 400, "1" + "0" * 5000, ".nan", ".inf", "-.inf", "1e308", "1e999",
    "-1e308", "5e-324", "0x10", "0o17", "0o9", "007", "1_000", "0.1",
]  # fmt: skip
OTHERS = [
    "null", "~", "true", "no", "[]", "{}", "[1, [2, [3]]]", "{a: {b: {c: 1}}}", "!!binary aGk=", "!!set {a, b}", "!!python/object:os.system {}",
    "!!timestamp 2025-01-01", "!!float x", "!!int ''", "!!timestamp ''", "!!omap [a: 1]", "!!pairs 3", "!x 1", "*nowhere", "&a [*a]", "&a {<<: *a}", "{<<: 1}", "{<<: [1]}",
    "{? [1, 2] : 3}", "{1: 2}", "{null: 1}", "{true: 1}", "{1.5: 2}", "|\n    text", ">-\n    folded", "[" * 200 + "]" * 200, "'unclosed", "{a: ", "@", "%", "`", "\t",
]  # fmt: skip
FIELDS = {
    "connections": ["uri", "conn_type", "host", "login", "password", "port", "schema", "extra", "description", "service", "hots"],
    "variables": ["a", "b"],
    "pools": ["slots", "include_deferred", "description", "slot"],
    "durations": ["a"],
    "stubs": ["returns", "raises", "state", "follows", "fails", "return"],
    "answers": ["choose", "params", "after", "by", "chose"],
    "env": ["A"],
    "executor": ["parallelism", "executors", "workers", "task_queued_timeout", "num_stuck_in_queued_retries", "paralelism"],
    "conections": ["x"],
    "network": ["allow"],
}  # fmt: skip
SOUND = {
    "connections": [
        "{uri: 'postgres://u:p@h:5/d'}",
        "{conn_type: http, host: h, extra: {a: 1}}",
        "{conn_type: x, extra: '{\"a\": NaN}'}",
    ],
    "variables": ["text", "[1, .nan, .inf, 1e308]", "{a: [b]}", '"\\ud800"', '"\\0"', "9999-12-31", "null", "''"],
    "pools": ["1", "-1", "{slots: 3, include_deferred: true}", "2147483648"],
    "durations": ["30s", "0", "1e-7", "36000d", "0.5"],
    "stubs": [
        "{returns: 1}",
        "{returns: .nan}",
        '{returns: "\\ud800"}',
        "{returns: [1, 1e308, .inf]}",
        '{raises: "\\ud800"}',
        "{state: skipped}",
        "{fails: 1}",
        "{fails: 1000000}",
    ],
    "answers": ["Approve", "[a, b]", "{choose: a, after: 1d}"],
    "env": ["text", "'é'", "1", "''"],
    "executor": ["1", "30", "{w: {}}", "{A: 1}"],
    "conections": ["x"],
    "network": ["[h]"],
}
SOUND_NAMES = {"durations": "ok.one", "stubs": "ok.one", "answers": "ok.one"}
"""What can be meant, so that odd values come through to the run."""

DEEP = 5000
WHOLE_WORLDS = [
    b"", b"\xef\xbb\xbfvariables: {a: b}\n", b"\xff\xfev\x00", b"variables: {a: \xff}\n", b"\0", b"a\0b: 1", b"---\n---\n", b"[]", b"3", b"'", b"{", b"- a\n b",
    b"variables: {a: " + b"[" * DEEP + b"]" * DEEP + b"}", b"[" * DEEP, b"{a: " * DEEP, b"- " * DEEP, b"? " * DEEP,
    b"variables:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 1500)), b"variables: &a {b: *a}", b"&a [*a, *a]",
    b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(8)),
    b"variables:\n a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(b" %c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(8)),
    b"variables: {a: 1, a: 2}", b"pools: 3", b"pools: {p: 1}\npools: {q: 1}", b"%YAML 9.9\n---\na: 1", b"\tvariables: 1", b"variables: {a: \"\\ud800\"}",
    b"variables: {\"\\0\": 1}", b"env: {\"A\\0\": b}", b"variables: " + b"x" * 300_000, b"\xc3\x28", b"\xe2\x80\xa8", b"variables:\x85 {a: 1}", b"variables: {a: b}\r\rpools: {p: 1}",
]  # fmt: skip
TOMLS = [
    b"", b"\xef\xbb\xbf[tool.airflow-harness]\n", b"\xff", b"\0", b"[tool", b"tool = 3", b"[tool]\nairflow-harness = []", b"[[tool.airflow-harness]]",
    b"a = " + b"[" * DEEP + b"]" * DEEP, b"a = " + b"{b = " * DEEP, b"[" + b".".join([b"a"] * DEEP) + b"]", b"x = 1" + b"0" * 5000, b"a = 1\na = 2",
]  # fmt: skip
SETTING_KEYS = ["dags", "world", "checks", "limits", "options", "per-path-ignores", "pytest-checks", "dag", "wrold", ""]
SETTING_VALUES = [
    '"dags"', '["dags"]', "[]", '""', '[""]', '["nowhere"]', '["dags/ok.py"]', '["dags\\u0000"]', '"/"', '"."', '["/dev/null"]', "3", "nan", "inf", "-1", "1e308", "true", "{}",
    "{cycle = 1}", '{cycle = "eror"}', '{xcom-bytes = nan}', '{xcom-bytes = inf}', '{xcom-bytes = "x"}', '{"dags/**" = "cycle"}', '{"[" = ["cycle"]}', "1979-05-27", "07:32:00",
    '"fixtures"', '"dags/ok.py"', '"' + "x" * 5000 + '"', "[[[]]]", '"\\uDBFF"', "1" + "0" * 400,
]  # fmt: skip
WORDS = [
    "", " ", "-", "--", "---", "x", "é", "\udcff", "a\0b", "x" * 5000, "ok", "ok.one", "one", "dags", "dags/ok.py", "nowhere", "nowhere.py", "/", "/dev/null", "~", ".", "fixtures",
    "2025-01-01", "2025-01-01T00:00:00Z", "0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31", "9999-12-31T23:59:59-12:00", "1969-12-31", "1900-01-01", "2025-02-30", "20250101", "2025-W01-1",
    "+12025-01-01", "nan", "inf", "-inf", "1e308", "-1", "0", "1", "1s", "7d", "1e9d", "36500d", "99999999999999999999d", "9" * 5000, "9" * 400 + "d", "٣d", "{}", "[]", "null", "NaN", "{\"a\": NaN}",
    '{"a": 1e999}', '{"a": "\\ud800"}', "[" * DEEP, '{"a":' * DEEP, "a=b", "=", "a=", "=b", "city=NaN", "city=1e999", "city=" + "[" * DEEP, "city=\\ud800", "a\nb", "\x1b[31m", "%s", "--json",
    "2025-01-01 trigger ok", "2025-01-01 trigger", "trigger", "2025-01-01 explode ok", "2025-01-01 pause nobody", '2025-01-01 backfill ok {"from": "2024-01-01", "to": "2024-01-02"}',
    "2025-01-01 trigger ok {", "9999-12-31 trigger ok", '2025-01-01 backfill ok {"from": "9999-01-01", "to": "0001-01-02"}', '2025-01-01 backfill ok {"from": 1}', "2025-01-01 trigger ok " + "[" * DEEP,
]  # fmt: skip
ENDS = [word for word in WORDS if not word.startswith(("9999", "36500"))]
"""Words for ``--until``: a day a run over a hundred years is no fault, and takes its time."""

RUN_OPTIONS = ["--dags", "--logical-date", "--conf", "--param", "--world", "--only", "--from-task", "--seed", "--start", "--horizon", "--keep", "--jsn", "--json", "--manual", "--alone", "--verbose"]  # fmt: skip
SIMULATE_OPTIONS = [
    "--since",
    "--until",
    "--dags",
    "--dag",
    "--fresh",
    "--action",
    "--world",
    "--seed",
    "--json",
    "--keep",
    "--unitl",
]
PARSED_OPTIONS = {
    "check": ["--select", "--ignore", "--format", "--output", "--baseline", "--no-baseline", "--changed-since", "-j", "--jobs", "--no-cache", "--world", "--explain", "--list", "--selct"],
    "init": ["--dags", "--world", "--print", "--wolrd"],
    "verify": ["--dags", "--logical-date", "--conf", "--param", "--world", "--limit", "--json", "--limt"],
    "": ["--help", "--version", "--hlep", "chekc", "-x"],
}  # fmt: skip
FLAGS = {"--json", "--manual", "--alone", "--verbose", "--fresh", "--print", "--list", "--no-cache", "--no-baseline"}


@dataclass(frozen=True)
class Case:
    """One thing tried.

    Attributes:
        kind: world, settings or line.
        offender: what a refusal must name, one of them; nothing where several things may be wrong.
    """

    kind: str
    arguments: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...] = ()
    offender: tuple[str, ...] = ()


def worlds(chance: random.Random) -> Iterator[Case]:
    """World files: the odd ones, then made-up ones."""
    for content in WHOLE_WORLDS:
        yield _world(content)
    while True:
        yield _world(_world_text(chance).encode("utf-8", "surrogatepass"))


def _world(content: bytes) -> Case:
    return Case("world", ("run", "ok", "--world", "odd.yaml"), (("odd.yaml", content),), ("odd.yaml",))


def _world_text(chance: random.Random) -> str:
    lines = []
    for section in chance.sample(sorted(FIELDS), chance.randint(1, 2)):
        if chance.random() < 0.1:
            lines.append(f"{section}: {_value(chance)}")
            continue
        lines.append(f"{section}:")
        for _ in range(chance.randint(1, 2)):
            if chance.random() < 0.65 and section in SOUND:
                name = SOUND_NAMES.get(section) or chance.choice(["a", "b", "c"])
                name = chance.choice(FIELDS[section]) if section == "executor" else name
                lines.append(f"  {name}: {chance.choice(SOUND[section])}")
                continue
            name = chance.choice(FIELDS[section]) if section == "executor" else _name(chance)
            if chance.random() < 0.4:
                lines.append(f"  {name}: {_value(chance)}")
                continue
            lines.append(f"  {name}:")
            lines += [f"    {chance.choice(FIELDS[section])}: {_value(chance)}" for _ in range(chance.randint(1, 3))]
    return "\n".join(lines) + "\n"


def _name(chance: random.Random) -> str:
    return json.dumps(chance.choice(TEXTS)).replace("\\\\", "\\") if chance.random() < 0.7 else chance.choice(NUMBERS)


def _value(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.4:
        return f'"{chance.choice(TEXTS)}"'
    return chance.choice(NUMBERS if kind < 0.7 else OTHERS)


def settings(chance: random.Random) -> Iterator[Case]:
    """``pyproject.toml`` files."""
    for content in TOMLS:
        yield _settings(content)
    while True:
        keys = chance.sample(SETTING_KEYS, chance.randint(1, 3))
        rows = "".join(f"{json.dumps(key)} = {chance.choice(SETTING_VALUES)}\n" for key in keys)
        yield _settings(f"[tool.airflow-harness]\n{rows}".encode())


def _settings(content: bytes) -> Case:
    return Case("settings", ("run", "ok"), (("pyproject.toml", content),), ("pyproject.toml",))


def lines(chance: random.Random) -> Iterator[Case]:
    """Command lines."""
    while True:
        kind = chance.random()
        if kind < 0.45:
            yield _line(chance, ["run", chance.choice(["ok", "ok", "dags/ok.py", chance.choice(WORDS)])], RUN_OPTIONS)
        elif kind < 0.75:
            begun = ["simulate", "--since", chance.choice(["2025-01-01", chance.choice(WORDS)]), "--until", chance.choice(["1d", chance.choice(ENDS)])]  # fmt: skip
            yield _line(chance, begun, SIMULATE_OPTIONS)
        else:
            command = chance.choice(sorted(PARSED_OPTIONS))
            yield _line(chance, [command] if command else [], PARSED_OPTIONS[command], "parsed")


def _line(chance: random.Random, begun: list[str], options: list[str], kind: str = "line") -> Case:
    given = list(begun)
    for option in chance.sample(options, min(chance.randint(0, 2), len(options))):
        given.append(option)
        if option not in FLAGS and chance.random() < 0.95:
            given.append(chance.choice(ENDS if option == "--until" else WORDS))
    if chance.random() < 0.1:
        given.insert(chance.randint(0, len(given)), chance.choice(WORDS))
    return Case(kind, tuple(given))


class Slow(BaseException):
    """A case that does not end."""


def _too_slow(*_: object) -> None:
    raise Slow


def fault_of(case: Case) -> tuple[int | None, str | None]:
    """The exit code of a case, and what is wrong with its answer, None when nothing is."""
    from harness.cli.entry import command_line, parsed
    from harness.errors import HarnessError

    for name, content in case.files:
        Path(name).write_bytes(content)
    out, err = os.open("out", os.O_RDWR | os.O_CREAT | os.O_TRUNC), os.open("err", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    kept = os.dup(1), os.dup(2)
    os.dup2(out, 1), os.dup2(err, 2)
    signal.setitimer(signal.ITIMER_PROF, PATIENCE_S)
    code: int | None = None
    fault: str | None = None
    try:
        if case.kind == "parsed":
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                try:
                    job = parsed(list(case.arguments))
                    code = job if isinstance(job, int) else 0
                except HarnessError as error:
                    code = error.exit_code
                    os.write(2, str(error).encode("utf-8", "backslashreplace"))
        else:
            code = command_line(list(case.arguments))
    except Slow:
        fault = f"did not end in {PATIENCE_S} s"
    except BaseException as error:
        fault = f"raised {type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        os.dup2(kept[0], 1), os.dup2(kept[1], 2)
        for descriptor in (*kept, out, err):
            os.close(descriptor)
        for name, _ in case.files:
            Path(name).unlink()
    told = Path("err").read_bytes().decode("utf-8", "backslashreplace")
    return code, fault or _wrong(case, code, told)


def _wrong(case: Case, code: int | None, told: str) -> str | None:
    if code not in RIGHT:
        return f"exit code {code}: {told[:600]}"
    if "Traceback (most recent" in told or "Exception ignored" in told:
        return f"a traceback: {told[-600:]}"
    if code == 2:
        if not told.strip():
            return "no message"
        if case.offender and not any(name in told for name in case.offender):
            return f"does not name the offender: {told[:400]}"
        if len(told) > 20_000:
            return f"a message of {len(told)} characters: {told[:200]}"
    return None


def _warmed() -> None:
    """Have Airflow imported before anything is cut short."""
    from harness.cli.entry import command_line

    kept = os.dup(1)
    os.dup2(2, 1)
    command_line(["run", "ok"])
    os.dup2(kept, 1)
    os.close(kept)


def main(folder: str, seed: str, count: str) -> None:
    """Try so many cases of each kind."""
    os.chdir(folder)
    Path("dags").mkdir()
    Path("dags/ok.py").write_text(DAG)
    Path("fixtures").mkdir()
    _warmed()
    signal.signal(signal.SIGPROF, _too_slow)
    wrong, codes = [], Counter[str]()
    for make in (worlds, settings, lines):
        cases = make(random.Random(f"{seed} {make.__name__}"))
        for _ in range(int(count)):
            case = next(cases)
            code, fault = fault_of(case)
            codes[f"{case.kind} {code}"] += 1
            if fault is not None:
                wrong.append({"case": repr(case)[:3000], "fault": fault})
    json.dump({"codes": codes, "wrong": wrong}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
