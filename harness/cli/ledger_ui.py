"""A ledger shown in Airflow's own UI, for the command that does nothing else and for those that made the ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.terminal import Terminal
from harness.errors import UsageError
from harness.text import counted

if TYPE_CHECKING:
    from harness.simulation.rehearsal import Rehearsal
    from harness.ui.served import CheckedLedger, ServedLedger

DRAWN_SHOWN = 5
"""Dags that are named for not being as the project has them."""


def show_ledger(
    terminal: Terminal,
    folder: Path,
    loaded: Callable[[], Rehearsal | None],
    port: int | None = None,
    opens: bool = False,
) -> None:
    """Show a ledger until Ctrl-C.

    Args:
        folder: of the ledger.
        loaded: gives the project's Dags, None where there are none; asked once all else is known to be well.
        port: of loopback; None for one that is free.
        opens: a browser is opened.
    Raises: LedgerError: it is damaged. UsageError: the port is taken, or there is no browser. UiUnavailable.
    """
    from harness.bridge.environment.surroundings import Surroundings
    from harness.ui.served import checked, listening_on, refuse_without_ui, served

    refuse_without_ui()
    if opens:
        refuse_without_browser()
    with listening_on(port or 0) as listening:
        ledger = checked(folder)
        rehearsal = loaded()
        if terminal.console.is_terminal:
            terminal.note("Airflow's API server starts (the first time its database is made: half a minute)")
        documents = {} if rehearsal is None else _documents(rehearsal, folder)
        surroundings = Surroundings() if rehearsal is None else rehearsal.surroundings
        with served(ledger, documents, surroundings, listening) as found:
            _tell(terminal, ledger, found)
            if opens:
                import webbrowser

                webbrowser.open(found.url)
            try:
                found.wait()
            except KeyboardInterrupt:
                terminal.console.print("ended; the throw-away database is gone", soft_wrap=True)


def refuse_without_browser() -> None:
    """See whether this machine has a browser to open. Raises: UsageError."""
    import webbrowser

    try:
        webbrowser.get()
    except webbrowser.Error:
        fix = "leave --open out and open the address that is printed; or name a browser in BROWSER"
        raise UsageError("there is no browser here that --open could open", fix=fix) from None


def _documents(rehearsal: Rehearsal, folder: Path) -> dict[str, Any]:
    """The project's Dags that ran, as Airflow stores them."""
    from harness.bridge.ui.dags import documents
    from harness.ledger.questions import asked

    ran = [dag_id for (dag_id,) in asked([folder], "select distinct dag_id from runs").fetchall()]
    with rehearsal.surroundings.entered():
        return documents(rehearsal.folder.dags, ran)


def _tell(terminal: Terminal, ledger: CheckedLedger, found: ServedLedger) -> None:
    written = found.written
    if ledger.cut_off:
        terminal.note("the run was cut off: the ledger has no footer")
    drawn = list(written.drawn.items())
    for dag_id, why in drawn[:DRAWN_SHOWN]:
        terminal.note(f"{dag_id} is drawn from the ledger, without its code: {why}")
    if len(drawn) > DRAWN_SHOWN:
        terminal.note(f"and {len(drawn) - DRAWN_SHOWN} more Dags are drawn from the ledger")
    amounts = ((written.runs, "run"), (written.instances, "task instance"), (written.xcoms, "XCom"))
    held = ", ".join(counted(number, word) for number, word in amounts)
    terminal.console.print(f"{ledger.name} in Airflow's UI: {found.url}", soft_wrap=True)
    terminal.console.print(f"  {held}; read only, for this machine alone; Ctrl-C ends it", soft_wrap=True)
    terminal.console.file.flush()
