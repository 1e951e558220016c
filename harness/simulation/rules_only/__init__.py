"""Simulations in which no task code runs: what tries come to is planned, all else is as in any other simulation."""
