"""For tox: every Python that pyenv has installed counts, not only those that ``pyenv global`` names.

tox loads this file by its name. Without it, ``python3.10`` is a shim of pyenv that exists and refuses to run.
"""

import os
import re
import subprocess

from tox.config.cli.parser import ToxParser
from tox.plugin import impl


@impl
def tox_add_option(parser: ToxParser) -> None:  # noqa: ARG001 - the earliest hook; its argument is not needed
    """Select all of pyenv's versions, the current one first; nothing, where there is no pyenv or a choice was made."""
    if "PYENV_VERSION" in os.environ:
        return
    try:
        current = _pyenv("version-name").split(":")
        installed = _pyenv("versions", "--bare").split()
    except (OSError, subprocess.CalledProcessError):
        return
    others = [
        version for version in reversed(installed) if re.fullmatch(r"3\.\d+\.\d+", version) and version not in current
    ]
    os.environ["PYENV_VERSION"] = ":".join([*current, *others])


def _pyenv(*arguments: str) -> str:
    return subprocess.run(["pyenv", *arguments], capture_output=True, check=True, text=True).stdout.strip()
