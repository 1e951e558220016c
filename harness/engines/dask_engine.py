"""Parts done by the workers of a Dask cluster, found by the address of its scheduler.

A simulation moves the clock of its whole process, which a worker's own cannot bear. So each part goes to a child of the
worker (`harness.engines.serving`), which keeps the Dags for the next one.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from typing import Any

from harness.engines.serving import Job, ServerLost, served_part, versions
from harness.errors import EngineUnavailable, PackageMissing, UsageError

PATIENCE_S = 10
"""Real time that a scheduler has to answer."""


@contextmanager
def connected(url: str, job: Job) -> Iterator[DaskWorkers]:
    """The workers of a scheduler, for the block.

    Args:
        job: what they do parts of.
    Raises: PackageMissing: Dask is not installed. EngineUnavailable: the scheduler does not answer, or its workers are
        none, or are not what is needed. UsageError: the URL is of another kind.
    """
    kind, mark, address = url.partition("://")
    if kind != "dask" or not (mark and address):
        fact = f"{url!r} is no engine that the harness knows"
        raise UsageError(fact, known="dask://HOST:PORT, of a scheduler", fix="correct it, or share the work with -j")
    try:
        import distributed  # noqa: F401
    except ImportError:
        fact = f"{url} needs the package distributed, which is not installed"
        raise PackageMissing(fact, fix="pip install 'airflow-harness[dask]'") from None
    engine = DaskWorkers(address, job)
    engine.see()
    try:
        yield engine
    finally:
        engine.renew()


class DaskWorkers:
    """Those of one scheduler.

    Args:
        address: host and port.
        job: what they do parts of.
    """

    losses: tuple[type[Exception], ...] = (ServerLost, CancelledError)

    def __init__(self, address: str, job: Job) -> None:
        self._address, self._job = address, job
        self._client: Any = None
        self._executor: Any = None
        self.workers = 1

    def see(self) -> None:
        """See that there are workers, and that they have what is installed here.

        Not connected beyond that: what goes on here before the first part is simulated moves this process's clock.
        Raises: EngineUnavailable.
        """
        client = self._connected()
        try:
            known = client.scheduler_info(n_workers=-1)["workers"]
            self.workers = sum(one["nthreads"] for one in known.values())
            if not self.workers:
                fact = f"the scheduler of dask://{self._address} has no workers"
                raise EngineUnavailable(fact, fix=f"dask worker {self._address}")
            ours = versions()
            for worker, theirs in self._versions_there(client).items():
                if theirs != ours:
                    fact = f"worker {worker} of dask://{self._address} has {theirs}; here is {ours}"
                    raise EngineUnavailable(fact, fix=_THE_SAME)
        finally:
            client.close()

    def _versions_there(self, client: Any) -> dict[str, str]:
        try:
            found: dict[str, str] = client.run(_versions)
        except Exception as error:  # of Dask: a worker without this package cannot read a function of it
            fact = f"a worker of dask://{self._address} cannot say what it has: {type(error).__name__}: {error}"
            raise EngineUnavailable(fact, known=f"here is {versions()}", fix=_THE_SAME) from None
        return found

    def _connected(self) -> Any:
        from distributed import Client
        from distributed.scheduler import KilledWorker

        self.losses = (ServerLost, CancelledError, KilledWorker)
        open_client: Any = Client
        try:
            return open_client(f"tcp://{self._address}", timeout=PATIENCE_S, set_as_default=False)
        except (OSError, ValueError) as error:
            fact = f"the scheduler of dask://{self._address} does not answer: {error}"
            fix = "start it (dask scheduler), or correct the address"
            raise EngineUnavailable(fact, known=f"waited {PATIENCE_S} s", fix=fix) from None

    def submit(self, part: Any) -> Future[Any]:
        """See `harness.engines.local.Engine`."""
        if self._executor is None:
            self._client = self._connected()
            self._executor = self._client.get_executor(pure=False)
        future: Future[Any] = self._executor.submit(served_part, self._job, pickle.dumps(part))
        return future

    def result(self, future: Future[Any]) -> Any:
        """See `harness.engines.local.Engine`."""
        return pickle.loads(future.result())

    def renew(self) -> None:
        """See `harness.engines.local.Engine`: parts that go on are dropped, and no worker ends."""
        client, self._client, self._executor = self._client, None, None
        if client is not None:
            with suppress(OSError, TimeoutError):
                client.close()


_THE_SAME = "install the same there: Python, Airflow and airflow-harness"


def _versions() -> str:
    try:
        return versions()
    except Exception as error:  # whatever is missing there
        return f"{type(error).__name__}: {error}"
