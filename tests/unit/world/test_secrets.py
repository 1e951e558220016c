"""Which values of a world are secrets, and texts without them in every form."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from harness.project.sensitive import SENSITIVE, is_sensitive
from harness.world import World
from harness.world.secrets import MASK, Mask, secrets_of

SECRET = "p4ss/w+rd ü&canary"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEcanary01\nq83vcanary02\n-----END PRIVATE KEY-----\n"

FORMS = {
    "plain": SECRET,
    "percent": quote(SECRET, safe=""),
    "percent but slashes": quote(SECRET),
    "plus": quote_plus(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "basic auth": base64.b64encode(f"me:{SECRET}".encode()).decode(),
    "json": json.dumps(SECRET),
    "repr": repr(SECRET),
    "json in json": json.dumps({"a": json.dumps([SECRET])}),
    "repr of json": repr([json.dumps(SECRET)]),
    "json of repr": json.dumps(repr({"p": SECRET})),
    "json in json in a log": repr(json.dumps({"a": json.dumps([SECRET])})),
    "in a URI": f"http://me:{quote(SECRET, safe='')}@h.example/x",
}


def world() -> World:
    made = World()
    made.set_connection(
        "c", conn_type="http", login="me", password=SECRET, extra={"deep": [{"token": "extra-canary"}], "a": "b"}
    )
    made.set_variable("api_key", "variable-canary")
    made.set_variable("settings", {"passwd": ["inner-canary"], "region": "northern"})
    made.set_variable("private_key", KEY)
    made.set_variable("region", "southern")
    made.set_env("HOUSE_TOKEN", "env-canary")
    return made


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_in_every_form(form: str):
    shown = Mask(secrets_of(world())).text(f"before {form} after")
    assert "canary" not in shown
    assert base64.b64encode(SECRET.encode()).decode()[:12] not in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert MASK in shown


def test_what_is_a_secret():
    shown = Mask(secrets_of(world())).value(
        {"message": str(vars(world())) + KEY, "lines": KEY.splitlines(), "path": "canary"}
    )
    assert "canary" not in shown["message"] + "".join(shown["lines"])
    assert "northern" in shown["message"]
    assert "southern" in shown["message"]
    assert shown["path"] == "canary"


def test_of_the_machines_environment():
    environment = {
        "AIRFLOW_CONN_A": "http://u:uri-canary@h",
        "AIRFLOW_CONN_B": json.dumps(
            {"conn_type": "http", "password": "json-canary", "extra": {"secret": "deep-canary"}}
        ),
        "GITHUB_TOKEN": "environment-canary",
        "TOKENIZERS_PARALLELISM": "false",
        "PASSWORD_STORE_DIR": "/home/somebody/store",
        "AIRFLOW_CONN_C": "no connection at all",
    }
    found = Mask(secrets_of(World(), environment)).text(" ".join(environment.values()))
    assert "canary" not in found
    assert "false" in found
    assert "/home/somebody/store" in found


def test_short_and_common_values_are_none():
    made = World()
    made.set_connection("c", conn_type="http", login="airflow", password="airflow")
    made.set_variable("password", "x")
    assert Mask(secrets_of(made)).text("airflow x") == "airflow x"


@pytest.mark.parametrize("name", ["API_KEY", "db_password", "my-token", "ProxyUrl"])
def test_sensitive_names(name: str):
    assert is_sensitive(name)


def test_the_list_is_airflows():
    from harness.bridge.masking import _masker

    theirs = {word for word in _masker().DEFAULT_SENSITIVE_FIELDS if "proxy_" not in word}
    assert theirs <= set(SENSITIVE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'bad s3cr/t+Pa...w%C3%B6rd \\'x'", "'bad ***...*** \\'x'"),
        ("s3cr...wörd", "***...***"),
        ("…ss%26w%C3%B6rd", "…***"),
        ("s3c...örd", "s3c...örd"),
        ("wait... s3cr/t", "wait... s3cr/t"),
        ("a...b...", "a...b..."),
    ],
)
def test_what_is_left_of_a_secret_where_a_text_was_shortened_is_masked(text, shown):
    assert Mask({"s3cr/t+Pa ss&wörd"}).text(text) == shown


@pytest.mark.parametrize("value", [84729104, 8472.9104, True, None])
def test_numbers_under_a_sensitive_name_are_shown_as_airflow_shows_them(value):
    """``SecretsMasker.add_mask`` and ``_redact_all`` (3.3.2): only texts are secrets, and hidden by a name."""
    from harness.bridge.masking import masked

    made = World()
    made.set_connection("crm", conn_type="http", extra=json.dumps({"password": value, "token": "t3xt-canary"}))
    made.set_variable("crm_secret", json.dumps({"api_key": value, "list": [value]}))
    document = {"password": value, "token": "t3xt-canary"}
    assert masked(document) == {"password": value, "token": "***"}
    assert secrets_of(made) & {str(value), json.dumps(value)} == set()
    assert Mask(secrets_of(made)).value(document) == {"password": value, "token": MASK}


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("after", ["", "@h.example"])
def test_within_the_base64_of_a_longer_text(before, after):
    secret = "pass/w%rd-of-the-shop"
    for inner in (secret, quote(secret, safe="")):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(f"{before}{inner}{after}".encode()).decode()
            shown = Mask([secret]).text(coded)
            assert MASK in shown
            assert len(shown) < len(coded) - len(inner)


def test_an_url_in_an_url():
    assert (
        Mask(["p/w%d"]).text(quote("http://u:" + quote("p/w%d", safe="") + "@h", safe="")) == "http%3A%2F%2Fu%3A***%40h"
    )
