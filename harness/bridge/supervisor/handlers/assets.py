"""Asset messages: what exists, what was emitted, what a Dag keeps about an asset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.bridge.supervisor.handlers import ApiServer, Handler, error_response, ok_response
from harness.bridge.supervisor.store import AssetEvent, Store
from harness.bridge.supervisor.task_context import TaskContext
from harness.bridge.versions.names import attribute
from harness.kernel.instant import Instant, to_datetime, to_instant


def _asset(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    found = _find(api, getattr(msg, "name", None), getattr(msg, "uri", None))
    if found is None:
        return error_response("ASSET_NOT_FOUND", msg.model_dump(exclude={"type"}))
    return _result(found)


def _alias(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import AssetsByAliasResult

    known = api.store.alias_assets.get(msg.alias_name, [])
    return AssetsByAliasResult(assets=[_result((name, uri, "asset")) for name, uri in known])


def _events(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    """Source: ``execution_api/routes/asset_events.py``: by name and/or uri or alias, a window, an order, a limit."""
    from airflow.sdk.execution_time.comms import AssetEventsResult

    found = [event for event in api.store.events if _matches(event, msg)]
    found.sort(key=lambda event: (event.at, event.id), reverse=not attribute(msg, "ascending"))
    return AssetEventsResult(asset_events=[event_response(event) for event in found[: attribute(msg, "limit")]])


def _validate(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    """Every asset a Dag of the folder names is active here; two of one name and other uri are the checks' matter."""
    from airflow.sdk.execution_time.comms import InactiveAssetsResult

    return InactiveAssetsResult(inactive_assets=[])


def _get_store(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    from airflow.sdk.execution_time.comms import AssetStateStoreResult

    values = api.store.asset_store.get(_store_name(api, msg), {})
    if msg.key not in values:
        return error_response("ASSET_STORE_NOT_FOUND", {"key": msg.key})
    return AssetStateStoreResult(value=values[msg.key])


def _set_store(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    api.store.asset_store.setdefault(_store_name(api, msg), {})[msg.key] = msg.value
    _told(api, who, msg, "set", msg.key, msg.value)
    return ok_response()


def _delete_store(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    api.store.asset_store.get(_store_name(api, msg), {}).pop(msg.key, None)
    _told(api, who, msg, "delete", msg.key)
    return ok_response()


def _clear_store(api: ApiServer, msg: Any, who: TaskContext) -> Any:
    api.store.asset_store.pop(_store_name(api, msg), None)
    _told(api, who, msg, "clear")
    return ok_response()


def event_response(event: AssetEvent) -> Any:
    """The API's form of an asset event."""
    from airflow.sdk.api.datamodels._generated import AssetEventResponse, AssetResponse

    return AssetEventResponse(
        id=event.id,
        timestamp=to_datetime(event.at),
        extra=event.extra,
        asset=AssetResponse(name=event.name, uri=event.uri, group=event.group, extra={}),
        created_dagruns=[],
        source_task_id=event.task_id,
        source_dag_id=event.dag_id,
        source_run_id=event.run_id,
        source_map_index=event.map_index,
    )


def emitted(api: ApiServer, msg: Any, who: TaskContext) -> list[AssetEvent]:
    """The events a ``SucceedTask`` message makes. Source: ``TaskInstance.register_asset_changes_in_db`` (3.3.2)."""
    made: list[AssetEvent] = []
    events_of: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for event in msg.outlet_events or []:
        if "source_alias_name" not in event:
            key = event["dest_asset_key"]
            events_of.setdefault((key["name"], key["uri"]), []).append(event)
    for outlet in msg.task_outlets or []:
        found = _find(api, outlet.name, outlet.uri) if outlet.type != "AssetAlias" else None
        if found is None:
            continue
        for event in events_of.get(found[:2], [{"extra": {}}]):
            made.append(_event(api, who, found, event.get("extra") or {}, ()))
    made += _through_aliases(api, msg, who)
    return made


def event_from_outside(store: Store, now: Instant, asset: tuple[str, str, str], extra: Mapping[str, Any]) -> AssetEvent:
    """The event of an asset that somebody else updated.

    Source: ``create_asset_event`` of the REST API, ``CreateAssetEventsBody.set_from_rest_api`` (3.1.8, 3.3.2).
    """
    event = AssetEvent(len(store.events) + 1, *asset, {**extra, "from_rest_api": True}, now)
    store.events.append(event)
    return event


def _through_aliases(api: ApiServer, msg: Any, who: TaskContext) -> list[AssetEvent]:
    by_asset: dict[tuple[str, str, str], tuple[dict[str, Any], list[str]]] = {}
    for event in msg.outlet_events or []:
        if "source_alias_name" in event:
            key, alias, extra = event["dest_asset_key"], event["source_alias_name"], event.get("extra") or {}
            by_asset.setdefault((key["name"], key["uri"], repr(extra)), (extra, []))[1].append(alias)
            known = api.store.alias_assets.setdefault(alias, [])
            if (key["name"], key["uri"]) not in known:
                known.append((key["name"], key["uri"]))
    return [
        _event(api, who, (name, uri, "asset"), extra, tuple(sorted(aliases)))
        for (name, uri, _), (extra, aliases) in by_asset.items()
    ]


def _event(
    api: ApiServer,
    who: TaskContext,
    asset: tuple[str, str, str],
    extra: dict[str, Any],
    aliases: tuple[str, ...],
) -> AssetEvent:
    ti, store = who.ti, api.store
    event = AssetEvent(
        id=len(store.events) + 1,
        name=asset[0],
        uri=asset[1],
        group=asset[2],
        extra=extra,
        at=api.now(),
        dag_id=ti.run.dag.dag_id,
        task_id=ti.task_id,
        run_id=ti.run.run_id,
        map_index=ti.map_index,
        aliases=aliases,
    )
    store.events.append(event)
    return event


def _matches(event: AssetEvent, msg: Any) -> bool:
    after, before = attribute(msg, "after"), attribute(msg, "before")
    if after is not None and event.at < to_instant(after):
        return False
    if before is not None and event.at > to_instant(before):
        return False
    if attribute(msg, "partition_key") or attribute(msg, "partition_key_regexp_pattern"):
        return False  # no event here has a partition
    if any(event.extra.get(key) != value for key, value in (attribute(msg, "extra") or {}).items()):
        return False
    if type(msg).__name__ == "GetAssetEventByAssetAlias":
        return msg.alias_name in event.aliases
    return (msg.name is None or event.name == msg.name) and (msg.uri is None or event.uri == msg.uri)


def _find(api: ApiServer, name: str | None, uri: str | None) -> tuple[str, str, str] | None:
    for known in api.store.asset_names().values():
        if (name is None or known[0] == name) and (uri is None or known[1] == uri):
            return known
    return None


def _result(asset: tuple[str, str, str]) -> Any:
    from airflow.sdk.execution_time.comms import AssetResult

    return AssetResult(name=asset[0], uri=asset[1], group=asset[2], extra={})


def _told(api: ApiServer, who: TaskContext, msg: Any, verb: str, key: str | None = None, value: object = None) -> None:
    said = {"verb": verb, "asset": _store_name(api, msg), "key": key, "value": value}
    api.observe(who, "asset-store", said)


def _store_name(api: ApiServer, msg: Any) -> str:
    found = _find(api, getattr(msg, "name", None), getattr(msg, "uri", None))
    return found[0] if found else str(getattr(msg, "name", None) or msg.uri)


HANDLERS: dict[str, Handler] = {
    "GetAssetByName": _asset,
    "GetAssetByUri": _asset,
    "GetAssetsByAlias": _alias,
    "GetAssetEventByAsset": _events,
    "GetAssetEventByAssetAlias": _events,
    "ValidateInletsAndOutlets": _validate,
    "GetAssetStateStoreByName": _get_store,
    "GetAssetStateStoreByUri": _get_store,
    "SetAssetStateStoreByName": _set_store,
    "SetAssetStateStoreByUri": _set_store,
    "DeleteAssetStateStoreByName": _delete_store,
    "DeleteAssetStateStoreByUri": _delete_store,
    "ClearAssetStateStoreByName": _clear_store,
    "ClearAssetStateStoreByUri": _clear_store,
}
