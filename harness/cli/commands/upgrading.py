"""The work of ``airflow-harness check --upgrade``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.faults import write_output
from harness.cli.terminal import Terminal
from harness.errors import NoDagsFolder, UsageError
from harness.project.config import read_config

if TYPE_CHECKING:
    from harness.upgrade import Upgrade

TEXT = "text"
FORMATS = (TEXT, "json")


@dataclass(frozen=True)
class Upgrading:
    """The job of one ``check --upgrade``.

    Attributes:
        paths: folders and files; the project and its Dag folders when empty.
        formats: at most one, of `FORMATS`.
        output: where the report goes; stdout when None.
        verbose: every place of every name.
    """

    paths: tuple[Path, ...]
    formats: tuple[str, ...] = ()
    output: Path | None = None
    verbose: bool = False

    loads_dags = False

    def __call__(self, terminal: Terminal) -> int:
        """Look at the project and tell what is left of Airflow 2.

        Returns: 0 nothing that would not work, 1 something is gone.
        Raises: UsageError: a format that this report does not have. NoDagsFolder: nothing to look at.
        """
        from harness.cli.heartbeat import CheckProgress
        from harness.project.installed import airflow_version
        from harness.upgrade.judge import upgrade_of

        form = self._format()
        folders = self._folders()
        airflow_version()
        with CheckProgress(terminal.err) as progress:
            found = upgrade_of(folders, Path.cwd(), lambda count: progress.file_done(count, 0, ""))
        if not found.looked_at:
            raise NoDagsFolder(
                f"no Python file and no template below {', '.join(map(str, folders))}", fix="name a folder with files"
            )
        self._write(found, form, terminal)
        return found.exit_code

    def _format(self) -> str:
        if unknown := [name for name in self.formats if name not in FORMATS]:
            raise UsageError(
                f"--upgrade has no format {unknown[0]!r}",
                known=", ".join(FORMATS),
                fix="airflow-harness check has the others; a file is named with --output",
            )
        if len(self.formats) > 1:
            raise UsageError("--upgrade writes one report", fix="give one --format")
        return self.formats[0] if self.formats else TEXT

    def _folders(self) -> list[Path]:
        for path in self.paths:
            if not path.exists():
                raise NoDagsFolder(f"{path} does not exist", fix="name an existing folder or file")
        if self.paths:
            return [path.resolve() for path in self.paths]
        config = read_config(Path.cwd())
        return [config.root, *(folder for folder in config.dags if not folder.is_relative_to(config.root))]

    def _write(self, found: Upgrade, form: str, terminal: Terminal) -> None:
        from rich.text import Text

        from harness.report.style import glyphs
        from harness.report.upgrade_text import lines

        if form == TEXT and self.output is None and terminal.out.isatty():
            for line in lines(found, glyphs(terminal.console.encoding), self.verbose):
                terminal.console.print(Text.assemble(*line), soft_wrap=True)
            return
        every = lines(found, glyphs(getattr(terminal.out, "encoding", None)), self.verbose)
        text = "".join("".join(part for part, _ in line) + "\n" for line in every)
        if form != TEXT:
            text = json.dumps(found.to_json(), indent=2, allow_nan=False) + "\n"
        if self.output is None:
            terminal.out.write(text)
            terminal.out.flush()
        else:
            write_output(self.output, text, f"the report {str(self.output)!r}")
