"""Our reading of connection URIs against Airflow's own, over URIs that Airflow's own ``get_uri`` writes."""

from __future__ import annotations

import json

import pytest
from airflow.sdk import Connection as AirflowConnection
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.errors import WorldError
from harness.world import Connection

FIELDS = ("conn_type", "host", "login", "password", "schema", "port", "extra")
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
PRESENT = TEXT.filter(bool)
CONN_TYPE = st.from_regex(r"[a-z][a-z0-9]{0,5}([_-][a-z0-9]{1,5}){0,2}", fullmatch=True)
HOST = st.one_of(
    st.none(),
    st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,10}[A-Za-z0-9])?", fullmatch=True),
    st.from_regex(r"https?://[a-z0-9.]{1,12}", fullmatch=True),
    st.from_regex(r"/[A-Za-z0-9 %/]{1,12}", fullmatch=True),
    PRESENT.filter(lambda text: "://" not in text),
)
KEY = PRESENT.filter(lambda key: key != "__extra__")  # the URI's own word for all of the extra
EXTRA = st.one_of(
    st.none(),
    st.dictionaries(KEY, TEXT, max_size=3),
    st.dictionaries(KEY, st.recursive(st.integers() | st.booleans() | TEXT, st.lists, max_leaves=4), max_size=3),
)


def fields_of(connection: object) -> dict[str, object]:
    return {name: getattr(connection, name) for name in FIELDS}


@settings(max_examples=600, deadline=None)
@given(
    conn_type=CONN_TYPE,
    host=HOST,
    login=st.none() | TEXT,
    password=st.none() | TEXT,
    schema=st.none() | TEXT,
    port=st.none() | st.integers(1, 65535),
    extra=EXTRA,
)
@example("google_cloud_platform", None, None, None, None, None, {"key_path": "/k?é&=", "num": 3})
@example("postgresql", "DB.Example", "u@:/", "p%2F:@", "a/b c", 5432, {"sslmode": "require", "empty": ""})
@example("http", "https://h", "u", None, None, 8080, None)
@example("sqlite", "/tmp/Some/File.db", None, None, None, None, None)
def test_reads_what_airflow_writes(conn_type, host, login, password, schema, port, extra) -> None:
    written = AirflowConnection(
        conn_id="c",
        conn_type=conn_type,
        host=host,
        login=login,
        password=password,
        schema=schema,
        port=port,
        extra=None if extra is None else json.dumps(extra),
    ).get_uri()
    try:
        theirs = fields_of(AirflowConnection.from_uri(written, conn_id="c"))
    except Exception:  # Airflow refuses some of its own URIs (hosts that hold '://' or brackets): so must we
        with pytest.raises(WorldError):
            Connection.from_uri(written)
        return
    assert fields_of(Connection.from_uri(written)) == theirs


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://u:p@h:5/db?sslmode=require&a=1",
        "google-cloud-platform:///?__extra__=%7B%22a%22%3A+%7B%22b%22%3A+1%7D%7D",
        "http://https%3a%2f%2fexample.test/",
        "spark://http://h:1/s",
        "s3://key:se%2Fcret@/bucket?region_name=eu&x=",
        "mysql://USER@Host.Example",
        "type://%2Fvar%2Frun%2FSock:99/s",
        "type://[::1]:5432/db",
    ],
)
def test_reads_hand_written_uris_like_airflow(uri: str) -> None:
    assert fields_of(Connection.from_uri(uri)) == fields_of(AirflowConnection.from_uri(uri, conn_id="c"))


@pytest.mark.parametrize(
    "uri", ["", "no-scheme", "a://b://c://d", "x://h:99999/", "x://[::1/", "a@b://c://d", "x:///?__extra__=[1]"]
)
def test_refuses_and_never_shows_the_uri(uri: str) -> None:
    with pytest.raises(WorldError) as caught:
        Connection.from_uri(uri.replace("://h", "://u:sekret@h"))
    assert "sekret" not in str(caught.value)
    assert caught.value.fix


def test_repr_hides_secrets() -> None:
    assert "sekret" not in repr(Connection.from_uri("x://u:sekret@h/?token=sekret"))
