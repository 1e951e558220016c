"""``python -m tests.differential``; see `tests.differential.soak`."""

import sys

from tests.differential.soak import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
