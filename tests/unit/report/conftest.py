"""Runs made by hand, and what a person reads of them."""

import io

import pytest


@pytest.fixture
def read():
    """The terminal report of a run as text: ``read(run, width=100, verbose=False, **console)``."""
    from rich.console import Console

    from harness.report.terminal import TerminalReport

    def text(run, width=100, verbose=False, **options):
        stream = io.StringIO()
        console = Console(file=stream, width=width, highlight=False, **options)
        TerminalReport(console, verbose).show(run)
        return stream.getvalue()

    return text
