"""Where the reports of ``airflow-harness check`` go: ``--format`` and ``--output``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.written import write_whole
from harness.errors import UsageError, known_names

if TYPE_CHECKING:
    from harness.cli.terminal import Terminal
    from harness.gate.check_result import CheckResult

TEXT = "text"
FORMATS = (TEXT, "json", "junit", "sarif", "github")
OF_REPOSITORY = ("sarif", "github")
"""Formats whose paths are those of the git repository, wherever the command runs."""


@dataclass(frozen=True)
class ReportFiles:
    """What is written.

    Attributes:
        on_stdout: format of what goes to stdout.
        files: format and file of what is written beside it.
    """

    on_stdout: str = TEXT
    files: tuple[tuple[str, Path], ...] = ()

    @classmethod
    def of(cls, formats: tuple[str, ...], output: Path | None) -> ReportFiles:
        """What a command line asks for.

        Raises: UsageError: a format that does not exist, or two that both want stdout.
        """
        plain = [_format(text) for text in formats if "=" not in text]
        files = [(_format(name), Path(file)) for name, mark, file in (text.partition("=") for text in formats) if mark]
        if output is not None:
            files += [(name, output) for name in plain or [TEXT]]
            plain = []
        for clash, where in ((plain, "on stdout"), ([name for name, file in files if file == output], f"in {output}")):
            if len(clash) > 1:
                fix = f"write --format {clash[1]}=FILE"
                raise UsageError(f"{' and '.join(clash)} cannot both stand {where}", fix=fix)
        return cls(plain[0] if plain else TEXT, tuple(files))

    def write(self, found: CheckResult, terminal: Terminal) -> None:
        """Write them all, files first."""
        from harness.gate.cache import FOLDER, note_output

        for name, file in self.files:
            write_whole(file, _text(name, found, terminal), f"the {name} report {str(file)!r}")
            note_output(found.root / FOLDER, file)
        if self.on_stdout != TEXT:
            terminal.out.write(_text(self.on_stdout, found, terminal))
        elif not terminal.out.isatty():
            terminal.out.write(_text(TEXT, found, terminal))
        else:
            _in_colours(found, terminal)
        terminal.out.flush()


def _format(name: str) -> str:
    kind = name.partition("=")[0]
    if kind not in FORMATS:
        raise UsageError(f"--format {kind!r} does not exist", known=known_names(kind, FORMATS))
    return kind


def _text(name: str, found: CheckResult, terminal: Terminal) -> str:
    result = found.seen_from(_repository(found.root) if name in OF_REPOSITORY else Path.cwd())
    if name == TEXT:
        return _plain(result, terminal)
    writer: Callable[[CheckResult], str] = import_module(f"harness.report.check_{name}").document
    return writer(result)


def _repository(root: Path) -> Path:
    """The git repository that a project lies in; the project itself outside of any."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)


def _plain(result: CheckResult, terminal: Terminal) -> str:
    from harness.report.check_text import lines
    from harness.report.style import glyphs

    every = lines(result, glyphs(getattr(terminal.out, "encoding", None)), terminal.verbose)
    return "".join("".join(text for text, _ in line) + "\n" for line in every)


def _in_colours(found: CheckResult, terminal: Terminal) -> None:
    from rich.text import Text

    from harness.report.check_text import lines
    from harness.report.style import glyphs

    for line in lines(found.seen_from(Path.cwd()), glyphs(terminal.console.encoding), terminal.verbose):
        terminal.console.print(Text.assemble(*line), soft_wrap=True)
