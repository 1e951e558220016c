"""Checks of a house's own rules, off unless asked for."""
