"""What stands in for a variable goes along with what is done to it, and tells of a value that would too."""

from __future__ import annotations

import copy
import json

import pytest

from harness.world.guess import Guesses


def numbers(one):
    return int(one) + 1, float(one), [10, 20, 30][one]


def indexes(one):
    return one.split(",")[3], one.split(",")[-2]


def unpacks(one):
    first, second, third = one.split(":")
    return first + second + third


def deep(one):
    return one["k"]["z"].lower(), one["k"].get("other"), one.get("absent", 3)


def rows(one):
    return [(row["name"].upper(), row["hours"] + 1) for row in one], one[1]["name"]


def pair(one):
    a, b = one
    return a["x"], b


def by_name(one):
    return [(name, value["cron"]) for name, value in one.items()]


def counts(one):
    return one["n"] > 3, one["n"] * 60, 2 + one["n"], one["n"] - 1


@pytest.mark.parametrize(
    ("does", "as_json", "value"),
    [
        (numbers, False, "1"),
        (indexes, False, "1,1,1,1"),
        (unpacks, False, "1:1:1"),
        (deep, True, {"k": {"z": "1", "other": "1"}}),
        (rows, True, [{"name": "1", "hours": 1}, {"name": "1"}]),
        (pair, True, [{"x": "1"}, "1"]),
        (by_name, True, {"1": {"cron": "@daily"}}),
        (counts, True, {"n": 1}),
        (dict, True, {}),
        (len, True, {}),
        (str.upper, False, "1"),
    ],
)
def test_a_guess_goes_along(does, as_json, value):
    guesses, name = Guesses(), does.__name__
    does(guesses.of(name, as_json))
    hint = guesses.hint(name, as_json)
    assert (json.loads(hint) if as_json else hint) == value
    if does not in (rows,):  # whose second row is asked for its name alone
        does(json.loads(hint) if as_json else hint) if does is not numbers else does(int(hint))


def test_what_code_says_of_its_kind():
    guesses = Guesses()
    whole = guesses.of("whole", True)
    assert isinstance(whole, dict)
    assert {**whole} == dict(whole) == {}
    assert json.dumps(whole) == "{}"
    assert copy.deepcopy(whole) is whole
    text = guesses.of("house_config")
    assert text == "{}"
    assert f"{text}" == "{}"
    assert int(text) == 1
    assert guesses.hint("house_config") == "1"
    assert text.loaded["a"]["b"] == "1"
    assert json.loads(guesses.hint("house_config")) == {"a": {"b": "1"}}
