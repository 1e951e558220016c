"""Airflow's execution API without its web server: the task runner's HTTP client calls the route functions directly.

The functions, their payload models and their answers are Airflow's own. What is left out is transport and
authentication, which cost seconds at start and some ten milliseconds a request. A route whose arguments cannot be
bound here goes through Airflow's in-process application (`in_process_api_server`).
"""

from __future__ import annotations

import asyncio
import inspect
import json
import typing
from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any, get_args, get_origin

from airflow.api_fastapi.execution_api.routes import execution_api_router
from airflow.api_fastapi.execution_api.versions import bundle
from airflow.models.dagbag import DBDagBag
from airflow.sdk.api import client as task_runner_client
from airflow.sdk.execution_time.supervisor import InProcessTestSupervisor
from airflow.utils.session import create_session
from fastapi import HTTPException, Response
from fastapi.params import Depends, Query
from pydantic import BaseModel, TypeAdapter
from starlette.routing import Match

httpx: Any = getattr(task_runner_client, "httpx2", None) or task_runner_client.httpx  # type: ignore[attr-defined]
"""The HTTP library of the task runner; another one from 3.4 on."""

ATTEMPT = "X-Airflow-In-Process-Attempt-Id"
"""Header with the id of the task instance that asks (3.4)."""


class Unbound(Exception):
    """An argument of a route that only FastAPI can provide."""


class Route:
    """One route function: its arguments bound from a request, its result turned into a response."""

    def __init__(self, route: Any) -> None:
        self.route = route
        self.hints = _hints(route.endpoint)

    @cached_property
    def answer(self) -> TypeAdapter[Any] | None:
        """How FastAPI would serialise the result; None for routes that say nothing of it."""
        return TypeAdapter(self.route.response_model) if self.route.response_model is not None else None

    def call(self, request: httpx.Request, path: dict[str, Any], dag_bag: DBDagBag) -> httpx.Response:
        """Call the function in a session of its own, as ``SessionDep`` gives it one."""
        response = Response()
        bundle.api_version_var.set(None)  # the client and the server are of one version
        with create_session(scoped=False) as session:
            given = {"session": session, "dag_bag": dag_bag, "response": response, "services": None}
            given |= self._body(request)
            result = self.route.endpoint(**_bound(self.route.endpoint, self.hints, request, path, given))
            status = response.status_code if isinstance(response.status_code, int) else None
            return self._response(result, status or self.route.status_code or 200, response)

    def _body(self, request: httpx.Request) -> dict[str, Any]:
        """The payload, validated by the field that FastAPI made of it."""
        if not request.content or not self.route.dependant.body_params:
            return {}
        (field,) = self.route.dependant.body_params
        value, errors = field.validate(json.loads(request.content), {}, loc=("body",))
        if errors:
            raise HTTPException(422, detail=[{**error, "ctx": str(error.get("ctx"))} for error in errors])
        return {field.name: value}

    def _response(self, result: Any, status: int, headers: Response) -> httpx.Response:
        if isinstance(result, Response):
            return httpx.Response(result.status_code, content=bytes(result.body))
        extra = {name: value for name, value in headers.headers.items() if name != "content-length"}
        if status == 204:
            return httpx.Response(status, headers=extra)
        if self.answer is None:
            return httpx.Response(status, json=result, headers=extra)
        valid = self.answer.validate_python(result, from_attributes=True)
        unset = bool(self.route.response_model_exclude_unset)
        body = self.answer.dump_json(valid, by_alias=True, exclude_unset=unset)
        return httpx.Response(status, content=body, headers={**extra, "content-type": "application/json"})


def _bound(
    function: Callable[..., Any],
    hints: dict[str, Any],
    request: httpx.Request,
    path: dict[str, Any],
    given: dict[str, Any],
) -> dict[str, Any]:
    """The function's arguments: those of the server, of the path, of the body and of the query."""
    arguments = {}
    for name, parameter in inspect.signature(function).parameters.items():
        hint = hints.get(name, Any)
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        kind = get_args(hint)[0] if marks else hint
        if name in given:
            arguments[name] = given[name]
        elif name == "token":
            arguments[name] = _token(request, path)
        elif name in path:
            arguments[name] = TypeAdapter(kind).validate_python(path[name])
        elif depends := next((mark for mark in marks if isinstance(mark, Depends)), None):
            if depends.dependency is None:
                raise Unbound(name)
            found = depends.dependency(**_bound(depends.dependency, _hints(depends.dependency), request, path, given))
            arguments[name] = asyncio.run(_awaited(found)) if inspect.isawaitable(found) else found
        elif any(isinstance(mark, Query) for mark in marks):
            arguments |= _from_query(name, kind, parameter, request)
        else:
            raise Unbound(name)
    return arguments


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Type hints with their marks; Python 3.10 wraps those with the default None into a union of its own."""
    found = typing.get_type_hints(function, include_extras=True)
    return {
        name: next((one for one in get_args(hint) if get_origin(one) is Annotated), hint)
        if get_origin(hint) is not Annotated
        else hint
        for name, hint in found.items()
    }


async def _awaited(found: Any) -> Any:
    return await found


def _is_model(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _token(request: httpx.Request, path: dict[str, Any]) -> Any:
    """Who asks: as in Airflow's own ``InProcessExecutionAPI``, the task instance of the path, or of a header (3.4)."""
    from uuid import UUID

    from airflow.api_fastapi.execution_api.datamodels.token import TIClaims, TIToken

    asks = path.get("task_instance_id") or request.headers.get(ATTEMPT) or UUID(int=0)
    return TIToken(id=UUID(str(asks)), claims=TIClaims(scope="execution"))


def _from_query(name: str, kind: Any, parameter: inspect.Parameter, request: httpx.Request) -> dict[str, Any]:
    if _is_model(kind):
        return {name: kind.model_validate(dict(request.url.params))}
    if name not in request.url.params:
        return {} if parameter.default is not inspect.Parameter.empty else {name: None}
    many = any(get_origin(one) is list for one in (kind, *get_args(kind)))
    raw = request.url.params.get_list(name) if many else request.url.params[name]
    return {name: TypeAdapter(kind).validate_python(raw)}


class DirectTransport(httpx.BaseTransport):
    """Routes a request of the task runner's client to the function that Airflow's API server would call."""

    def __init__(self) -> None:
        self.routes = [Route(route) for route in execution_api_router.routes]
        self.dag_bag = DBDagBag()
        self.failure: BaseException | None = None
        """What the server would answer with status 500, which the task runner may swallow."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        scope = {"type": "http", "method": request.method, "path": request.url.path, "root_path": ""}
        for route in self.routes:
            match, found = route.route.matches(scope)
            if match is Match.FULL:
                return self._answer(route, request, found["path_params"])
        return httpx.Response(404, json={"detail": f"no route for {request.method} {request.url.path}"})

    def _answer(self, route: Route, request: httpx.Request, path: dict[str, Any]) -> httpx.Response:
        try:
            return route.call(request, path, self.dag_bag)
        except HTTPException as error:
            body = json.dumps({"detail": error.detail})
            return httpx.Response(error.status_code, content=body, headers={"content-type": "application/json"})
        except Unbound:
            from airflow.sdk.execution_time.supervisor import in_process_api_server

            return in_process_api_server().transport.handle_request(request)
        except Exception as error:
            self.failure = error
            raise


def client(transport: DirectTransport, attempt_id: Any = None) -> Any:
    """The task runner's own client, without its retries, as ``InProcessTestSupervisor._api_client`` makes it."""
    made = InProcessTestSupervisor._Client(base_url=None, token="", dry_run=True, transport=transport)
    if attempt_id is not None:
        made.headers[ATTEMPT] = str(attempt_id)
    made.base_url = "http://in-process.invalid./"
    return made
