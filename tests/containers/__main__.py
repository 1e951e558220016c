"""``python -m tests.containers``: the tests marked ``containers``, where a Docker engine runs Debian's packages.

Where there is none, one line says so and the exit code is 0: they are the only tests that need one.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> int:
    """Make the images and run the tests; the exit code of pytest."""
    missing = why_not()
    if missing is not None:
        print(f"=== left out: tests of containers: {missing}")
        return 0
    subprocess.run([FOLDER / "build-images"], check=True)
    return subprocess.run([sys.executable, "-m", "pytest", "-m", "containers", *sys.argv[1:], "tests"]).returncode


def why_not() -> str | None:
    """Why there can be no containers here; None where there can."""
    try:
        asked = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no Docker: {error}"
    if asked.returncode:
        return f"no Docker engine: {(asked.stderr.strip() or 'docker info fails').splitlines()[-1]}"
    return None


if __name__ == "__main__":
    sys.exit(main())
