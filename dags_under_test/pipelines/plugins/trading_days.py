"""Days on which the partner trades, for templates: ``{{ macros.trading_days.latest(ds) }}``."""

from datetime import date, timedelta

from airflow.plugins_manager import AirflowPlugin


def latest(day):
    """The day itself, or the Friday before it on a weekend.

    Args:
        day: as ``2025-01-04``.
    """
    found = date.fromisoformat(day)
    return (found - timedelta(days=max(found.weekday() - 4, 0))).isoformat()


class TradingDays(AirflowPlugin):
    """What Airflow finds it by."""

    name = "trading_days"
    macros = (latest,)
