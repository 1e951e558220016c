"""Dag files parsed and written to the metadata database, as the Dag processor does it."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils.session import create_session
from sqlalchemy import select

from harness.bridge.stored import serialized
from harness.bridge.versions.names import bag_of, bags, forget_bundles

BUNDLE = "dags-folder"


class DagFilesError(Exception):
    """A folder does not hold the Dags asked for."""


def parsed(folder: Path, wanted: list[str], files: Sequence[str] | None = None, also: Collection[str] = ()) -> Any:
    """The ``DagBag`` of a folder, its Dags written.

    Args:
        files: those of the folder that are looked at, whatever the others hold; None for all, and all of their Dags.
        also: of ``files``, Dags that are written beside the wanted ones where Airflow can store them.
    Raises: DagFilesError: a file cannot be imported (when all of the folder is wanted), or a Dag is not there.
    """
    os.environ["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = json.dumps(
        [
            {
                "name": BUNDLE,
                "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
                "kwargs": {"path": str(folder)},
            }
        ]
    )
    forget_bundles()
    manager = DagBundlesManager()
    with create_session() as session:
        manager.sync_bundles_to_db(session=session)
    bundle = manager.get_bundle(BUNDLE)
    bundle.initialize()
    bag = bag_of(bundle.path, bundle.name, collect_dags=files is None)
    for file in files or ():
        bag.process_file(file, only_if_updated=False)
    if files is not None:
        kept = {*wanted, *(name for name in also if name in bag.dags and isinstance(serialized(bag.dags[name]), dict))}
        bag.dags = {name: dag for name, dag in bag.dags.items() if name in kept}
    missing = sorted(set(wanted) - set(bag.dags))
    if missing:
        raise DagFilesError(f"{folder}: missing {missing}, import errors {bag.import_errors}")
    write(bag)
    return bag


def write(bag: Any) -> None:
    """Write what was parsed: new Dags, and for all of them what the scheduler keeps of their next run."""
    bags().sync_bag_to_db(bag, BUNDLE, None)
    _write_one_after_another()


def _write_one_after_another() -> None:
    """Give each serialised Dag a date of its own, as if written by a processor whose clock goes on.

    ``SerializedDagModel.get_latest_serialized_dags`` tells Dags apart by that date in 3.1.
    """
    with create_session() as session:
        written = session.scalars(select(SerializedDagModel).order_by(SerializedDagModel.dag_id)).all()
        for number, one in enumerate(written):
            one.created_at += dt.timedelta(microseconds=number - len(written))
