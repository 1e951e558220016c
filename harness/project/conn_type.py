"""The types of connections as Airflow calls them."""

from __future__ import annotations


def normal_type(conn_type: str) -> str:
    """``postgresql`` is ``postgres``, and ``-`` is ``_``.

    Source: ``Connection._normalize_conn_type`` of airflow/sdk/definitions/connection.py (3.3.2).
    """
    return "postgres" if conn_type == "postgresql" else conn_type.replace("-", "_")
