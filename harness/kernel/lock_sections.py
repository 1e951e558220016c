"""Where a function holds a lock, read off its byte code: the body of ``with lock:``, and what follows ``acquire()``.

What ``acquire`` is told to wait for (``blocking=False``, ``timeout=5``) may not be had: then only the branch that asks
whether it was. What can be reached without the lock too, as the line behind ``try … finally: lock.release()``, is no
place where it is held.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType

_NAMES = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_FAST_CHECK", "LOAD_DEREF")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_BETWEEN = ("CACHE", "COPY", "EXTENDED_ARG", "NOP", "PRECALL", "PUSH_NULL", "SWAP")
"""Instructions that say nothing of what is loaded."""

_ENDS = ("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_ABSOLUTE", "RAISE_VARARGS", "RERAISE")
"""Instructions, beside those that return, behind which nothing goes on."""

_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))


@dataclass(frozen=True)
class CriticalSection:
    """Instructions of a function during which it holds a lock.

    Attributes:
        path: of the lock, as ``("self", "_lock")``.
        offsets: of the instructions.
    """

    path: tuple[str, ...]
    offsets: frozenset[int]


@dataclass
class _ByHand:
    """Where a function asks for one lock by ``acquire``, and gives it back: numbers of instructions.

    Attributes:
        taken: calls after which it holds it.
        asked: jump -> whether it jumps where it got it.
        given: calls of ``release``.
    """

    taken: set[int] = field(default_factory=set)
    asked: dict[int, bool] = field(default_factory=dict)
    given: set[int] = field(default_factory=set)


def sections_of(code: CodeType) -> Iterator[CriticalSection]:
    """The critical sections of a function whose locks have a name: ``lock``, ``self._lock``, ``module.lock``."""
    steps = list(dis.get_instructions(code))
    by_hand: dict[tuple[str, ...], _ByHand] = {}
    for number, step in enumerate(steps):
        if step.opname in ("BEFORE_WITH", "SETUP_WITH") or (step.opname == "LOAD_SPECIAL" and "exit" in step.argrepr):
            path = _path(steps[:number])
            if path:
                end = _end_of_with(code, steps, number)
                inside = {at for at, one in enumerate(steps) if step.offset < one.offset <= end}
                yield CriticalSection(path, _offsets(steps, inside))
        elif step.opname in _ATTRIBUTES and step.argval in ("acquire", "release"):
            path = _path(steps[:number])
            if path:
                _note(steps, number, by_hand.setdefault(path, _ByHand()))
    for path, lock in by_hand.items():
        if lock.taken or lock.asked:
            yield CriticalSection(path, _offsets(steps, _held(code, steps, lock)))


def _offsets(steps: list[dis.Instruction], numbers: set[int]) -> frozenset[int]:
    """Where a frame may say that it is: a call is at its last cache entry while it lasts."""
    ends = [*(step.offset for step in steps[1:]), steps[-1].offset + 2]
    return frozenset(at for number in numbers for at in range(steps[number].offset, ends[number], 2))


def _path(steps: list[dis.Instruction]) -> tuple[str, ...]:
    """What the last of these instructions load: a name and attributes of it; empty for anything else."""
    attributes: list[str] = []
    for step in reversed(steps):
        if step.opname in _BETWEEN:
            continue
        if step.opname in _ATTRIBUTES:
            attributes.append(step.argval)
        elif step.opname in _NAMES:
            return (step.argval, *reversed(attributes))
        else:
            break
    return ()


def _end_of_with(code: CodeType, steps: list[dis.Instruction], number: int) -> int:
    """The last instruction whose exceptions the ``with`` statement sees."""
    if steps[number].opname == "SETUP_WITH":  # 3.10 has the place of what comes behind
        return int(steps[number].argval)
    entries = getattr(dis.Bytecode(code), "exception_entries", ())
    begun = steps[number].offset
    inner = min((one for one in entries if one.start > begun), key=lambda one: one.start, default=None)
    return begun if inner is None else max(one.end for one in entries if one.target == inner.target)


def _note(steps: list[dis.Instruction], number: int, lock: _ByHand) -> None:
    """Note a call of ``acquire`` or ``release``, from where it loads the method; what is unclear is left."""
    called, is_told = number + 1, False
    while called < len(steps) and not steps[called].opname.startswith("CALL"):
        name = steps[called].opname
        if name not in _BETWEEN:
            if not name.startswith(("LOAD_", "KW_NAMES")):
                return
            is_told = True
        called += 1
    if steps[number].argval == "release":
        lock.given.add(called)
    elif not is_told:
        lock.taken.add(called)
    else:
        jump, got = called + 1, True
        while jump < len(steps) and steps[jump].opname in (*_BETWEEN, "TO_BOOL", "UNARY_NOT"):
            got = got != (steps[jump].opname == "UNARY_NOT")
            jump += 1
        if jump < len(steps) and "JUMP" in steps[jump].opname and steps[jump].opname.endswith(("IF_TRUE", "IF_FALSE")):
            lock.asked[jump] = got == steps[jump].opname.endswith("IF_TRUE")


def _held(code: CodeType, steps: list[dis.Instruction], lock: _ByHand) -> set[int]:
    """Numbers of the instructions that one comes to with the lock alone."""
    numbers = {step.offset: number for number, step in enumerate(steps)}
    handlers: dict[int, list[int]] = {}
    for entry in getattr(dis.Bytecode(code), "exception_entries", ()):  # 3.10 jumps there
        for offset in range(entry.start, entry.end, 2):
            if offset in numbers:
                handlers.setdefault(numbers[offset], []).append(numbers[entry.target])
    seen: set[tuple[int, bool]] = set()
    left = [(0, False)]
    while left:
        number, holds = left.pop()
        if number >= len(steps) or (number, holds) in seen:
            continue
        seen.add((number, holds))
        step = steps[number]
        after = (holds or number in lock.taken) and number not in lock.given
        left += [(handler, holds and after) for handler in handlers.get(number, ())]
        if step.opcode in _JUMPS and step.argval in numbers:
            left.append((numbers[step.argval], after or lock.asked.get(number) is True))
        if step.opname not in _ENDS and not step.opname.startswith("RETURN"):
            left.append((number + 1, after or lock.asked.get(number) is False))
    return {number for number, holds in seen if holds} - {number for number, holds in seen if not holds}
