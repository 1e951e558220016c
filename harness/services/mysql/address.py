"""Where a MySQL answers, and how we speak to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from harness.errors import ServiceUnavailable

URL_VARIABLE = "AIRFLOW_HARNESS_MYSQL_URL"
"""Environment variable with the URL of a server of one's own, for the ``external`` driver."""

CLOCK_VARIABLE = "AIRFLOW_HARNESS_MYSQL_CLOCK"
"""``real`` leaves SQL's clock real."""

URL_FIX = f"set {URL_VARIABLE}=mysql://user:password@host:3306"


@dataclass(frozen=True)
class MysqlDatabase:
    """The address of one database; of none, where ``dbname`` is empty."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    dbname: str = ""

    @property
    def uri(self) -> str:
        """For SQLAlchemy, by the driver that is installed with the service: ``mysql+pymysql://…``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"mysql+pymysql://{login}@{host}:{self.port}/{quote(self.dbname, safe='')}"

    @property
    def airflow(self) -> dict[str, str | int | None]:
        """The fields of an Airflow connection to it.

        Airflow's hook takes ``mysqlclient`` unless the extra names another client, and that one is compiled where it is
        installed; where it is missing and the other one is there, the connection names that.

        Source: airflow/providers/mysql/hooks/mysql.py `get_conn` (6.7).
        """
        named = find_spec("MySQLdb") is None and find_spec("mysql") is not None
        return {
            "conn_type": "mysql",
            "host": self.host,
            "login": self.user,
            "password": self.password,
            "schema": self.dbname,
            "port": self.port,
            "extra": json.dumps({"client": "mysql-connector-python"}) if named else None,
        }


def of_url(url: str) -> MysqlDatabase:
    """The server of a URL. Raises: ServiceUnavailable: there is none, or it cannot be read."""
    if not url:
        raise ServiceUnavailable("the external MySQL needs a URL", fix=URL_FIX)
    try:
        parts = urlsplit(url)
        port = parts.port or 3306
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme.partition("+")[0] not in ("mysql", "mariadb") or not parts.hostname:
        # The URL is not shown: it may hold a password.
        raise ServiceUnavailable("the URL of the external MySQL is no mysql:// one", where=URL_VARIABLE, fix=URL_FIX)
    return MysqlDatabase(parts.hostname, port, unquote(parts.username or "root"), unquote(parts.password or ""))


def connect(database: MysqlDatabase) -> Any:
    """A connection of PyMySQL, each of whose statements is committed at once, given up after 10 s.

    Raises: pymysql.Error.
    """
    import pymysql

    return pymysql.connect(
        host=database.host,
        port=database.port,
        user=database.user,
        password=database.password,
        database=database.dbname or None,
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=10,
    )


def quoted(name: str) -> str:
    """A name as MySQL has it, whatever stands in it."""
    return "`{}`".format(name.replace("`", "``"))
