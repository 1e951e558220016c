"""XComs of a run, found without going through all of them."""

import pytest

from harness.bridge.supervisor.store import XComs


def filled():
    xcoms = XComs()
    for index in (2, 0, 1):
        xcoms["mapped", index, "return_value"] = index * 10
    xcoms["mapped", 1, "extra"] = "b"
    xcoms["mapped", 1, "a"] = "a"
    xcoms["single", -1, "return_value"] = None
    return xcoms


def test_a_task_s_values_come_by_map_index():
    assert filled().of_task("mapped", "return_value") == [(0, 0), (1, 10), (2, 20)]
    assert filled().of_task("mapped", "extra") == [(1, "b")]
    assert filled().of_task("nobody", "extra") == []


def test_an_instance_s_keys_are_sorted_and_its_own():
    assert filled().keys_of("mapped", 1) == ["a", "extra", "return_value"]
    assert filled().keys_of("mapped", 7) == filled().keys_of("nobody", -1) == []


def test_it_is_a_mapping_by_task_index_and_key():
    xcoms = filled()
    assert len(xcoms) == 6
    assert dict(xcoms)["single", -1, "return_value"] is None
    assert ("single", -1, "return_value") in xcoms
    assert xcoms.pop(("mapped", 1, "a")) == "a"
    assert xcoms.pop(("mapped", 1, "a"), "gone") == "gone"
    assert xcoms.keys_of("mapped", 1) == ["extra", "return_value"]
    with pytest.raises(KeyError, match="nobody"):
        xcoms["nobody", -1, "a"]


def test_values_of_an_instance_stand_in_the_order_they_were_pushed():
    values = dict(filled().by_instance())
    assert list(values["mapped", 1]) == ["return_value", "extra", "a"]
