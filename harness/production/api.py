"""Airflow's public REST API, read and never written: page by page, with one clear error for each way it can fail.

Source: airflow/api_fastapi/core_api/routes/public (3.1.8, 3.3.2).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from harness.errors import ProductionUnavailable, UsageError

PAGE = 100
"""Airflow's ``[api] maximum_page_limit``."""
LIMIT_S = 60.0
_PREFIX = "/api/v2"
TOKEN = "AIRFLOW_API_TOKEN"
_TOKEN_FIX = f"put a token into {TOKEN}, as POST /auth/token of that Airflow gives one for a user and a password"


class Answers(Protocol):
    """Whoever answers what Airflow's API is asked.

    Attributes:
        name: where the answers come from, without any secret.
    """

    name: str

    def get(self, path: str, **query: Any) -> Any:
        """One answer, JSON. Raises: ProductionUnavailable."""


class AnswerPart(dict[str, Any]):
    """What an answer tells of one thing.

    Another version of Airflow, or an edited file of answers, may lack a field: whoever asks for it is told of which
    answer it is, and `get` is for fields that may be missing.
    """

    def __init__(self, fields: Mapping[str, Any], answered: str) -> None:
        super().__init__(fields)
        self._answered = answered

    def __missing__(self, name: str) -> Any:
        raise ProductionUnavailable(
            f"{self._answered} without {name!r}",
            known=", ".join(self) or "(nothing)",
            fix="see that an Airflow 3 answers; save its answers anew where a file does",
        )


def checked(answer: Any, answered: str) -> Any:
    """An answer whose objects name what they lack.

    Args:
        answered: who answers what, as in ``https://airflow.example.com answers /pools``.
    """
    if isinstance(answer, dict):
        return AnswerPart({name: checked(one, answered) for name, one in answer.items()}, answered)
    return [checked(one, answered) for one in answer] if isinstance(answer, list) else answer


class RestApi:
    """The API at an address.

    Args:
        url: of the web server, with or without ``/api/v2``; a user and password in it are sent, and never shown.
        token: None for an Airflow that asks for none.
    Raises: UsageError: no address.
    """

    def __init__(self, url: str, token: str | None) -> None:
        import httpx

        try:
            address = httpx.URL(url)
        except (httpx.InvalidURL, TypeError):
            address = httpx.URL()
        if address.scheme not in ("http", "https") or not address.host:
            raise UsageError("SOURCE is no address of an Airflow, and no file", fix="write https://airflow.example.com")
        path = address.path.rstrip("/").removesuffix(_PREFIX)
        address = address.copy_with(path=path or "/", query=None, fragment=None)
        self.name = str(address.copy_with(userinfo=b"")).rstrip("/")
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._base = str(address).rstrip("/") + _PREFIX
        self._client = httpx.Client(headers=headers, timeout=LIMIT_S)

    def get(self, path: str, **query: Any) -> Any:
        """One answer. Raises: ProductionUnavailable: not reached, refused, or no Airflow 3."""
        import httpx

        try:
            answer = self._client.get(self._base + path, params=query)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            fix = "see whether it is up, and reached from here"
            raise ProductionUnavailable(f"{self.name} does not answer: {reason}", fix=fix) from None
        if answer.status_code != 200:
            raise self._refusal(path, answer.status_code, _detail(answer))
        try:
            return checked(answer.json(), f"{self.name} answers {path}")
        except ValueError:
            raise self._no_airflow() from None

    def _refusal(self, path: str, status: int, detail: str) -> ProductionUnavailable:
        if status == 401:
            return ProductionUnavailable(f"{self.name} does not know who asks (401)", known=detail, fix=_TOKEN_FIX)
        if status == 403:
            fact = f"{self.name} does not let this user read {path} (403)"
            return ProductionUnavailable(fact, known=detail, fix="take a token of a user who may read it")
        if status == 404 and path != "/version":
            return NotThere(f"{self.name} has no {path}", known=detail)
        if status == 404 or 300 <= status < 400:
            return self._no_airflow()
        return ProductionUnavailable(f"{self.name} answers {path} with {status}", known=detail, fix="try again later")

    def _no_airflow(self) -> ProductionUnavailable:
        return ProductionUnavailable(
            f"{self.name} is no Airflow 3: it has no {_PREFIX}/version",
            fix="name the address that a browser opens, up to the path before /dags",
        )

    def close(self) -> None:
        """Close its connections."""
        self._client.close()


class NotThere(ProductionUnavailable):
    """Airflow has nothing of that name."""


def _detail(answer: Any) -> str:
    """What Airflow says of a refusal, in a line; a page of a proxy says nothing."""
    try:
        told = answer.json().get("detail")
    except (ValueError, AttributeError):
        return ""
    return " ".join(str(told).split())[:300] if told else ""


class SavedAnswers:
    """Answers that `Saving` kept in a file: of an Airflow that is not reached from here.

    Raises: UsageError: no such file, or another one.
    """

    def __init__(self, file: Path) -> None:
        fix = "name a file that import --save wrote"
        self._file = file
        try:
            read = json.loads(file.read_text(encoding="utf-8"))
            self.name, self._answers = str(read["source"]), dict(read["answers"])
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}", fix=fix) from None
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{file} holds no answers of an Airflow", fix=fix) from None

    def get(self, path: str, **query: Any) -> Any:
        """One answer. Raises: ProductionUnavailable: it was not asked for then."""
        try:
            return checked(self._answers[_key(path, query)], f"{self._file} answers {path}")
        except KeyError:
            fact = f"{path} was not asked for when the answers were saved"
            raise ProductionUnavailable(fact, fix="save them with the options of now") from None

    def close(self) -> None:
        """Nothing to close."""


class Saving:
    """Passes answers on, and keeps them in a file at the end, closed to others."""

    def __init__(self, answers: RestApi | SavedAnswers, file: Path) -> None:
        self._inner, self._file, self.name = answers, file, answers.name
        self._kept: dict[str, Any] = {}

    def get(self, path: str, **query: Any) -> Any:
        """One answer. Raises: as of whom it comes."""
        found = self._inner.get(path, **query)
        self._kept[_key(path, query)] = found
        return found

    def __enter__(self) -> Saving:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if kind is None:
            self._file.touch(mode=0o600)
            text = json.dumps({"source": self.name, "answers": self._kept}, indent=1, ensure_ascii=False)
            self._file.write_text(text + "\n", encoding="utf-8")

    def close(self) -> None:
        """Close what it asks."""
        self._inner.close()


def _key(path: str, query: dict[str, Any]) -> str:
    return path + (f"?{urlencode(sorted(query.items()))}" if query else "")


def version(answers: Answers) -> str:
    """The version of the Airflow. Raises: ProductionUnavailable: it is no Airflow 3."""
    told = answers.get("/version")
    found = str(told.get("version", "")) if isinstance(told, dict) else ""
    if not found.startswith(("3.", "4.")):
        fact = f"{answers.name} is no Airflow 3" + (f": it says {found}" if found else "")
        raise ProductionUnavailable(fact, fix="name the address of an Airflow 3")
    return found


def pages(answers: Answers, path: str, name: str, most: int | None = None, **query: Any) -> Iterator[dict[str, Any]]:
    """The items of a collection, page by page.

    Args:
        name: of the collection in the answer.
        most: no more than these.
    """
    offset = 0
    while True:
        limit = PAGE if most is None else min(PAGE, most - offset)
        found = answers.get(path, **query, limit=limit, offset=offset)[name]
        yield from found
        offset += len(found)
        if len(found) < limit or offset == most:
            return


def quoted(name: str) -> str:
    """A part of a path."""
    return quote(name, safe="")
