"""The composition root: options and a world in, a simulated Dag run or a whole calendar out."""

from harness.simulation.options import CalendarOptions, RunOptions
from harness.simulation.rehearsal import Rehearsal

__all__ = ["CalendarOptions", "Rehearsal", "RunOptions"]
