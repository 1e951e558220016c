"""A whole world file as a pydantic model: which sections there are, and the JSON Schema that editors read.

The entries are read one by one (`harness.world.reading`), with the same shapes, so that each fault has its line.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, JsonValue, WithJsonSchema

from harness.world.document import (
    AnswerSpec,
    AssetSpec,
    ChaosSpec,
    ConnectionSpec,
    EntrySpec,
    ExecutorSpec,
    FaultSpec,
    Instant,
    PercentileEntry,
    PoolSpec,
    Span,
    StubSpec,
    Texts,
    ThreePointSpec,
    TriggerSpec,
    WorkerSpec,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"
CONNECTION, EVENT = ConnectionSpec.__name__, "EventSpec"
"""The definitions that services add their own entries to."""
_Slots = Annotated[Any, WithJsonSchema({"type": "integer", "minimum": -1})]
_BY_NAME = (
    "by dag_id.task_id, task id or operator's class; * and ? stand for anything, [1] for a map index, "
    "@2025-01-05 for a date"
)
_BY_FIELDS = ("conn_type", "host", "login", "password", "schema", "port", "extra", "description")
BESIDE_A_SERVICE = ("conn_type", "extra", "description")


class CassetteSpec(EntrySpec):
    """HTTP that was recorded once."""

    file: str = Field(min_length=1)
    hosts: Annotated[Texts, Field(min_length=1)]


class NetworkSpec(EntrySpec):
    """What tasks may connect to beside this machine."""

    allow: Texts = None
    cassette: CassetteSpec | None = None


class EventSpec(EntrySpec):
    """Something that happens at an instant: ``at``, and one of the others."""

    at: Instant
    variables: dict[str, JsonValue] = Field({}, description="Their values from then on; null takes one away.")
    asset: AssetSpec = Field(AssetSpec.model_construct(), description="An asset that is updated from outside.")


class IncludeSpec(EntrySpec):
    """A file whose name does not tell what it holds."""

    connections: str = ""
    variables: str = ""
    pools: str = ""
    world: str = ""


class FromEnvironmentSpec(EntrySpec):
    """Names of what the environment has, several at once: each as an entry ``{from: environment}``."""

    connections: Texts = None
    variables: Texts = None


class WorldFile(EntrySpec):
    """What production provides to Dags, for airflow-harness. A section may be empty."""

    include: str | list[str | IncludeSpec] | None = Field(
        None,
        description="Files that are there already: of airflow connections|variables|pools export, "
        "Astro's airflow_settings.yaml, a .env. What stands in this file goes before.",
    )
    from_environment: FromEnvironmentSpec | None = Field(
        None, description="Connections and variables that AIRFLOW_CONN_… and AIRFLOW_VAR_… of the shell or .env give."
    )
    connections: dict[str, ConnectionSpec] | None = Field(None, description="Connections by id.")
    variables: dict[str, JsonValue] | None = Field(None, description="Variables; what is no text is kept as JSON.")
    pools: dict[str, _Slots | PoolSpec] | None = Field(None, description="Pools, each with its slots.")
    executor: ExecutorSpec | None = Field(None, description="Executors, workers and how much runs at once.")
    durations: dict[str, Span | PercentileEntry | ThreePointSpec] | None = Field(
        None, description=f"Virtual time of tasks that do not sleep, a span or a distribution, {_BY_NAME}."
    )
    stubs: dict[str, StubSpec | list[StubSpec | None] | None] | None = Field(
        None, description=f"What happens in a task's place, {_BY_NAME}; as a list try by try."
    )
    triggers: dict[str, TriggerSpec | list[TriggerSpec | None] | None] | None = Field(
        None, description=f"What comes in the place of a trigger's event, {_BY_NAME}; as a list deferral by deferral."
    )
    commands: dict[str, str | list[str]] | None = Field(
        None, description=f"A program of this machine in the place of a pod's or a shell's, {_BY_NAME}."
    )
    answers: dict[str, str | list[str] | AnswerSpec] | None = Field(
        None, description=f"What a person answers to a human-in-the-loop task, {_BY_NAME}."
    )
    events: list[EventSpec] | None = Field(None, description="What happens around the Dags meanwhile.")
    faults: list[FaultSpec] | None = Field(None, description="What goes wrong with tries of tasks, and with services.")
    chaos: ChaosSpec | None = Field(None, description="What goes wrong at random, as a seed draws it.")
    env: dict[str, str | int] | None = Field(None, description="Environment variables that tasks see.")
    network: NetworkSpec | None = Field(None, description="What tasks may connect to beside this machine.")


def schema() -> dict[str, Any]:
    """The JSON Schema of world files whose connections name no service."""
    made = without_titles(WorldFile.model_json_schema())
    definitions = made["$defs"]
    definitions[WorkerSpec.__name__] = without_titles(WorkerSpec.model_json_schema())
    worker = {"anyOf": [{"$ref": f"#/$defs/{WorkerSpec.__name__}"}, {"type": "null"}]}
    definitions[ExecutorSpec.__name__]["properties"]["workers"]["additionalProperties"] = worker
    definitions[IncludeSpec.__name__] |= {"minProperties": 1, "maxProperties": 1}
    definitions[EVENT] |= {"minProperties": 2, "maxProperties": 2}
    for one in definitions[EVENT]["properties"].values():
        one.pop("default", None)
    fields = definitions[CONNECTION]["properties"]
    definitions[CONNECTION] = {
        "anyOf": [
            _entry("A connection by its fields.", fields, _BY_FIELDS, "conn_type"),
            _entry("A connection by its URI.", fields, ("uri", "description"), "uri"),
            _entry("A connection that AIRFLOW_CONN_… of the environment or of .env gives.", fields, ("from",), "from"),
        ]
    }
    return {"$schema": DIALECT, "title": "A world file of airflow-harness", **made}


def _not_null(made: dict[str, Any]) -> dict[str, Any]:
    """What a field may be where it is given."""
    found: dict[str, Any] = next(one for one in made["anyOf"] if one.get("type") != "null")
    return found


def without_titles(made: Any) -> Any:
    """A schema without the titles that pydantic makes of names: an editor would show them in place of the names."""
    if isinstance(made, list):
        return [without_titles(one) for one in made]
    if not isinstance(made, dict):
        return made
    return {key: without_titles(one) for key, one in made.items() if key != "title" or not isinstance(one, str)}


def _entry(about: str, fields: dict[str, Any], names: tuple[str, ...], required: str) -> dict[str, Any]:
    return {
        "description": about,
        "type": "object",
        "properties": {**{name: fields[name] for name in names}, required: _not_null(fields[required])},
        "required": [required],
        "additionalProperties": False,
    }
