"""What is drawn for one task, before tasks are put together as a valid Dag.

Every draw is independent of the other tasks, so that any task may be left out when a case is shrunk.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.differential.case import Act

TRIGGER_RULES = (
    "all_success", "all_failed", "all_done", "one_success", "one_failed", "one_done", "none_failed",
    "none_failed_min_one_success", "none_skipped", "all_skipped", "all_done_min_one_success", "always",
    "all_done_setup_success",
)  # fmt: skip
"""All of 3.1 to 3.3."""

FEATURES = ("failures", "rules", "branches", "empties", "mapping", "groups", "setups", "waits")
"""What a Dag may have; each case draws the ones it uses, so that not every case has a bit of everything."""

MAPPED_GROUPS = ("m", "g.n")

STATES = ("success", "success", "failed", "failed", "skipped", "fail")
FLAKY = (("failed", "success"), ("failed", "failed", "success"), ("failed", "skipped"), ("failed", "fail"))
GROUPS = ("m", "g", "m", "g.h", "m.h", "g.n")
"""Names of groups; those called m and n may be mapped."""
BACKS = ((1,), (), (1, 2), (2,), (1, 3), (2, 3), (1, 2, 3), (3,), (1, 5))


@dataclass(frozen=True)
class Over:
    """Mapped over a list of this length: one that the nearest fitting task before it returns, if any, or a literal."""

    length: int
    returned: bool


@dataclass(frozen=True)
class Raw:
    """A task as drawn.

    Attributes:
        back: distances to its upstreams, in the order of the Dag.
        over: what it is mapped over, None when not mapped.
        role: "setup", "teardown" or "".
        bits: whether a branch follows its first, second, … downstream; the first whether a short circuit goes on.
        flaky: how its tries end, when there are several; then it has as many.
        options: further fields of `TaskCase`.
    """

    acts: tuple[Act, ...]
    back: tuple[int, ...] = ()
    kind: str = "plain"
    rule: str = "all_success"
    group: str = ""
    over: Over | None = None
    role: str = ""
    bits: tuple[bool, ...] = ()
    flaky: tuple[str, ...] = ()
    acts_of: dict[int, tuple[Act, ...]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


Fields = dict[str, SearchStrategy[Any]]
"""What may be other than plain, by name: of `Raw`, or of `TaskCase`."""


@lru_cache(maxsize=1024)
def fields(features: frozenset[str], durations: tuple[int, ...]) -> Fields:
    """What tasks of a Dag with these features may have. Kept, for each new strategy is checked at length."""
    acts = tuples(_acts(features, durations), 3, 1)
    by_index = st.dictionaries(st.sampled_from((0, 1, 2)), acts, min_size=1, max_size=2)
    kinds = ("branch", "branch", "short_circuit", "latest_only") if "branches" in features else ()
    found: dict[str, Fields] = {
        "failures": {
            "flaky": st.sampled_from(FLAKY),
            "retries": st.sampled_from((1, 2)),
            "retry_delay_s": st.sampled_from((60, 120)),
        },
        "rules": {"rule": st.sampled_from(TRIGGER_RULES[1:])},
        "branches": {
            "kind": st.tuples(st.sampled_from(kinds or ("plain",)), tuples(st.sampled_from((False, True)), 3, 1)),
            "ignore_downstream_trigger_rules": st.just(False),
        },
        "empties": {"empty": st.just(True)},
        "mapping": {"over": lengths(), "acts_of": by_index},
        "groups": {"group": st.sampled_from(GROUPS), "acts_of": by_index},
        "setups": {"role": st.sampled_from(("setup", "teardown")), "on_failure_fail_dagrun": st.just(True)},
    }
    chosen = [found[feature] for feature in FEATURES if feature in features and feature in found]
    return {"acts": acts, **{name: strategy for group in chosen for name, strategy in group.items()}}


def raw_tasks(possible: Fields, plain: Act) -> SearchStrategy[Raw]:
    """One task: plain but for a few things. Each is drawn only when it is there, for the sake of shrinking."""

    def raw(back: tuple[int, ...], drawn: dict[str, Any]) -> Raw:
        own = {name: value for name, value in drawn.items() if name in Raw.__dataclass_fields__}
        options = {name: value for name, value in drawn.items() if name not in own and name != "empty"}
        kind, bits = own.pop("kind", ("plain", ()))
        kind = "empty" if "empty" in drawn else kind
        return Raw(**{"acts": (plain,), **own}, kind=kind, bits=bits, back=back, options=options)

    return st.builds(raw, st.sampled_from(BACKS), some_of(possible, 6))


def some_of(possible: Fields, most: int) -> SearchStrategy[dict[str, Any]]:
    """Values of some names. Name and value are drawn side by side, to be left out together."""
    pairs = [st.tuples(st.just(name), strategy) for name, strategy in possible.items()]
    return st.lists(st.one_of(pairs), max_size=most).map(dict) if pairs else st.just({})


def lengths() -> SearchStrategy[Over]:
    """What a task or a group is mapped over."""
    return st.builds(Over, st.sampled_from((2, 0, 1, 3, 0)), st.sampled_from((True, False)))


@lru_cache(maxsize=1024)
def group_spans(features: frozenset[str]) -> SearchStrategy[dict[str, Over]]:
    """What groups are mapped over."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(MAPPED_GROUPS if "groups" in features else (), lengths()))


def _acts(features: frozenset[str], durations: tuple[int, ...]) -> SearchStrategy[Act]:
    act = st.builds(
        Act,
        state=st.sampled_from(STATES if "failures" in features else STATES[:1]),
        duration_s=st.sampled_from(durations),
    )
    if "waits" not in features:
        return act
    several = ((None, ()), (60, ()), (300, ()), (None, (60,)), (None, (60, 120)), (120, (60,)))
    at_once = ((None, ()), (0, ()), (None, (60,)), (None, (60, 120)), (0, (60,)))  # a trigger takes time as tasks do
    waits = st.sampled_from(at_once if durations == (0,) else several)
    return st.builds(lambda act, wait: replace(act, deferred_s=wait[0], reschedules_s=wait[1]), act, waits)


def tuples(element: SearchStrategy[Any], most: int, least: int = 0) -> SearchStrategy[tuple[Any, ...]]:
    """Tuples of so many."""
    return st.lists(element, min_size=least, max_size=most).map(tuple)
