"""Our services by name, and which of these names pytest has fixtures of. Read as pytest starts: nothing is imported."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

OURS: Mapping[str, str] = MappingProxyType(
    {
        "duckdb": "harness.services.sqlfile.service:DuckdbService",
        "ftp": "harness.services.files.service:FtpService",
        "http": "harness.services.http.service:HttpService",
        "kafka": "harness.services.kafka.service:KafkaService",
        "mysql": "harness.services.mysql.service:MysqlService",
        "postgres": "harness.services.postgres.service:PostgresService",
        "redis": "harness.services.redis.service:RedisService",
        "s3": "harness.services.s3.service:S3Service",
        "sftp": "harness.services.files.service:SftpService",
        "smtp": "harness.services.smtp.service:SmtpService",
        "sqlite": "harness.services.sqlfile.service:SqliteService",
        "statsd": "harness.services.statsd.service:StatsdService",
        "webhook": "harness.services.webhook.service:WebhookService",
    }
)
"""Name -> where its class is. Imported when first asked for: none of them may cost a run that does without."""

FIXTURES: Mapping[str, str] = MappingProxyType(
    {
        "postgres": """A real PostgreSQL database of this test: ``.uri``, ``.connect()``, ``.execute(sql)``.

    The connection of the world that is declared with ``service="postgres"`` leads to it. Where several are, each has a
    database of its own: the first this one, any of them ``postgres.of(conn_id)``.
    """,
    }
)
"""Service -> what its fixture is. One came before the world had services; the others are attributes of ``world``."""
