"""Which package on the index brings a module: only what is known for sure."""

from __future__ import annotations

_OTHER_NAME = {
    "Crypto": "pycryptodome",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "airbyte_api": "airbyte-api",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cosmos": "astronomer-cosmos",
    "cv2": "opencv-python",
    "databricks.sql": "databricks-sql-connector",
    "databricks.sdk": "databricks-sdk",
    "dateutil": "python-dateutil",
    "decouple": "python-decouple",
    "dotenv": "python-dotenv",
    "elasticsearch_dsl": "elasticsearch-dsl",
    "facebook_business": "facebook-business",
    "fitz": "pymupdf",
    "github": "pygithub",
    "gitlab": "python-gitlab",
    "great_expectations": "great-expectations",
    "hdbcli": "hdbcli",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "kafka": "kafka-python",
    "confluent_kafka": "confluent-kafka",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "mysql.connector": "mysql-connector-python",
    "nacl": "pynacl",
    "opensearchpy": "opensearch-py",
    "pptx": "python-pptx",
    "docx": "python-docx",
    "psycopg2": "psycopg2-binary",
    "pymssql": "pymssql",
    "serial": "pyserial",
    "simple_salesforce": "simple-salesforce",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slack_sdk": "slack-sdk",
    "slugify": "python-slugify",
    "snowflake.connector": "snowflake-connector-python",
    "snowflake.snowpark": "snowflake-snowpark-python",
    "snowflake.sqlalchemy": "snowflake-sqlalchemy",
    "socks": "pysocks",
    "telegram": "python-telegram-bot",
    "usb": "pyusb",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
    "google.api_core": "google-api-core",
    "google.auth": "google-auth",
    "google.oauth2": "google-auth",
    "google.protobuf": "protobuf",
    "google.genai": "google-genai",
    "google.generativeai": "google-generativeai",
    "google_auth_oauthlib": "google-auth-oauthlib",
    "googleapiclient": "google-api-python-client",
    "google.ads.googleads": "google-ads",
    "google.cloud.monitoring_v3": "google-cloud-monitoring",
    "google.cloud.secretmanager": "google-cloud-secret-manager",
    "google.cloud.secretmanager_v1": "google-cloud-secret-manager",
    "google.cloud.pubsub_v1": "google-cloud-pubsub",
    "google.cloud.dlp_v2": "google-cloud-dlp",
    "google.cloud.bigquery_storage": "google-cloud-bigquery-storage",
    "google.cloud.bigquery_datatransfer": "google-cloud-bigquery-datatransfer",
    "google.cloud.documentai": "google-cloud-documentai",
    "google.cloud.tasks_v2": "google-cloud-tasks",
    "google.cloud.videointelligence": "google-cloud-videointelligence",
}
_GOOGLES = """
aiplatform bigquery bigtable build container dataform dataplex dataproc datastore firestore kms language logging
ndb pubsub run spanner speech storage tasks texttospeech translate vision workflows
"""
_GOOGLE = frozenset(_GOOGLES.split())
_AZURES = """
azure.ai.ml azure.core azure.cosmos azure.data.tables azure.eventhub azure.identity azure.keyvault.keys
azure.keyvault.secrets azure.mgmt.compute azure.mgmt.datafactory azure.mgmt.resource azure.servicebus
azure.storage.blob azure.storage.filedatalake azure.storage.queue azure.synapse.spark
"""
_AZURE = frozenset(_AZURES.split())
_SAME_NAMES = """
aiobotocore aiohttp asyncpg avro awswrangler boto3 botocore cattrs celery chardet clickhouse_connect
clickhouse_driver cryptography dask deltalake dlt duckdb elasticsearch faker fastapi fastavro flask fsspec gcsfs
geopandas gspread httpx hvac ibis imap_tools influxdb jinja2 joblib jsonschema kubernetes ldap3 lightgbm loguru
lxml markdown matplotlib mlflow networkx nltk numpy openai openpyxl oracledb orjson pandas pandera paramiko
pendulum playwright plotly polars prefect psutil psycopg pyarrow pydantic pymongo pymysql pyodbc pysftp pyspark
pytz ray redis regex requests rich s3fs scipy seaborn selenium sentry_sdk shapely smart_open spacy sqlalchemy
sqlglot sqlmodel sqlparse statsmodels stripe tabulate tenacity tensorflow toml torch tqdm transformers trino
twilio ujson unidecode vertica_python xgboost xlrd xlsxwriter xmltodict zeep
"""
_SAME_NAME = frozenset(_SAME_NAMES.split())


def distribution_of(module: str) -> str | None:
    """The package that brings a module, by its dotted name; None where nobody can be sure."""
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        name = ".".join(parts[:count])
        if name in _OTHER_NAME:
            return _OTHER_NAME[name]
        if name in _AZURE:
            return name.replace(".", "-")
    if parts[:2] == ["google", "cloud"] and len(parts) > 2 and parts[2] in _GOOGLE:
        return f"google-cloud-{parts[2]}"
    return parts[0].replace("_", "-") if parts[0] in _SAME_NAME else None
