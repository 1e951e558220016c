import decimal
import fnmatch
import linecache
import mimetypes
import os
import re
import warnings

from airflow.sdk import DAG

ROOT = os.path.expandvars("$HOME/data")
BYTES = os.path.expandvars(b"$HOME/data")
assert fnmatch.fnmatch("a.csv", "*.csv")
assert re.match("a+", "aaa")
assert linecache.getline(__file__, 1)
assert mimetypes.guess_type("a.csv")
assert decimal.getcontext().prec
warnings.warn("told once", stacklevel=1)

with DAG("fills_caches", schedule=None):
    pass
