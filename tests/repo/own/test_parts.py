"""CI runs one part of the slow tests with each commit: together the parts are all tests, and none is in two."""

from __future__ import annotations

import pytest

TESTS = "\n".join(f"def test_number_{number}(): pass" for number in range(40))


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_the_parts_are_all_tests_and_none_is_in_two(pytester: pytest.Pytester, parts: int) -> None:
    pytester.makepyfile(TESTS)
    ran: list[str] = []
    for number in range(1, parts + 1):
        passed, _, _ = pytester.inline_run("-p", "tests.parts", "--part", f"{number}/{parts}").listoutcomes()
        assert len(passed) > 40 / parts / 2, "a part is about as large as the others"
        ran += [report.nodeid.rpartition(":")[2] for report in passed]
    assert sorted(ran) == sorted(f"test_number_{number}" for number in range(40))


@pytest.mark.parametrize("wrong", ["0/2", "3/2", "2", "x/2", "1/0"])
def test_a_part_that_is_not_there_is_a_word_and_no_run(pytester: pytest.Pytester, wrong: str) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest("-p", "tests.parts", "--part", wrong)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--part {wrong}: a number and how many parts there are*"])
