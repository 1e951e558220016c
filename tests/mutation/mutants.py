"""Mutants of a room's code: which there are, and the sample that is tried."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_item import MutationSpec

_COMPARISONS = ["Eq_NotEq", "NotEq_Eq", "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Is_IsNot", "IsNot_Is"]
_SUMS = ["Add_Sub", "Sub_Add", "Mul_FloorDiv", "FloorDiv_Mul", "Mod_Add", "BitAnd_BitOr"]
OPERATORS = [
    "AddNot",
    "NumberReplacer",
    "ReplaceAndWithOr",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ReplaceFalseWithTrue",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceUnaryOperator_Delete_Not",
    "ZeroIterationForLoop",
    *(f"ReplaceComparisonOperator_{name}" for name in _COMPARISONS),
    *(f"ReplaceBinaryOperator_{name}" for name in _SUMS),
]
"""Of Cosmic Ray's operators those whose mutants are faults that people make. Left out is what is alike most of the time
(``==`` with ``is``), and ``|`` with anything: it stands in annotations, which nothing evaluates. So is what is imported
for them: ``if TYPE_CHECKING``.
"""


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        module: path relative to the repository.
        line: of the module, from 1.
        spec: how Cosmic Ray plants it.
    """

    module: str
    line: int
    operator: str
    spec: MutationSpec

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.operator}"


def mutants(root: Path, modules: Iterable[Path]) -> Iterator[Mutant]:
    """All mutants of some modules."""
    for module in modules:
        tree, lines = get_ast_from_path(module), module.read_text().splitlines()
        for name in OPERATORS:
            operator = get_operator(f"core/{name}")()
            positions = (
                (node, start, end) for node in ast_nodes(tree) for start, end in operator.mutation_positions(node)
            )
            for occurrence, (_, start, end) in enumerate(positions):
                if lines[start[0] - 1].strip() == "if TYPE_CHECKING:":
                    continue
                spec = MutationSpec(
                    module_path=module,
                    operator_name=f"core/{name}",
                    occurrence=occurrence,
                    start_pos=start,
                    end_pos=end,
                    operator_args={},
                )
                yield Mutant(module.relative_to(root).as_posix(), start[0], name, spec)


def sample(found: Iterable[Mutant], size: int, seed: int) -> list[Mutant]:
    """Some of all: a module has as many as its share of the code."""
    whole = sorted(found, key=_order)
    return sorted(random.Random(seed).sample(whole, min(size, len(whole))), key=_order)


def each(found: Iterable[Mutant], size: int, seed: int) -> list[Mutant]:
    """Some of every module: a small one is tried as well as a large one."""
    by_module: dict[str, list[Mutant]] = {}
    for mutant in found:
        by_module.setdefault(mutant.module, []).append(mutant)
    return [one for module in sorted(by_module) for one in sample(by_module[module], size, seed)]


def _order(mutant: Mutant) -> tuple[str, int, str, int]:
    return mutant.module, mutant.line, mutant.operator, mutant.spec.occurrence
