"""The schemas of our documents, and whether a document keeps to its own."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.repo.sources import ROOT

FOLDER = ROOT / "docs" / "schemas"


def schemas() -> dict[str, dict[str, Any]]:
    """Name of a document -> its schema."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def faults(name: str, document: Any) -> list[str]:
    """What of a document its schema does not allow, or does not know: readers may see more fields, we may not.

    Args:
        name: of the document: ``run``, ``check``.
        document: as it is after a way through JSON.
    """
    strict = {one: _closed(schema) for one, schema in schemas().items()}
    registry = Registry().with_resources(
        (f"{one}.json", Resource.from_contents(schema)) for one, schema in strict.items()
    )
    validator = Draft202012Validator({"$ref": f"{name}.json"}, registry=registry)
    found = validator.iter_errors(json.loads(json.dumps(document, allow_nan=False)))
    return [f"{error.json_path}: {error.message}" for error in found]


def _closed(schema: Any, within: bool = False) -> Any:
    """The schema without room for fields it does not name.

    Args:
        within: a part of an ``allOf``, an ``if`` or a ``then``, whose other parts name fields too.
    """
    if isinstance(schema, list):
        return [_closed(one, within) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _closed(value, key in ("allOf", "if", "then")) for key, value in schema.items()}
    record = schema.get("title") == "A record of a journal"  # what it holds depends on its kind
    if "properties" in schema and "required" in schema and not within and not record:
        made.setdefault("unevaluatedProperties", False)
    return made
