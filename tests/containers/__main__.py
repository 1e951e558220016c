"""``python -m tests.containers``: the tests that need more than PyPI brings: a Docker engine, or MariaDB's programs.

Where one of them is missing, a line says so, and the other's tests run; without both the exit code is 0.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from harness.errors import ServiceUnavailable
from harness.services.mysql.embedded import programs

FOLDER = Path(__file__).parent


def main() -> int:
    """Make the images and run the tests; the exit code of pytest."""
    missing = {"containers": no_docker(), "mariadb": no_mariadb()}
    for kind, why in missing.items():
        if why is not None:
            print(f"=== left out: tests of {kind}: {why}")
    kinds = [kind for kind, why in missing.items() if why is None]
    if not kinds:
        return 0
    if "containers" in kinds:
        subprocess.run([FOLDER / "build-images"], check=True)
    words = [sys.executable, "-m", "pytest", "-m", " or ".join(kinds), *sys.argv[1:], "tests"]
    return subprocess.run(words).returncode


def no_docker() -> str | None:
    """Why there can be no containers here; None where there can."""
    try:
        asked = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no Docker: {error}"
    if asked.returncode:
        return f"no Docker engine: {(asked.stderr.strip() or 'docker info fails').splitlines()[-1]}"
    return None


def no_mariadb() -> str | None:
    """Why there can be no embedded MySQL here; None where there can."""
    try:
        programs()
    except ServiceUnavailable as missing:
        return f"{missing.fact}; {missing.fix}"
    return None


if __name__ == "__main__":
    sys.exit(main())
