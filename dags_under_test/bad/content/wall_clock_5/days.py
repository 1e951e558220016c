# expect: wall-clock:6
from datetime import datetime, timezone


def partition():
    return datetime.now(timezone.utc).strftime("%Y%m%d")
