"""Stubs from raw values: the shape of one for pydantic, and what it comes to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, model_validator

from harness.world.document import EntrySpec, Span, check
from harness.world.duration import duration
from harness.world.entries import Stub
from harness.world.problem import EntryError, WorldProblem, kind

_OUTCOMES = ("returns", "raises", "state", "follows", "does", "runs")
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)


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


def _can_be_raised(value: object) -> bool:
    is_class = isinstance(value, type) and issubclass(value, BaseException)
    return is_class or isinstance(value, (str, BaseException))


def read_stub(value: object) -> Stub:
    """A stub from one mapping, from nothing at all, or from a list of mappings, one for each try."""
    if not isinstance(value, (list, tuple)):
        return _stub({} if value is None else value)
    if not value:
        raise EntryError(WorldProblem("a list of tries cannot be empty", fix="give what happens at each try"))
    tries, problems = [], []
    for number, one in enumerate(value, 1):
        try:
            if isinstance(one, Mapping) and "fails" in one:
                raise EntryError(WorldProblem("fails has no place in a list of tries", fix="give raises: for each"))
            tries.append(_stub({} if one is None else one))
        except EntryError as invalid:
            problems += [
                WorldProblem(f"try {number}: {each.fact}", known=each.known, fix=each.fix) for each in invalid.problems
            ]
    if problems:
        raise EntryError(*problems)
    return Stub(tries=tuple(tries))


def _stub(value: object) -> Stub:
    spec = check(StubSpec, value)
    try:
        takes = None if spec.takes is None else duration(spec.takes)
    except ValueError as error:
        raise EntryError(WorldProblem(f"takes: {error}", ("takes",))) from None
    return Stub(  # not model_dump(): it would copy, and refuse, what a test returns
        returns=spec.returns,
        raises=spec.raises,
        state=spec.state,
        follows=None if spec.follows is None else tuple(spec.follows),
        fails=spec.fails,
        runs=spec.itself,
        does=spec.does,
        xcoms=spec.xcoms,
        takes=takes,
    )
