"""Ctrl-C and SIGTERM: remembered, raised again where somebody kept them, and the handlers are a command's own."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from harness.kernel import stops


@pytest.fixture(autouse=True)
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command that listens, in a process that was sent nothing before."""
    former = {number: signal.getsignal(number) for number in stops.SIGNALS}
    monkeypatch.setattr(stops, "_struck", [])
    stops.listen()
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "raises", "code"),
    [(signal.SIGINT, KeyboardInterrupt, 130), (signal.SIGTERM, stops.SigtermExit, 143)],
    ids=["Ctrl-C", "SIGTERM"],
)
class TestASignal:
    def test_raises_is_remembered_and_has_the_exit_code_of_shells(
        self, number: int, raises: type[BaseException], code: int
    ) -> None:
        assert stops.struck() is None
        stops.heed()
        with pytest.raises(raises) as caught:
            os.kill(os.getpid(), number)
        assert stops.struck() == number
        assert stops.exit_code(number) == code
        assert getattr(caught.value, "code", code) == code

    def test_that_loaded_code_kept_is_raised_behind_it(
        self, number: int, raises: type[BaseException], code: int
    ) -> None:
        def load() -> None:
            with stops.heeded(), suppress(BaseException):
                os.kill(os.getpid(), number)

        with pytest.raises(raises):
            load()
        with pytest.raises(raises):
            stops.heed()

    def test_has_our_handler_again_whatever_loaded_code_put_there(
        self, number: int, raises: type[BaseException], code: int
    ) -> None:
        ours = signal.getsignal(number)
        with stops.heeded():
            signal.signal(number, signal.SIG_IGN)
        assert signal.getsignal(number) is ours
        with pytest.raises(raises):
            os.kill(os.getpid(), number)


def test_a_handler_that_is_not_pythons_is_left_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {number: iter([None, signal.SIG_IGN]) for number in stops.SIGNALS}  # loaded code puts another there
    monkeypatch.setattr(signal, "getsignal", lambda number: next(answers[number], signal.SIG_IGN))
    put_back: list[int] = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: put_back.append(number))
    with stops.heeded():
        pass
    assert put_back == []


def test_the_first_of_several_decides() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(BaseException):
            os.kill(os.getpid(), number)
    assert stops.struck() == signal.SIGTERM
    with pytest.raises(stops.SigtermExit):
        stops.heed()


def test_in_another_thread_nothing_is_raised_nor_put_back() -> None:
    with suppress(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    raised: list[BaseException] = []

    def load() -> None:
        try:
            with stops.heeded():
                pass
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
    assert raised == []
