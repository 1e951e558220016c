"""The composition root: options and a world in, a simulated Dag run out."""

from harness.session.rehearsal import Rehearsal, RunOptions

__all__ = ["Rehearsal", "RunOptions"]
