"""The schema of world files says what the reader says: of every section, of every service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from harness.errors import WorldError
from harness.services.binding import refuse_unknown
from harness.services.registry import OURS
from harness.world import load
from harness.world.schema import WorldFile
from tests.repo.docs.blocks import blocks
from tests.repo.sources import ROOT
from tests.repo.world_schema import FILE, text

SECTIONS = set(WorldFile.model_fields)


def faults(document: object) -> list[str]:
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return [error.message for error in Draft202012Validator(schema).iter_errors(document)]


def reads(folder: Path, written: str) -> bool:
    file = folder / "world.yaml"
    file.write_text(written, encoding="utf-8")
    try:
        refuse_unknown(load(file))
    except WorldError:
        return False
    return True


def test_the_file_is_the_code_s() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "python -m tests.repo.world_schema --write"


def test_worlds_of_the_repository_keep_to_it() -> None:
    found = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "fixtures").rglob("*.y*ml"))]
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        found += [block.text for block in blocks(page.read_text(encoding="utf-8")) if block.language == "yaml"]
    worlds = [one for one in (yaml.safe_load(each) for each in found) if isinstance(one, dict) and set(one) <= SECTIONS]
    assert len(worlds) >= 5
    assert {name for one in worlds for name in one} >= {"connections", "pools", "stubs", "executor", "durations", "env"}
    named = {c["service"] for one in worlds for c in one.get("connections", {}).values() if "service" in c}
    assert {"http", "postgres", "s3", "smtp", "webhook"} <= named
    assert [fault for one in worlds for fault in faults(one)] == []


@pytest.mark.parametrize(
    "world",
    [
        "connections:\n",
        *(f"connections: {{w: {{service: {name}}}}}" for name in OURS),
        "connections: {w: {service: postgres, seed: a.sql}}",
        "connections: {w: {service: postgres, seed: [a.sql, b.csv], driver: external, description: d}}",
        "connections: {w: {service: http, routes: {GET /a: [{status: 503}, {json: [1]}], POST /b: {body: ok}}}}",
        'connections: {w: {conn_type: aws, extra: "{}"}, v: {conn_type: aws, extra: {a: 1}, port: 1}}',
        "variables: {a: 1, b: [1], c: null, d: {e: f}, g: text}",
        "pools: {a: 1, b: {slots: -1, include_deferred: true}}",
        "durations: {a.b: 5m, a.c: 1.5}",
        "stubs: {a.b: {returns: null}, a.c: {fails: 2}, a.d: {follows: []}}",
        "stubs: {a: , b: {}, C: [{raises: x}, null, {does: a.b, takes: 5m}], 'd[1]@2025': {runs: true, takes: 3}}",
        "triggers: {a: , b: {event: {x: 1}, after: 20m}, c: [{event: null}, {raises: gone}]}",
        "commands: {a: python job.py, b: [python, '{repo}/job.py', --all]}",
        "answers: {a.b: yes please, a.c: [x, y], a.d: {choose: x, after: 5m}}",
        "executor: {parallelism: 4, executors: {CeleryExecutor: }, workers: {w: {queues: a}, v: }}",
        "network: {allow: a.example.com}",
        "network: {cassette: {file: a.yaml, hosts: [a.example.com]}}",
        "env: {A: 1, B: text}",
        "include: []",
        "faults: [{task: a.b, kind: lost, on_try: 1, when: 10m}, {connection: c, kind: down, at: +1h, lasts: 5m}]",
        "chaos: {rate: 0.1, seed: 7, kinds: [fails]}",
        "events: [{at: +1h, variables: {a: 1, b: null}}, {at: 90, asset: {name: a, extra: {b: 1}}}]",
        "events: [{at: 2025-01-03T05:00Z, s3: {key: a/b, body: c}}, {at: +1h, postgres: {sql: select 1}}]",
        "events: [{at: +1h, http: {connection: c, routes: {GET /a: [{status: 503}, {json: 1}]}}}]",
    ],
)
def test_what_is_read_keeps_to_it(world: str, tmp_path: Path) -> None:
    assert reads(tmp_path, world)
    assert faults(yaml.safe_load(world)) == []


@pytest.mark.parametrize(
    "world",
    [
        "conections: {}",
        "connections: {w: {service: postgress}}",
        "connections: {w: {service: postgres, host: a}}",
        "connections: {w: {service: postgres, routes: {}}}",
        "connections: {w: {service: http, routes: {GET /a: {status: 700}}}}",
        "connections: {w: {host: a}}",
        "connections: {w: {uri: 'http://a', conn_type: http}}",
        "connections: {w: {conn_type: http, port: '80'}}",
        "connections: [w]",
        "pools: {a: many}",
        "pools: {a: {slots: 1, more: 2}}",
        "stubs: {a.b: {state: done}}",
        "stubs: {a.b: {retruns: 1}}",
        "stubs: {a.b: {does: nowhere}}",
        "triggers: {a: {evnt: 1}}",
        "commands: {a: [1]}",
        "stubs: {a.b: [{raises: 3}]}",
        "stubs: {a.b: {runs: false}}",
        "answers: {a.b: {after: 5m}}",
        "executor: {parallelism: 0}",
        "executor: {workers: {w: {queus: a}}}",
        "network: {deny: a}",
        "network: {cassette: {file: a.yaml}}",
        "network: {cassette: {file: '', hosts: a}}",
        "network: {cassette: {hosts: a}}",
        "env: {A: [1]}",
        "include: [1]",
        "faults: [{task: a.b, kind: explodes}]",
        "faults: [{task: a.b}]",
        "chaos: {rate: 2}",
        "events: {at: +1h}",
        "events: [{at: +1h}]",
        "events: [{variables: {a: b}}]",
        "events: [{at: +1h, variables: {a: b}, asset: {name: c}}]",
        "events: [{at: +1h, asset: {nmae: c}}]",
        "include: [{stubs: a.json}]",
    ],
)
def test_what_is_refused_does_not(world: str, tmp_path: Path) -> None:
    assert not reads(tmp_path, world)
    assert faults(yaml.safe_load(world)) != []
