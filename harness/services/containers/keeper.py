"""A small process that owns one container, and removes it when whoever asked for it is gone.

Run as a program with ``-I``. testcontainers starts the container here and not in the owner: its waits poll Python's
clock, which may be virtual there, and its modules would be in the way of a test's own. Ryuk, testcontainers' reaper, is
an image more to be pulled, and knows of a container only once that runs; this process knows before.

It reads one JSON line (see ``ContainerOrder``) and reports events as JSON lines; then any input, the end of input or a
new parent process means: remove the container, exit. With a label as argument it sweeps up after a keeper that was
killed. What nobody swept goes when the next container is started.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Any, NoReturn, TypedDict

POLL_S = 0.5
"""How often the parent is looked at."""

REMOVE_S = 10.0
"""For how long a container is looked for that Docker may still be making."""

RUN, KEEPER = "airflow-harness.run", "airflow-harness.keeper"
"""Labels of a container: a name made up for it, and the process that keeps it."""

LOG_LINES = 15
INSTEAD = "or use another driver: airflow-harness doctor tells which work here"


HOST = "127.0.0.1"
_OWNERS = dict(os.environ)
_WHERE = ("TC_HOST", "TESTCONTAINERS_HOST_OVERRIDE", "TESTCONTAINERS_CONNECTION_MODE")


class ContainerOrder(TypedDict):
    """What to start.

    ``kind`` is one of `KINDS`, ``run`` the container's label, ``words`` what its kind is told: user, password, name of
    a database.
    """

    owner: int
    kind: str
    image: str
    run: str
    words: dict[str, str]


class NoContainer(Exception):
    """There will be no container.

    Args:
        fact: what is wrong, as it follows "the container of NAME".
        fix: what would mend it.
        known: more to say.
    """

    def __init__(self, fact: str, fix: str, known: str | None = None) -> None:
        super().__init__(fact)
        self.fact, self.fix, self.known = fact, fix, known


def main() -> None:
    """Keep one container until the owner is gone."""
    os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
    if at_home():
        os.environ |= {"TESTCONTAINERS_CONNECTION_MODE": "docker_host", "TESTCONTAINERS_HOST_OVERRIDE": HOST}
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: os.close(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.argv[1:]:
        remove(connected(), f"{RUN}={sys.argv[1]}", REMOVE_S)
        return
    events = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a print of a library would stand between the events
    line = sys.stdin.buffer.readline()
    if line.endswith(b"\n"):  # else the owner died while it was ordering
        Keeping(json.loads(line), events).run()


class Keeping:
    """One container, from its start until the owner is gone.

    Args:
        order: what it is.
        events: the descriptor to report to.
    """

    def __init__(self, order: ContainerOrder, events: int) -> None:
        self._order, self._events = order, events
        self._started = threading.Event()
        self._client: Any = None

    def run(self) -> None:
        """Start it beside the watch over the owner: starting takes seconds, and the owner may die in each of them."""
        threading.Thread(target=self._start, daemon=True).start()
        while os.getppid() == self._order["owner"]:
            try:
                if select.select([0], [], [], POLL_S)[0]:
                    break
            except (OSError, ValueError):  # a signal closed it
                break
        if self._client is not None:
            remove(self._client, f"{RUN}={self._order['run']}", REMOVE_S, self._started)
        os._exit(0)

    def _start(self) -> None:
        try:
            self._client = connected()
            sweep(self._client)
            host, port = started(self._client, self._order)
            self._report(event="serving", host=host, port=port)
        except NoContainer as refused:
            self._report(event="failed", fact=refused.fact, fix=refused.fix, known=refused.known)
        except Exception as error:
            fact = f"does not start: {type(error).__name__}: {_first_line(error)}"
            self._report(event="failed", fact=fact, fix=f"see `docker info`, {INSTEAD}", known=self._log())
        finally:
            self._started.set()

    def _report(self, **event: object) -> None:
        """Tell the owner, if it still listens."""
        with suppress(OSError):
            os.write(self._events, json.dumps(event).encode() + b"\n")

    def _log(self) -> str | None:
        """The end of what the container wrote, if there is one."""
        with suppress(Exception):
            (container,) = found(self._client, f"{RUN}={self._order['run']}")
            lines = container.logs(tail=LOG_LINES).decode(errors="replace").splitlines()
            return "\n          ".join(["the log ends:", *lines]) if lines else "the log is empty"
        return None


def at_home() -> bool:
    """Whether Docker's ports are this machine's, as far as we know: nobody says where they are.

    testcontainers believes of a machine that is a container itself (``/.dockerenv``) that its Docker is somebody
    else's, and hands out a gateway, which tasks may not reach. Where that is so, one says so to it by its variables.
    """
    return not any(name in _OWNERS for name in _WHERE) and _OWNERS.get("DOCKER_HOST", "unix:").startswith("unix:")


def connected() -> Any:
    """A client of Docker, where testcontainers looks for one. Raises: NoContainer."""
    try:
        from docker.errors import DockerException
        from testcontainers.core.docker_client import DockerClient
    except ImportError as missing:
        fix = 'pip install "airflow-harness[containers]"'
        raise NoContainer(f"needs testcontainers, which is not installed ({missing})", fix) from None
    try:
        return DockerClient(timeout=60).client
    except DockerException as error:
        text = str(error)
    where = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if "PermissionError" in text:
        raise NoContainer(
            f"may not use Docker: no permission for {where}",
            f"sudo usermod -aG docker $USER, and log in again, {INSTEAD}",
        )
    if "FileNotFoundError" in text:
        raise NoContainer(
            f"needs Docker, and there is none at {where}", f"install it, or start it (dockerd), {INSTEAD}"
        )
    raise NoContainer(f"needs Docker, which does not answer at {where}", f"start it (dockerd), {INSTEAD}", text)


def started(client: Any, order: ContainerOrder) -> tuple[str, int]:
    """Start the container and wait until it serves: its host and port. Raises: NoContainer."""
    from docker.errors import APIError, ImageNotFound

    image = order["image"]
    try:
        client.images.get(image)
    except ImageNotFound:  # testcontainers would pull it: hundreds of megabytes, in the midst of a test
        raise NoContainer(f"needs the image {image}, which is not on this machine", f"docker pull {image}") from None
    container, port = KINDS[order["kind"]](image, order["words"])
    if at_home():
        container.ports[str(port)] = (HOST,)  # Docker's default is every address of this machine
        container.with_exposed_ports = lambda *_: container  # some name theirs once more when they start
    container.with_kwargs(labels={RUN: order["run"], KEEPER: me()})
    try:
        container.start()
    except APIError as error:
        reason = str(error.explanation or error)
        if "port is already allocated" in reason or "address already in use" in reason:
            raise NoContainer(f"finds its port taken: {reason}", "run again: Docker takes another one") from None
        raise
    return container.get_container_host_ip(), int(container.get_exposed_port(port))


def _postgres(image: str, words: dict[str, str]) -> tuple[Any, int]:
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(
        image, username=words["user"], password=words["password"], dbname=words["dbname"], driver=None
    )
    # In memory: removing the container took 5.6 s of a busy machine with its data on disk, and 0.7 so.
    container.with_env("PGDATA", "/harness/data").with_command(["postgres", "-c", "fsync=off", "-c", "timezone=UTC"])
    container.tmpfs["/harness"] = "rw"
    return container, 5432


def _redis(image: str, words: dict[str, str]) -> tuple[Any, int]:
    from testcontainers.community.redis import RedisContainer

    return RedisContainer(image, password=words["password"]), 6379


def _mysql(image: str, words: dict[str, str]) -> tuple[Any, int]:
    from testcontainers.community.mysql import MySqlContainer

    container = MySqlContainer(image, username="root", password=words["password"], dbname="harness")
    container.with_command(["--skip-log-bin", "--character-set-server=utf8mb4", "--default-time-zone=+00:00"])
    container.tmpfs["/var/lib/mysql"] = "rw"  # in memory, as PostgreSQL's
    return container, 3306


def _s3(image: str, words: dict[str, str]) -> tuple[Any, int]:  # noqa: ARG001 - moto lets everybody in
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import HttpWaitStrategy

    return DockerContainer(image).with_exposed_ports(5000).waiting_for(HttpWaitStrategy(5000, "/moto-api/")), 5000


def _sftp(image: str, words: dict[str, str]) -> tuple[Any, int]:
    from testcontainers.community.sftp import SFTPContainer, SFTPUser

    user = SFTPUser(words["user"], password=words["password"], folders=words["folders"].split(","))
    return SFTPContainer(image, users=[user]), 22


def _kafka(image: str, words: dict[str, str]) -> tuple[Any, int]:  # noqa: ARG001 - it lets everybody in
    from testcontainers.community.kafka import KafkaContainer

    container = KafkaContainer(image)
    container.kraft_enabled = True  # `with_kraft` reads a version in the tag, which may be called otherwise
    return container, container.port


KINDS = {"kafka": _kafka, "mysql": _mysql, "postgres": _postgres, "redis": _redis, "s3": _s3, "sftp": _sftp}
"""Kind -> what makes its container, not started, and the port that it listens on inside."""


def found(client: Any, label: str) -> list[Any]:
    """The containers with a label, also those that do not run."""
    containers: list[Any] = client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
    return containers


def remove(client: Any, label: str, limit_s: float, settled: threading.Event | None = None) -> None:
    """Remove the containers with a label, and their volumes.

    Args:
        limit_s: for how long one is looked for that is being made.
        settled: nothing more is being made once it is set; None: that is so.
    """
    deadline_s = time.monotonic() + limit_s
    while True:
        none_follows = settled is None or settled.is_set()
        left = found(client, label)
        for container in left:
            with suppress(Exception):  # it is gone, or Docker is removing it
                container.remove(force=True, v=True)
        if (none_follows and not left) or time.monotonic() > deadline_s:
            return
        time.sleep(0.1)


def me() -> str:
    """This process, as a label: a process's number is one only within a machine's boot and a namespace of processes."""
    return f"{_machine()}:{os.getpid()}"


def sweep(client: Any) -> None:
    """Remove containers of this machine whose keepers were killed."""
    for container in found(client, KEEPER):
        machine, _, pid = container.labels[KEEPER].rpartition(":")
        if machine == _machine() and not _lives(int(pid)):
            with suppress(Exception):
                container.remove(force=True, v=True)


def _machine() -> str:
    boot, namespace = socket.gethostname(), 0
    with suppress(OSError):
        with open("/proc/sys/kernel/random/boot_id") as file:  # noqa: PTH123
            boot = file.read().strip()
        namespace = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116
    return f"{boot}/{namespace}"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"  # nobody waited for it: it is dead all the same
    except OSError:  # macOS
        return True


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or "no reason").splitlines()[0]


def _give_up(refused: NoContainer) -> NoReturn:
    sys.exit(f"{refused.fact}; {refused.fix}")


if __name__ == "__main__":
    try:
        main()
    except NoContainer as why:
        _give_up(why)
