"""What is remembered of functions is what is written in them, now."""

import functools
import inspect

from harness.bridge.patches.caches import _of_functions


def asked():
    """A question about functions, and who was really asked."""
    really = []

    def question(func):
        really.append(func)
        return list(inspect.signature(func).parameters)

    return _of_functions(question), really


def test_a_function_is_asked_once():
    ask, really = asked()

    def func(a, b): ...

    assert ask(func) == ask(func) == ["a", "b"]
    assert really == [func]


def test_a_function_that_was_rewritten_is_asked_again():
    ask, really = asked()

    def func(a): ...

    def other(b, c): ...

    assert ask(func) == ["a"]
    func.__code__ = other.__code__
    assert ask(func) == ["b", "c"]
    assert len(really) == 2


def test_what_is_no_plain_function_is_always_asked():
    ask, really = asked()

    def func(a): ...

    @functools.wraps(func)
    def wrapper(*args): ...

    for callable_ in (wrapper, functools.partial(func), inspect):
        for _ in range(2):
            if callable(callable_):
                assert ask(callable_) == list(inspect.signature(callable_).parameters)
    assert len(really) == 4
