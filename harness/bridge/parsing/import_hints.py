"""What would help a file that does not import: the name that was meant, or the one Airflow 3 has, or the package.

Which package on the index brings a module is said only where it is known for sure.
"""

from __future__ import annotations

import ast
import builtins
import importlib.metadata
import inspect
import linecache
import os
import re
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

from harness.bridge.airflow2 import ARGUMENTS, of_standard, provider_of, replacement
from harness.bridge.parsing.watching import Users
from harness.errors import nearest
from harness.project import BUILT, own_folders

Frames = list[tuple[FrameType, int]]

_UNEXPECTED = re.compile(r"(?:([\w.<>]+)\(\) )?got (?:an )?unexpected keyword arguments? ((?:'\w+'(?:, )?)+)")
_NOT_FOUND = re.compile(r"VARIABLE_NOT_FOUND|The conn_id `.*` isn't defined|CONNECTION_NOT_FOUND")
_MOST_FOLDERS = 2_000


def fix_of(error: BaseException, frames: Frames, users: Users) -> tuple[str | None, str | None]:
    """The package that is missing and what to do, each None where it is not known."""
    if not isinstance(error, Exception):
        return None, "a Dag file only says what there is to run: leave its end to Airflow"
    if isinstance(error, ImportError):
        return _of_import(error, frames, users)
    if isinstance(error, TypeError):
        return None, _of_arguments(str(error), frames)
    if isinstance(error, (NameError, AttributeError)):
        return None, _of_name(error, frames, users)
    if _NOT_FOUND.search(str(error)):
        return None, "read it in a task, or declare it in the world file (variables:, connections:) or in .env"
    if isinstance(error, KeyError) and frames and frames[-1][0].f_code.co_filename in (os.__file__, "<frozen os>"):
        return None, f"set {error.args[0]} in .env, or read it in a task with os.environ.get"
    if isinstance(error, FileNotFoundError) and error.filename and not os.path.isabs(error.filename):  # noqa: PTH117
        return None, "a path from the file's own place: Path(__file__).parent / …; the working directory is Airflow's"
    if isinstance(error, (SyntaxError, UnicodeError)) and any(
        w in str(error) for w in ("null bytes", "utf-8", "encod")
    ):
        return None, "save the file as UTF-8"
    return None, None


# -- imports -----------------------------------------------------------------------------------------------------


def _of_import(error: ImportError, frames: Frames, users: Users) -> tuple[str | None, str | None]:
    if isinstance(error.__cause__, ModuleNotFoundError):  # Airflow's own redirection to a provider that is not there
        error = error.__cause__
    module, text = error.name or "", str(error)
    if "relative import" in text:
        return None, "Airflow imports a Dag file by its path, outside of any package: import from the Dag folder"
    if isinstance(error, ModuleNotFoundError):
        return _of_module(module, _imported_names(frames, users, module), users)
    found = re.match(r"cannot import name '(\w+)' from", text)
    if not found:
        return None, None
    name = found[1]
    if fix := replacement(module, name) or of_standard(module, name):
        return None, fix
    owner = sys.modules.get(module)
    package = distribution_of(f"{module}.{name}") if getattr(owner, "__file__", None) is None else None
    if package is not None and not _is_installed(package):  # a namespace that another package has made
        return package, f"pip install {package}"
    close = nearest(name, {one for one in (*dir(owner), *getattr(owner, "__all__", ())) if not one.startswith("__")})
    return None, f"did you mean {close[0]!r}?" if close else None


def _of_module(module: str, imported: list[tuple[str, str | None]], users: Users) -> tuple[str | None, str | None]:
    top = module.split(".")[0]
    named = any(name for _, name in imported)  # then the module alone is no answer: it may not have that name
    for source, name in [*imported, (module, None)]:
        fix = replacement(source, name)
        if fix is None and (name or not named):
            fix = of_standard(source, name)
        if fix:
            return None, fix
    if provider := next(filter(None, (provider_of(source) for source, _ in [*imported, (module, None)])), None):
        parts = provider.removeprefix("apache-airflow-providers-").split("-")
        if _is_there(".".join(["airflow", "providers", *parts])):
            return None, None
        return provider, f"pip install {provider}"
    if not module or top == "airflow":
        return None, None
    for source in (*(source for source, _ in imported), module):
        if own := _of_the_repository(source, users):
            return None, own
    meant = next((source if name is None else f"{source}.{name}" for source, name in imported), module)
    package = distribution_of(meant) or distribution_of(module)
    if package is not None and not _is_installed(package) and not _has_code(top):
        return package, f"pip install {package}"
    if _is_there(top) or any((Path(root) / top).exists() for root in users.roots):
        return None, None
    close = nearest(top, [one for one in sys.stdlib_module_names if not one.startswith("_")], limit=1)
    if close and len(close[0]) > 3 and abs(len(close[0]) - len(top)) < 2:
        return None, f"did you mean {close[0]!r}?"
    return top, f"install the package that brings the module {top!r}, or correct the name"


def _of_the_repository(module: str, users: Users) -> str | None:
    """Where the repository itself has a module that is not found: what lacks is its folder on ``sys.path``."""
    parts = module.split(".")
    inner = os.path.join(*parts)  # noqa: PTH118
    for root in users.roots[:1]:
        for number, (folder, folders, files) in enumerate(os.walk(root)):
            if number > _MOST_FOLDERS:
                return None
            folders[:] = [one for one in own_folders(folder, folders, but=BUILT) if users.own(f"{folder}/{one}/")]
            if parts[0] not in folders and f"{parts[0]}.py" not in files:
                continue
            found = [f"{inner}.py", os.path.join(inner, "__init__.py"), inner]  # noqa: PTH118
            there = next((one for one in found if os.path.exists(os.path.join(folder, one))), None)  # noqa: PTH110, PTH118
            if there is not None and folder not in map(os.path.abspath, sys.path):
                path = os.path.relpath(os.path.join(folder, there), root)  # noqa: PTH118
                shown = os.path.relpath(folder, root)
                return f"it is the repository's own {path}: put {shown} on PYTHONPATH"
    return None


def _is_installed(package: str) -> bool:
    try:
        return bool(importlib.metadata.version(package))
    except importlib.metadata.PackageNotFoundError:
        return False


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _has_code(module: str) -> bool:
    """Whether a module is there and no namespace, which several packages share."""
    try:
        found = find_spec(module)
    except (ImportError, ValueError):
        return False
    return found is not None and found.origin is not None


def _imported_names(frames: Frames, users: Users, module: str) -> list[tuple[str, str | None]]:
    """(module, name) that the user's own statement imports from a module or below it."""
    own = [(frame.f_code.co_filename, line) for frame, line in frames if users.own(frame.f_code.co_filename)]
    if not own:
        return []
    try:
        tree = ast.parse("".join(linecache.getlines(own[-1][0])))
    except (SyntaxError, ValueError):
        return []
    found: list[tuple[str, str | None]] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and node.lineno <= own[-1][1] <= (node.end_lineno or 0):
            for one in node.names:
                found.append((one.name, None) if isinstance(node, ast.Import) else (node.module or "", one.name))
    return [(asked, name) for asked, name in found if asked == module or asked.startswith(module + ".")]


# -- arguments ---------------------------------------------------------------------------------------------------


def _of_arguments(text: str, frames: Frames) -> str | None:
    """What to write instead of arguments that nobody takes."""
    if text.startswith(("Invalid arguments were passed to", "missing keyword argument")):
        task = next((one for frame, _ in reversed(frames) if _is_task(one := frame.f_locals.get("self"))), None)
        arguments = next((frame.f_locals["kwargs"] for frame, _ in reversed(frames) if "kwargs" in frame.f_locals), ())
        known = _taken_by(type(task))
        return _meant([name for name in arguments if name not in known], known)
    if not (found := _UNEXPECTED.search(text)):
        return None
    return _meant(re.findall(r"'(\w+)'", found[2]), _taken(found[1] or "", frames))


def _meant(arguments: Iterable[str], known: Iterable[str]) -> str | None:
    known = list(known)
    advice = []
    for name in arguments:
        if name in ARGUMENTS and name not in known:
            advice.append(f"{name} is gone from Airflow 3: {ARGUMENTS[name]}")
        elif close := nearest(name, known, limit=1):
            advice.append(f"{name}: did you mean {close[0]}=?")
    return "; ".join(advice) or None


def _taken(called: str, frames: Frames) -> list[str]:
    """Arguments of what was called, by its qualified name, as ``Variable.get``, found in the frames."""
    name, _, method = called.partition(".")
    for frame, _ in reversed(frames):
        for scope in (frame.f_locals, frame.f_globals):
            target = scope.get(name) or next((one for one in scope.values() if _named(one, name)), None)
            if target is not None:
                own = method not in ("", "__init__", "partial", "expand") and getattr(target, method, None)
                return _taken_by(own or target)
    return []


def _named(value: Any, name: str) -> bool:
    return isinstance(value, type) and value.__name__ == name


def _taken_by(target: Any) -> list[str]:
    """Arguments of a class or a function; those of an operator come from all its bases."""
    names: set[str] = set()
    for one in getattr(target, "__mro__", (target,)):
        try:
            names |= set(inspect.signature(vars(one).get("__init__", one) if isinstance(one, type) else one).parameters)
        except (TypeError, ValueError):
            continue
    return sorted(names - {"self", "args", "kwargs"})


def _is_task(value: Any) -> bool:
    return hasattr(type(value), "_BaseOperator__instantiated")


# -- names -------------------------------------------------------------------------------------------------------


def _of_name(error: NameError | AttributeError, frames: Frames, users: Users) -> str | None:
    name = error.name or ""
    if isinstance(error, AttributeError):
        owner: Any = error.obj
        if getattr(owner, "__name__", "").startswith("airflow") and (fix := replacement(owner.__name__, name)):
            return fix
        try:
            known = [one for one in dir(owner) if not one.startswith("_")]
        except Exception:
            return None
    else:
        own = [frame for frame, _ in frames if users.own(frame.f_code.co_filename)]
        known = [*(own[-1].f_locals if own else ()), *(own[-1].f_globals if own else ()), *dir(builtins)]
    close = nearest(name, known, limit=1) if name else []
    return f"did you mean {close[0]!r}?" if close else None


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
