"""A call of AWS as it arrived: which operation of which service, with which parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

_BOTO_NAMES = {
    "aps": "amp",
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "email": "ses",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
"""Name that a signature has -> name that boto3 has, where they differ. Source: ``signingName`` in botocore's models."""


@dataclass(frozen=True)
class AwsRequest:
    """A call as AWS would get it.

    Attributes:
        service: as boto3 names it: ``sagemaker``.
        method, path, query, headers, body: of the HTTP request; the query without its ``?``.
        at: when it came, in the run's time.
    """

    service: str
    method: str = field(repr=False)
    path: str = field(repr=False)
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    at: datetime = field(default_factory=lambda: datetime.now(timezone.utc), repr=False)

    @property
    def operation(self) -> str | None:
        """As Amazon names it: ``CreateEndpoint``. None where neither the call nor moto tells."""
        return self._read[0]

    @property
    def parameters(self) -> dict[str, Any]:
        """What a client of boto3 was called with; without what it may add by itself, as checksums."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[str | None, dict[str, Any]]:
        """By moto's model of the service; what moto has not is told by the request itself, in JSON or a form."""
        try:
            return self._read_by_model()
        except Exception:  # no model of that service, an operation newer than moto: what is there stands in the request
            return self._read_plainly()

    def _read_by_model(self) -> tuple[str | None, dict[str, Any]]:
        from moto.core.parse import PROTOCOL_PARSERS
        from moto.core.request import Request, determine_request_protocol
        from moto.core.routing import get_service_router
        from moto.core.utils import get_service_model

        query = f"?{self.query}" if self.query else ""
        asked = Request.from_primitives(self.method, f"http://aws{self.path}{query}", self.headers, self.body)
        asked.environ["RAW_URI"] = f"{self.path}{query}"
        operation, labels = get_service_router(self.service).match(asked)
        protocol = determine_request_protocol(get_service_model(self.service), asked.content_type)
        parts = {
            "method": asked.method,
            "values": asked.values,
            "headers": asked.headers,
            "body": asked.data,
            "url_path": asked.path,
            "url_params": labels,
        }
        return str(operation.name), dict(PROTOCOL_PARSERS[protocol](operation).parse(parts))

    def _read_plainly(self) -> tuple[str | None, dict[str, Any]]:
        target = next((value for name, value in self.headers.items() if name.lower() == "x-amz-target"), None)
        text = self.body.decode("utf-8", "replace")
        if target is not None:
            return target.rpartition(".")[2], json.loads(text or "{}")
        form = {name: values[0] for name, values in parse_qs(text or self.query).items()}
        return form.pop("Action", None), form


def service_of(headers: Mapping[str, str], query: str) -> str:
    """The service that a request is signed for; S3 where it is not signed.

    Source: Amazon's "Signature Version 4": ``Credential=key/date/region/service/aws4_request``.
    """
    signed = headers.get("Authorization", "") or parse_qs(query).get("X-Amz-Credential", [""])[0]
    scope = signed.partition("Credential=")[2].partition(",")[0] or signed
    parts = scope.split("/")
    name = parts[3].lower() if len(parts) > 4 else "s3"
    return _BOTO_NAMES.get(name, name)
