from datetime import datetime, timezone


def partition(logical_date):
    return logical_date.strftime("%Y%m%d")


def stamp():
    return datetime.now(timezone.utc).strftime("%Y%m%d %H:%M:%S")
