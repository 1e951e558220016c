"""What is looked for: names of Airflow that a file uses, and where. Plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class SourceLine:
    """Where a name stands.

    Attributes:
        path: relative to the project, with slashes.
        line: from 1 on.
    """

    path: str
    line: int


@dataclass(frozen=True, order=True)
class AirflowName:
    """A name of Airflow, as a file uses it.

    Attributes:
        kind: ``import``: `text` is imported from `owner`, or the module `owner` itself where `text` is empty;
            ``member``: attribute `text` of `owner`, a dotted name; ``argument``: `text` is given to `owner`;
            ``value``: `text` is a trigger rule; ``context``: a key of a task's context, in Python or in a template;
            ``field``: attribute `text` of `owner`, an object of the context such as ``dag_run``; ``default``: `text` is
            a key of ``default_args``; ``unreadable``: the file is no Python 3, `text` says why.
        owner: a dotted name as it is importable, empty where there is none.
    """

    kind: str
    owner: str
    text: str

    @property
    def shown(self) -> str:
        """As people write it."""
        return {
            "import": f"{self.owner}.{self.text}" if self.text else self.owner,
            "member": f"{self.owner}.{self.text}",
            "argument": f"{_called(self.owner)}({self.text}=)",
            "value": f'trigger_rule="{self.text}"',
            "context": f"{self.text} of the context",
            "field": f"{self.owner}.{self.text} of the context",
            "default": f'default_args["{self.text}"]',
            "unreadable": "no Python 3",
        }[self.kind]


def _called(owner: str) -> str:
    """A class, a function, or a method with its class."""
    *_, above, leaf = f".{owner}".split(".")
    return f"{above}.{leaf}" if above[:1].isupper() else leaf


Uses = dict[AirflowName, set[SourceLine]]
"""Every name, and where it stands."""
