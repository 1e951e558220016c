"""The schema of world files, ``docs/schemas/world.json``, with the services of this package.

``python -m tests.repo.world_schema --write`` writes it anew.
"""

from __future__ import annotations

import json
import sys

from harness.services.registry import OURS, service_class
from harness.services.world_schema import world_schema
from tests.repo.schemas import FOLDER

FILE = FOLDER / "world.json"


def text() -> str:
    """What the file holds."""
    return json.dumps(world_schema(map(service_class, sorted(OURS))), indent=2) + "\n"


if __name__ == "__main__":
    if "--write" in sys.argv:
        FILE.write_text(text(), encoding="utf-8")
    else:
        print(text(), end="")
