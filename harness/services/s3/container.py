"""Moto in a container."""

from __future__ import annotations

from urllib.request import Request, urlopen

from harness.errors import ServiceUnavailable
from harness.services.containers.container import Container
from harness.services.s3.clients import Endpoint

RESET_S = 30


class MotoContainer:
    """A server for one lease after the other, up when made.

    Args:
        image: as moto's own: it listens on port 5000.
    Attributes:
        endpoint: where it answers.
    Raises: ServiceUnavailable.
    """

    def __init__(self, image: str) -> None:
        self._image, self._container = image, Container("s3", image, {})
        host, port = self._container.start()
        self.endpoint = Endpoint(f"http://{host}:{port}", f"{host}:{port}")

    def emptied(self) -> bool:
        """Forget all that it holds, of every service of AWS. Raises: ServiceUnavailable: it is no moto.

        Source: moto's page "Server mode", "Reset API".
        """
        try:
            urlopen(Request(f"{self.endpoint.url}/moto-api/reset", method="POST"), timeout=RESET_S).close()
        except OSError as error:
            raise ServiceUnavailable(
                f"the container of s3 cannot be emptied for the next test: {error}",
                where=self._image,
                fix="take an image of moto's, as motoserver/moto",
            ) from None
        return True

    def close(self) -> None:
        """Remove it; a second call does nothing."""
        self._container.close()
