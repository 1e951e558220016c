"""Cases and histories as JSON: what the tests' process and the oracle's process say to each other."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, TypeVar, Union, get_args, get_origin

T = TypeVar("T")


def encode(value: Any) -> Any:
    """Turn dataclasses, tuples and dicts into what JSON knows; a dict whose keys are no strings becomes pairs."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {key: encode(one) for key, one in value.items()}
        return [[encode(key), encode(one)] for key, one in value.items()]
    if isinstance(value, (list, tuple)):
        return [encode(one) for one in value]
    return value


def decode(kind: type[T], data: Any) -> T:
    """Build a `kind` from what `encode` made of one: the type hints say where tuples and dataclasses were."""
    built: T = _decode(kind, data)
    return built


def _decode(kind: Any, data: Any) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if data is None else _decode(_member(args, data), data)
    if origin is tuple:
        inner = (args[0],) * len(data) if args[-1] is Ellipsis else args
        return tuple(_decode(one, item) for one, item in zip(inner, data, strict=True))
    if origin is dict:
        pairs = data.items() if isinstance(data, dict) else data
        return {_decode(args[0], key): _decode(args[1], one) for key, one in pairs}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{name: _decode(hints[name], one) for name, one in data.items()})
    return data


def _member(args: tuple[Any, ...], data: Any) -> Any:
    """The member of a union that `data` was; scalars decode alike whichever it is."""
    kinds = [one for one in args if one is not type(None)]
    structured = [one for one in kinds if get_origin(one) or dataclasses.is_dataclass(one)]
    return structured[0] if structured and isinstance(data, (list, dict)) else kinds[0]
