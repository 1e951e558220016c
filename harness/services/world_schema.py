"""The JSON Schema of a world file whose connections may name services, each with the keys that it takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from harness.services.base import Service
from harness.services.drivers import CONTAINER
from harness.world import schema
from harness.world.document import ConnectionSpec


def world_schema(services: Iterable[type[Service]]) -> dict[str, Any]:
    """The schema, as an editor reads it: with an entry for each service.

    Args:
        services: what `harness.services.registry` has.
    """
    made = schema.schema()
    fields = schema.without_titles(ConnectionSpec.model_json_schema()["properties"])
    answering = list(services)
    events = [service.event for service in answering if service.event is not None]
    asked = [*((service.options, "validation") for service in answering), *((one, "validation") for one in events)]
    names, shared = models_json_schema(asked, ref_template="#/$defs/{model}")  # type: ignore[arg-type]
    definitions: dict[str, Any] = schema.without_titles(shared["$defs"])
    for service in answering:
        name = names[service.options, "validation"]["$ref"].rpartition("/")[2]
        options = definitions[name]["properties"]
        driver: dict[str, Any] = {**options["driver"], "enum": ["auto", *service.drivers]}
        if CONTAINER in service.drivers:
            driver = {"anyOf": [driver, {"type": "string", "pattern": f"^{CONTAINER}:.+"}]}
        made["$defs"][schema.CONNECTION]["anyOf"].append(
            {
                "description": f"{service.title[:1].upper()}{service.title[1:]}.",
                "type": "object",
                "properties": {
                    "service": {"const": service.name},
                    **{key: fields[key] for key in schema.BESIDE_A_SERVICE},
                    **options,
                    "driver": driver,
                },
                "required": ["service"],
                "additionalProperties": False,
            }
        )
        if service.event is not None:
            happening = names[service.event, "validation"]
            made["$defs"][schema.EVENT]["properties"][service.name] = happening
    inside = {names[service.options, "validation"]["$ref"].rpartition("/")[2] for service in answering}
    made["$defs"] |= {name: one for name, one in definitions.items() if name not in inside}
    return made
