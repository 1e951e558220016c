"""``python -m tests.browser``: the tests that look at pages in Chromium, which PyPI does not bring.

Without one a line says so, and the exit code is 0; tests/browser/chromium installs Debian's.
"""

from __future__ import annotations

import shutil
import subprocess
import sys


def main() -> int:
    """Run the tests; the exit code of pytest."""
    if shutil.which("chromium") is None:
        print("=== left out: tests in a browser: there is no program chromium; tests/browser/chromium installs it")
        return 0
    return subprocess.run([sys.executable, "-m", "pytest", "-m", "browser", *sys.argv[1:], "tests"]).returncode


if __name__ == "__main__":
    sys.exit(main())
