"""The services of a test's world, and fixtures of their names: each started once a pytest run, when first needed."""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.project import NOTES, project_of
from harness.services.named import FIXTURES

if TYPE_CHECKING:
    from harness.services.base import Service
    from harness.services.binding import Leases, Services
    from harness.services.drivers import Choice
    from harness.world import World


INPUT = "airflow_harness_services"
PATIENCE_S = 5
"""How long the server process waits for a caller to say the secret."""

_FIELDS = ("where", "known", "why", "fix", "again")


class ServerProcess:
    """The services that all workers of xdist share; answers whoever knows the secret with the token of one of them.

    Attributes:
        address: ``port:secret``; a port of 127.0.0.1, so that a controller that is killed leaves no file.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._services: Services | None = None
        self._ended = False
        self._secret = secrets.token_hex(16)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"{self._socket.getsockname()[1]}:{self._secret}"
        self._thread = threading.Thread(target=self._serve, name="airflow-harness-server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and take the services down."""
        self._ended = True
        with suppress(OSError):
            socket.create_connection(self._socket.getsockname()).close()
        self._thread.join()
        self._socket.close()
        if self._services is not None:
            self._services.close()

    def _serve(self) -> None:
        while not self._ended:
            worker, _ = self._socket.accept()
            with worker, suppress(OSError):
                worker.settimeout(PATIENCE_S)
                said, _, wanted = worker.makefile("rb").readline(300).decode(errors="replace").partition(" ")
                if not self._ended and secrets.compare_digest(said.encode(), self._secret.encode()):
                    worker.sendall(json.dumps(self._answer(wanted.strip())).encode())

    def _answer(self, wanted: str) -> dict[str, Any]:
        """The token of ``service driver``, or why there is none."""
        from harness.errors import HarnessError
        from harness.services.binding import Services
        from harness.services.drivers import Choice
        from harness.services.registry import service_class

        name, _, driver = wanted.partition(" ")
        try:
            self._services = self._services or Services(opener=opener(None, self._config))
            return {"token": self._services.open(service_class(name), Choice.of(driver, "a worker")).share()}
        except HarnessError as error:
            return {"fact": error.fact, **{field: getattr(error, field) for field in _FIELDS}}
        except Exception as error:
            return {"fact": f"the pytest controller could not start {name}: {type(error).__name__}: {error}"}


SERVER_PROCESS = pytest.StashKey[ServerProcess]()


def open_server_process(node: Any) -> None:
    """Tell a new worker of pytest-xdist where the server process is."""
    config: pytest.Config = node.config
    if SERVER_PROCESS not in config.stash:
        server_process = config.stash[SERVER_PROCESS] = ServerProcess(config)
        config.add_cleanup(server_process.stop)
    node.workerinput[INPUT] = config.stash[SERVER_PROCESS].address


def server_process_of(config: pytest.Config) -> str | None:
    """The address of the controller's server process; None when this process is no xdist worker."""
    found: dict[str, Any] = getattr(config, "workerinput", {})
    return found.get(INPUT)


def ask(address: str, service: type[Service], choice: Choice) -> Service:
    """A service that the controller shares. Raises: ServiceUnavailable."""
    from harness.errors import ServiceUnavailable

    answer = b""
    try:
        port, _, secret = address.partition(":")
        with socket.create_connection(("127.0.0.1", int(port))) as server_process:
            server_process.sendall(f"{secret} {service.name} {choice.text}\n".encode())
            while chunk := server_process.recv(65536):
                answer += chunk
        found: dict[str, Any] = json.loads(answer)
    except (OSError, ValueError) as error:
        raise ServiceUnavailable(
            f"the pytest controller does not answer: {error}",
            fix="run again; with -n 0 the server starts in this process",
        ) from None
    if "token" not in found:
        raise ServiceUnavailable(found.pop("fact"), **found)
    return service.attached(found["token"])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell of services whose clocks are real while simulations have virtual time, and of what ``.env`` declares."""
    for note in config.stash.get(NOTES, {}):
        terminalreporter.write_line(f"airflow-harness: note: {note}")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of pytest-xdist has ended: what it had to tell of clocks is the controller's to tell."""
    notes = getattr(node, "workeroutput", {}).get(INPUT, [])
    node.config.stash.setdefault(NOTES, {}).update(dict.fromkeys(notes))


def opener(address: str | None, config: pytest.Config) -> Callable[[type[Service], Choice], Service]:
    """How a service is brought up in this process.

    Args:
        address: of the controller's server process; None where there is none.
    """

    def opened(service: type[Service], choice: Choice) -> Service:
        from harness.services.binding import clock_note, opened

        reason = service.why_clock_is_real(choice.driver)
        if reason is not None:
            notes = config.stash.setdefault(NOTES, {})
            notes[clock_note(service.name, reason)] = None
            if (output := getattr(config, "workeroutput", None)) is not None:
                output[INPUT] = list(notes)
        if address is not None and service.is_shared(choice.driver):
            return ask(address, service, choice)
        return opened(service, choice)

    return opened


@pytest.fixture(scope="session")
def _airflow_services(pytestconfig: pytest.Config) -> Iterator[Services]:
    from harness.services.binding import Services

    services = Services(project_of(pytestconfig).drivers, opener(server_process_of(pytestconfig), pytestconfig))
    yield services
    services.close()


@pytest.fixture
def _airflow_leases(
    request: pytest.FixtureRequest, _airflow_services: Services, _airflow_wider_world: World | None
) -> Iterator[Leases]:
    from harness.services.binding import Leases

    leases = Leases(_airflow_services, request.node.name, _airflow_wider_world)
    yield leases
    leases.end()


class ServiceFixture:
    """A service of a test: what the lease of its first connection has, and `of`.

    Raises: UsageError, ServiceUnavailable: there is none, or it cannot start.
    """

    def __init__(self, name: str, leases: Leases, world: World) -> None:
        from harness.services.views import ServiceView

        self._view = ServiceView(name, leases, world)
        self._first = self._view.first()

    def of(self, conn_id: str) -> Any:
        """The lease of one connection of the world, where several ask for the service."""
        return self._view(conn_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._first, name)

    def __repr__(self) -> str:
        return repr(self._first)


def service_fixtures() -> dict[str, Any]:
    """The fixtures that are called as a service, and their second names."""
    made: dict[str, Any] = {}
    for name, about in FIXTURES.items():
        made |= _fixtures_of(name, about)
    return made


def _fixtures_of(service: str, about: str) -> dict[str, Any]:
    def first(_airflow_leases: Leases, _airflow_world: World) -> ServiceFixture:
        return ServiceFixture(service, _airflow_leases, _airflow_world)

    def second(_airflow_leases: Leases, airflow_world: World) -> ServiceFixture:
        return ServiceFixture(service, _airflow_leases, airflow_world)

    first.__doc__ = about
    second.__doc__ = f"The fixture ``{service}``: {about.partition(':')[0].lower()}."
    names = (service, f"airflow_{service}")
    return {name: pytest.fixture(name=name)(function) for name, function in zip(names, (first, second), strict=True)}
