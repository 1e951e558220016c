"""Clients of boto3 that know of nothing but what they are told: no profile, no proxy, no setting of the shell's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote

import boto3
import botocore.auth
import botocore.session
import time_machine
from botocore.config import Config
from botocore.configprovider import ConstantProvider

OURS = "airflow-harness"
"""What user agents of the harness's own clients end with: what a test looks up is no call of a task's."""


@dataclass(frozen=True)
class Endpoint:
    """Where an S3 answers.

    Attributes:
        url: ``http://host:port``.
        peer: ``host:port``.
        key, secret: what it takes; percent-encoded as in an URL.
    """

    url: str
    peer: str
    key: str = "testing"
    secret: str = field(default="testing", repr=False)

    @property
    def keys(self) -> tuple[str, str]:
        """The two as they are."""
        return unquote(self.key), unquote(self.secret)


@contextmanager
def signing_in_real_time() -> Iterator[None]:
    """Signatures of the block have the real date: a server that is not of this process refuses one of another day."""
    former = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = _real_datetime
    try:
        yield
    finally:
        botocore.auth.get_current_datetime = former


def _real_datetime(remove_tzinfo: bool = True) -> datetime:
    """As botocore's, whatever the process's clock says."""
    real = time_machine.escape_hatch
    clock = real.datetime.datetime if real.is_travelling() else datetime
    now: datetime = clock.now(timezone.utc)
    return now.replace(tzinfo=None) if remove_tzinfo else now


class Clients:
    """One session for all: what AWS offers is read from disk once, in 250 ms; a further client takes 10."""

    def __init__(self) -> None:
        session = botocore.session.Session()
        settings = session.get_component("config_store")
        settings.set_config_provider("profile", ConstantProvider(None))  # AWS_PROFILE may name one of another laptop's
        settings.set_config_provider("config_file", ConstantProvider(os.devnull))
        settings.set_config_provider("credentials_file", ConstantProvider(os.devnull))
        self._session = boto3.session.Session(botocore_session=session)

    def client(self, service: str, endpoint: Endpoint, region: str) -> Any:
        """A client of one of AWS's services."""
        key, secret = endpoint.keys
        return self._session.client(
            service,
            endpoint_url=endpoint.url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(
                proxies={},
                retries={"total_max_attempts": 2, "mode": "standard"},
                s3={"addressing_style": "path"},
                user_agent_extra=OURS,
                connect_timeout=5,
                read_timeout=30,
            ),
        )
