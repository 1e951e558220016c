"""The composition root: options and a world in, a simulated Dag run or a whole calendar out."""

from harness.session.options import CalendarOptions, RunOptions
from harness.session.rehearsal import Rehearsal

__all__ = ["CalendarOptions", "Rehearsal", "RunOptions"]
