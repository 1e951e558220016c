"""The shape of a world file's entries for pydantic, and its complaints in words of ours.

Strict: no text is read as a number nor the other way round. Values never appear in a complaint: they may be secrets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails

from harness.errors import known_names
from harness.world.entries import DEFAULT_CONCURRENCY, DEFAULT_PARALLELISM, DEFAULT_QUEUE, extra_text
from harness.world.problem import EntryError, WorldProblem, kind

_ADDRESS = ("host", "login", "password", "schema", "port")
_EXPECTED = {
    "string_type": ("text", "put the value in quotes"),
    "int_type": ("a whole number", "write it in digits, without quotes"),
    "bool_type": ("true or false", "write true or false, without quotes"),
}
_BOUNDS = {"greater_than_equal": ("ge", "more"), "less_than_equal": ("le", "less")}

_OUTCOMES = ("returns", "raises", "state", "follows", "does", "runs")
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)

Spec = TypeVar("Spec", bound="EntrySpec")

# What a reader of ours looks at by itself, and how it reads in the schema.
_SPAN = {"type": ["number", "string"], "description": "seconds, or 90s, 5m, 1h30m, 2d"}
Span = Annotated[Any, WithJsonSchema(_SPAN)]
Instant = Annotated[
    Any,
    WithJsonSchema({"type": ["string", "number"], "description": "+1h42m, seconds, or a date as 2025-01-03T05:00Z"}),
]
Texts = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})]
_Point = Annotated[
    Any,
    WithJsonSchema({"type": ["string", "number"], "description": "start, end, or how long after the beginning"}),
]
_Slots = Annotated[Any, WithJsonSchema({"type": "object", "additionalProperties": {"type": ["integer", "null"]}})]

_FaultKind = Literal["fails", "lost", "slow", "xcom-error", "disk-full", "down", "resets", "errors", "throttles"]


class EntrySpec(BaseModel):
    """Base of the shapes: strict, unknown keys refused."""

    model_config = ConfigDict(strict=True, extra="forbid", populate_by_name=False)


class ConnectionSpec(EntrySpec):
    """``service``, or ``uri``, or fields."""

    from_: Literal["environment"] | None = Field(default=None, alias="from")
    service: str | None = None
    uri: str | None = None
    conn_type: str | None = None
    host: str | None = None
    login: str | None = None
    password: str | None = None
    schema_: str | None = Field(default=None, alias="schema")
    port: int | None = Field(default=None, ge=0, le=65535)
    extra: Annotated[str | None, BeforeValidator(extra_text, json_schema_input_type=str | dict[str, Any])] = None
    description: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> ConnectionSpec:
        given = [name for name in _ADDRESS if getattr(self, "schema_" if name == "schema" else name) is not None]
        typed = ["conn_type"] if self.conn_type is not None else []
        if self.from_ is not None:
            if len(self.model_fields_set) > 1:
                raise ValueError("from: environment stands alone: AIRFLOW_CONN_… says the rest")
            return self
        filled_in = [name for name in given if name not in ("login", "password")]  # which an API may ask for
        if self.service is not None and (filled_in or self.uri is not None):
            raise ValueError(
                f"service fills in the address, so {', '.join(filled_in) or 'uri'} cannot be given beside it"
            )
        if self.uri is not None and (typed or given or self.extra is not None):
            raise ValueError(f"uri and {', '.join(typed + given) or 'extra'} cannot both be given")
        if self.service is None and self.uri is None and not self.conn_type:
            raise ValueError("needs one of service, uri, conn_type, from")
        return self


class PoolSpec(EntrySpec):
    """A pool; -1 slots is no limit."""

    slots: int = Field(ge=-1)
    include_deferred: bool = False
    description: str | None = None


class WorkerSpec(EntrySpec):
    """A worker; its queues as a list, or as text with commas."""

    queues: Texts = DEFAULT_QUEUE
    concurrency: int = Field(default=DEFAULT_CONCURRENCY, ge=1)
    executor: str | None = None


class ExecutorSpec(EntrySpec):
    """The executors; what is under ``executors`` and ``workers`` is checked entry by entry."""

    parallelism: int = Field(default=DEFAULT_PARALLELISM, ge=1)
    executors: _Slots = None
    workers: Annotated[Any, WithJsonSchema({"type": "object", "additionalProperties": True})] = None
    task_queued_timeout: Span = 600
    num_stuck_in_queued_retries: int = Field(default=2, ge=0)


class ThreePointSpec(EntrySpec):
    """How long a task takes as people estimate it: a triangular distribution."""

    low: Span
    likely: Span
    high: Span


PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)", re.ASCII)
"""A key of a distribution: p50, p99.9."""

PercentileEntry = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "object",
            "description": "How long at two percentiles or more; a straight line between them.",
            "patternProperties": {f"^{PERCENTILE.pattern}$": _SPAN},
            "additionalProperties": False,
            "minProperties": 2,
        }
    ),
]


class AnswerSpec(EntrySpec):
    """A person's answer."""

    choose: str | list[str]
    params: dict[str, Any] = Field(default_factory=dict)
    after: Span = 0
    by: str = "somebody"


class AssetSpec(EntrySpec):
    """An asset by ``name`` or ``uri``, and what the event carries."""

    name: str | None = None
    uri: str | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_asset(self) -> AssetSpec:
        if self.name is None and self.uri is None:
            raise ValueError("needs one of name, uri")
        return self


class TriggerSpec(EntrySpec):
    """An event of a trigger, or its failure; ``resumes`` is the method to go on with, where the task does not begin."""

    event: Any = None
    after: Span = 0
    raises: str | None = None
    resumes: Annotated[str | None, Field(pattern=r"^[A-Za-z_]\w*$")] = None

    @model_validator(mode="after")
    def _one_outcome(self) -> TriggerSpec:
        if {"event", "raises"} <= self.model_fields_set:
            raise ValueError("event and raises cannot both be given")
        return self


class StubSpec(EntrySpec):
    """At most one outcome (``returns: null`` counts as one); ``fails``, ``xcoms`` and ``takes`` go with each."""

    returns: Any = None
    raises: Annotated[Any, WithJsonSchema({"type": "string"})] = None
    state: Literal["failed", "skipped"] | None = None
    follows: list[str] | None = None
    does: Annotated[Any, WithJsonSchema({"type": "string", "pattern": f"^{_PATH.pattern}$"})] = None
    runs: Annotated[bool | None, WithJsonSchema({"const": True})] = None
    fails: int = Field(default=0, ge=1)
    xcoms: dict[str, Any] = Field(default_factory=dict)
    takes: Span | None = None

    @model_validator(mode="after")
    def _one_outcome(self) -> StubSpec:
        given = self.model_fields_set & set(_OUTCOMES)
        if len(given) > 1:
            raise ValueError(f"needs exactly one of {', '.join(_OUTCOMES)}, or none of them to return None")
        if self.runs is False:
            raise ValueError("runs can only be true; without it something stands in")
        if self.xcoms and self.itself:
            raise ValueError("xcoms are of what stands in, and here the task itself runs")
        if "raises" in given and not _can_be_raised(self.raises):
            raise ValueError(f"raises must be text, an exception or its class, not {kind(self.raises)}")
        if "does" in given and not callable(self.does):
            if not isinstance(self.does, str):
                raise ValueError(f"does must be a function or the dotted path of one, not {kind(self.does)}")
            if not _PATH.fullmatch(self.does):
                fact = f"does: {self.does!r} is no dotted path, such as tests.fakes.submit"
                raise EntryError(WorldProblem(fact, ("does",)))
        return self

    @property
    def itself(self) -> bool:
        """Whether the task itself runs, if perhaps not at its first tries."""
        given = self.model_fields_set & set(_OUTCOMES)
        return self.runs is True or ("fails" in self.model_fields_set and given <= {"raises"})


class FaultSpec(EntrySpec):
    """``kind``, then ``task`` with ``on_try`` and ``when``, or ``connection`` with ``at``; ``lasts``."""

    kind: _FaultKind
    task: str | None = None
    on_try: int | list[int] = Field(default_factory=list)
    when: _Point = "start"
    connection: str | None = None
    at: Instant = None
    lasts: Span = None


class ChaosSpec(EntrySpec):
    """Faults that are drawn for tries at a rate."""

    rate: float = Field(ge=0, le=1)
    seed: int = 0
    kinds: list[_FaultKind] | None = None


def check(spec: type[Spec], value: object) -> Spec:
    """``value`` as a ``spec``.

    Raises: EntryError: with every fault found in it.
    """
    if not isinstance(value, Mapping):
        raise EntryError(WorldProblem(f"must be a mapping of {', '.join(_keys(spec))}, not {kind(value)}"))
    try:
        return spec.model_validate(dict(value))
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise EntryError(*[one for detail in details for one in _problems(spec, detail)]) from None


def _can_be_raised(value: object) -> bool:
    is_class = isinstance(value, type) and issubclass(value, BaseException)
    return is_class or isinstance(value, (str, BaseException))


def _keys(spec: type[EntrySpec]) -> list[str]:
    return [field.alias or name for name, field in spec.model_fields.items()]


def _problems(spec: type[EntrySpec], detail: ErrorDetails) -> list[WorldProblem]:
    """A complaint of pydantic as ours; all of those that a validator of ours made."""
    made = detail.get("ctx", {}).get("error")
    return list(made.problems) if isinstance(made, EntryError) else [_problem(spec, detail)]


def _called(path: tuple[str, ...]) -> str:
    """The key at the end of a path; of a list the key that holds it, and which item, from 1."""
    if len(path) > 1 and path[-1].isdecimal():
        return f"item {int(path[-1]) + 1} of {path[-2]}"
    return path[-1] if path else ""


def _problem(spec: type[EntrySpec], detail: ErrorDetails) -> WorldProblem:
    """A complaint of pydantic as one of ours."""
    path = tuple(str(part) for part in detail["loc"])
    key, fault = _called(path), detail["type"]
    if fault in ("extra_forbidden", "invalid_key"):
        return WorldProblem(f"unknown key {key!r}", path, known=known_names(key, _keys(spec)))
    if fault == "missing":
        return WorldProblem(f"key {key!r} is missing", path, fix=f"add {key}:")
    if fault in _EXPECTED:
        expected, fix = _EXPECTED[fault]
        if isinstance(detail["input"], float):
            fix = "write it in digits alone, without a point or an exponent"
        return WorldProblem(f"{key} must be {expected}, not {kind(detail['input'])}", path, fix=fix)
    if fault == "literal_error":
        choices = re.findall("'([^']*)'", detail["ctx"]["expected"])
        return WorldProblem(f"{key} has an unknown value", path, known=known_names(str(detail["input"]), choices))
    if fault in _BOUNDS:
        key_of_bound, words = _BOUNDS[fault]
        return WorldProblem(f"{key} must be {detail['ctx'][key_of_bound]} or {words}", path)
    if fault == "value_error":
        return WorldProblem(str(detail["ctx"]["error"]), path)
    return WorldProblem(f"{key}: {detail['msg'][0].lower()}{detail['msg'][1:]}", path)
