"""Checks of what tasks hold: templates, callbacks, code."""
