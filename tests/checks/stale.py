"""Ways in which what a Dag file came to changes without the file: code that makes ``POOL``, and the change."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Change = Callable[[Path], object]
HERE = "from pathlib import Path\nHERE = Path(__file__).parent\nNEAR = HERE / '{name}'\n"
"""Every file has a folder of its own name; ``etl`` is a pool that exists."""
ELSE = "try:\n    {one}\nexcept ImportError:\n    POOL = 'etl'\n"
YES = "POOL = 'gone' if {} else 'etl'\n"
NATIVE = """
import ctypes, polars
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.fread.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p]
buffer = ctypes.create_string_buffer(100)
libc.fread(buffer, 1, 99, libc.fopen(str(NEAR / 'data.parquet').encode(), b'r'))
POOL = buffer.value.decode().strip()
"""


@dataclass(frozen=True)
class Stale:
    """One way: files beside the Dag (in the folder of its name), code, and what happens afterwards."""

    name: str
    code: str
    change: Change
    files: dict[str, str]


def _write(name: str, text: str = "gone") -> Change:
    def change(near: Path) -> None:
        (near / name).parent.mkdir(parents=True, exist_ok=True)
        (near / name).write_text(text)

    return change


def _point(link: str, target: str) -> Change:
    def change(near: Path) -> None:
        (near / link).unlink(missing_ok=True)
        (near / link).symlink_to(near / target)

    return change


def _row(near: Path, value: str) -> None:
    base = sqlite3.connect(near / "pools.db")
    base.executescript(f"drop table if exists t; create table t as select '{value}' as pool")
    base.close()


def _gone_row(near: Path) -> None:
    _row(near, "gone")


def _not_taken_in(near: Path) -> None:
    """A writer that dies: what it wrote is beside the database."""
    code = "import os, sqlite3, sys; base = sqlite3.connect(sys.argv[1]); base.execute('pragma wal_autocheckpoint=0'); "
    code += "base.execute(\"update t set pool='gone'\"); base.commit(); os._exit(0)"
    subprocess.run([sys.executable, "-c", code, str(near / "pools.db")], check=True)


def _nothing(_: Path) -> None:
    """What changes is not beside the file."""


def _authorities() -> str:
    import certifi

    return certifi.where()


def _archive(path: Path, name: str, text: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, text)


def _same_size_and_time(near: Path) -> None:
    found = (near / "pool.txt").stat()
    (near / "pool.txt").write_text("eli")
    os.utime(near / "pool.txt", ns=(found.st_atime_ns, found.st_mtime_ns))


ATTACH = """
import sqlite3
base = sqlite3.connect(':memory:')
base.execute('{})
POOL = base.execute('select pool from other.t').fetchone()[0]
"""
READ = "POOL = (NEAR / 'pool.txt').read_text()\n"
TEXT = {"pool.txt": "etl"}


def _modules() -> list[Stale]:
    import_ = "import sys\nsys.path.append(str(NEAR))\n"
    return [
        Stale("module", f"{import_}from module_m import POOL\n", _module("module"), {"module_m.py": "POOL = 'etl'\n"}),
        Stale(
            "by_name",
            f"{import_}import importlib\nPOOL = importlib.import_module('by_' + 'name_m').POOL\n",
            _module("by_name"),
            {"by_name_m.py": "POOL = 'etl'\n"},
        ),
        Stale(
            "by_path",
            "import importlib.util\nspec = importlib.util.spec_from_file_location('x', NEAR / 'by_path_m.py')\n"
            "x = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(x)\nPOOL = x.POOL\n",
            _module("by_path"),
            {"by_path_m.py": "POOL = 'etl'\n"},
        ),
        Stale(
            "runpy",
            "import runpy\nPOOL = runpy.run_path(NEAR / 'runpy_m.py')['POOL']\n",
            _module("runpy"),
            {"runpy_m.py": "POOL = 'etl'\n"},
        ),
        Stale("optional", import_ + ELSE.format(one="from optional_m import POOL"), _module("optional"), {"x": ""}),
        Stale(
            "optional_part",
            import_ + ELSE.format(one="from optional_package.part import POOL"),
            _write("optional_package/part.py", "POOL = 'gone'\n"),
            {"optional_package/__init__.py": ""},
        ),
        Stale(
            "overtakes",
            f"{import_}from overtakes_m import POOL\n",
            _write("overtakes_m/__init__.py", "POOL = 'gone'\n"),
            {"overtakes_m.py": "POOL = 'etl'\n"},
        ),
        Stale(
            "goes_before",
            "import sys\nsys.path[:0] = [str(NEAR / 'a'), str(NEAR / 'b')]\nfrom goes_before_m import POOL\n",
            _write("a/goes_before_m.py", "POOL = 'gone'\n"),
            {"a/x": "", "b/goes_before_m.py": "POOL = 'etl'\n"},
        ),
        Stale(
            "module_gone",
            import_ + "try:\n    import module_gone_m\n    POOL = 'etl'\nexcept ImportError:\n    POOL = 'gone'\n",
            lambda near: (near / "module_gone_m.py").unlink(),
            {"module_gone_m.py": ""},
        ),
        Stale(
            "find_spec",
            import_ + "import importlib.util\n" + YES.format("importlib.util.find_spec('find_spec_m')"),
            _write("find_spec_m.py", ""),
            {"x": ""},
        ),
    ]


def _files() -> list[Stale]:
    return [
        Stale("text", READ, _write("pool.txt"), TEXT),
        Stale("same_size_and_time", READ, _same_size_and_time, TEXT),
        Stale(
            "text_gone", YES.format("not (NEAR / 'pool.txt').exists()"), lambda near: (near / "pool.txt").unlink(), TEXT
        ),
        Stale(
            "no_such_file",
            "try:\n    open(NEAR / 'pool.txt')\n    POOL = 'gone'\nexcept OSError:\n    POOL = 'etl'\n",
            _write("pool.txt"),
            {"x": ""},
        ),
        Stale(
            "json",
            "import json\nPOOL = json.loads((NEAR / 'a.json').read_bytes())['pool']\n",
            _write("a.json", '{"pool": "gone"}'),
            {"a.json": '{"pool": "etl"}'},
        ),
        Stale(
            "yaml",
            "import yaml\nPOOL = yaml.safe_load(open(NEAR / 'a.yaml'))['pool']\n",
            _write("a.yaml", "pool: gone"),
            {"a.yaml": "pool: etl"},
        ),
        Stale(
            "os_open",
            "import os\nPOOL = os.read(os.open(NEAR / 'pool.txt', os.O_RDONLY), 9).decode()\n",
            _write("pool.txt"),
            TEXT,
        ),
        Stale("path_exists", YES.format("(NEAR / 'flag').exists()"), _write("flag"), {"x": ""}),
        Stale("is_file", "import os\n" + YES.format("os.path.isfile(NEAR / 'flag')"), _write("flag"), {"x": ""}),
        Stale("is_folder", YES.format("(NEAR / 'flag').is_dir()"), lambda near: (near / "flag").mkdir(), {"x": ""}),
        Stale("size", YES.format("(NEAR / 'pool.txt').stat().st_size > 3"), _write("pool.txt", "four"), TEXT),
        Stale(
            "time",
            YES.format("(NEAR / 'pool.txt').stat().st_mtime > 4e9"),
            lambda near: os.utime(near / "pool.txt", (4.1e9, 4.1e9)),
            TEXT,
        ),
        Stale(
            "mode",
            "import os\n" + YES.format("os.access(NEAR / 'pool.txt', os.X_OK)"),
            lambda near: (near / "pool.txt").chmod(0o755),
            TEXT,
        ),
    ]


def _folders() -> list[Stale]:
    return [
        Stale("listdir", "import os\n" + YES.format("len(os.listdir(NEAR)) > 1"), _write("two"), {"one": ""}),
        Stale("scandir", "import os\n" + YES.format("len([*os.scandir(NEAR)]) > 1"), _write("two"), {"one": ""}),
        Stale("iterdir", YES.format("len([*NEAR.iterdir()]) > 1"), _write("two"), {"one": ""}),
        Stale(
            "glob",
            "import glob\n" + YES.format("glob.glob(f'{NEAR}/**/*.csv', recursive=True)"),
            _write("new/a.csv"),
            {"old/x": ""},
        ),
        Stale("rglob", YES.format("[*NEAR.rglob('*.csv')]"), _write("old/a.csv"), {"old/x": ""}),
        Stale(
            "walk",
            "import os\n" + YES.format("len([*os.walk(NEAR)]) > 2"),
            lambda near: (near / "new").mkdir(),
            {"old/x": ""},
        ),
        Stale(
            "bytes_path",
            "import os\n" + YES.format("os.listdir(os.fsencode(NEAR / 'a'))[1:]"),
            _write("a/two"),
            {"a/one": ""},
        ),
        Stale("link", "POOL = (NEAR / 'link').read_text()\n", _point("link", "b"), {"a": "etl", "b": "gone"}),
        Stale(
            "link_read",
            "import os\n" + YES.format("os.readlink(NEAR / 'link').endswith('b')"),
            _point("link", "b"),
            {"a": "etl", "b": "etl"},
        ),
        Stale(
            "link_resolved",
            YES.format("(NEAR / 'link').resolve().name == 'b'"),
            _point("link", "b"),
            {"a": "etl", "b": "etl"},
        ),
        Stale(
            "folder_link",
            "POOL = (NEAR / 'link' / 'pool.txt').read_text()\n",
            _point("link", "b"),
            {"a/pool.txt": "etl", "b/pool.txt": "gone"},
        ),
        Stale(
            "sqlite",
            "import sqlite3\nrows = sqlite3.connect(NEAR / 'pools.db').execute('select * from t')\n"
            "POOL = next(rows)[0]\n",
            _gone_row,
            {"x": ""},
        ),
    ]


def _databases_and_others() -> list[Stale]:
    return [
        Stale("attach", ATTACH.format("attach ? as other', (str(NEAR / 'pools.db'),)"), _gone_row, {"x": ""}),
        Stale(
            "attach_text", ATTACH.format("attach \"' + str(NEAR / 'pools.db') + '\" as other'"), _gone_row, {"x": ""}
        ),
        Stale(
            "sqlite_wal",
            "import sqlite3\nrows = sqlite3.connect(f'file:{NEAR}/pools.db?mode=ro', uri=True)\ntry:\n"
            "    POOL = next(rows.execute('select * from t'))[0]\nexcept sqlite3.OperationalError:\n    POOL = 'etl'\n",
            _not_taken_in,
            {"x": ""},
        ),
        Stale(
            "in_folder",
            "import os\nfolder = os.open(NEAR, os.O_RDONLY)\n"
            "POOL = os.read(os.open('pool.txt', os.O_RDONLY, dir_fd=folder), 9).decode()\n",
            _write("pool.txt"),
            TEXT,
        ),
        Stale(
            "stat_in_folder",
            "import os\nfolder = os.open(NEAR, os.O_RDONLY)\n"
            + YES.format("os.stat('pool.txt', dir_fd=folder).st_size > 3"),
            _write("pool.txt", "four"),
            TEXT,
        ),
        Stale(
            "list_descriptor",
            "import os\n" + YES.format("len(os.listdir(os.open(NEAR, os.O_RDONLY))) > 1"),
            _write("two"),
            {"one": ""},
        ),
        Stale("fwalk", "import os\n" + YES.format("'flag' in str([*os.fwalk(NEAR)])"), _write("a/flag"), {"a/x": ""}),
        Stale(
            "sizes",
            "import os\n" + YES.format("sum(one.stat().st_size for one in os.scandir(NEAR)) > 3"),
            _write("pool.txt", "four"),
            TEXT,
        ),
        Stale("dot_name", "import os\n" + YES.format("'.flag' in os.listdir(NEAR)"), _write(".flag"), {"x": ""}),
        Stale("dot_glob", "import glob\n" + YES.format("glob.glob(f'{NEAR}/.fl*')"), _write(".flag"), {"x": ""}),
        Stale(
            "certificates",
            "import ssl\ntry:\n    ssl.create_default_context().load_verify_locations(NEAR / 'ca.pem')\n"
            "    POOL = 'gone'\nexcept ssl.SSLError:\n    POOL = 'etl'\n",
            lambda near: shutil.copy(_authorities(), near / "ca.pem"),
            {"ca.pem": "none"},
        ),
        Stale(
            "mask", "import os\nmask = os.umask(0)\nos.umask(mask)\n" + YES.format("mask == 0o77"), _nothing, {"x": ""}
        ),
    ]


def _surroundings() -> list[Stale]:
    import_ = "import sys\nsys.path.append(str(NEAR))\n"
    return [
        Stale("environb", "import os\n" + YES.format("os.environb.get(b'STALE_B')"), _nothing, {"x": ""}),
        Stale("proc", YES.format("'STALE_B=' in open('/proc/self/environ').read()"), _nothing, {"x": ""}),
        Stale("native", NATIVE, _write("data.parquet"), {"data.parquet": "etl"}),
        Stale(
            "archive",
            "import sys\nsys.path.append(str(NEAR / 'a.zip'))\nfrom archive_m import POOL\n",
            lambda near: _archive(near / "a.zip", "archive_m.py", "POOL = 'gone_for_good'"),
            {"x": ""},
        ),
        Stale(
            "resource",
            f"{import_}import importlib.resources as r\nimport resource_p\n"
            "POOL = (r.files(resource_p) / 'pool.txt').read_text()\n",
            _write("resource_p/pool.txt"),
            {"resource_p/__init__.py": "", "resource_p/pool.txt": "etl"},
        ),
        Stale(
            "home",
            "import os\nPOOL = open(os.environ['AIRFLOW_HOME'] + '/include/pool.txt').read()\n",
            lambda near: (near.parents[1] / "include" / "pool.txt").write_text("gone"),
            {"x": ""},
        ),
        Stale(
            "outside",
            "POOL = (HERE.parents[1] / 'outside.txt').read_text()\n",
            lambda near: (near.parents[2] / "outside.txt").write_text("gone"),
            {"x": ""},
        ),
        Stale(
            "program",
            "import subprocess\nPOOL = subprocess.check_output(['cat', NEAR / 'pool.txt'], text=True)\n",
            _write("pool.txt"),
            TEXT,
        ),
        Stale("variable", "import os\nPOOL = os.environ.get('STALE_GET', 'etl')\n", _nothing, {"x": ""}),
        Stale("getenv", "import os\n" + YES.format("os.getenv('STALE_GETENV')"), _nothing, {"x": ""}),
        Stale(
            "environment",
            "import os\n" + YES.format("[n for n in os.environ if n.startswith('STALE_ALL')]"),
            _nothing,
            {"x": ""},
        ),
    ]


def _module(name: str) -> Change:
    return _write(f"{name}_m.py", "POOL = 'gone_for_good'\n")


WAYS = [*_modules(), *_files(), *_folders(), *_databases_and_others(), *_surroundings()]
EACH_TIME = {"program", "attach", "proc"}
"""What nobody sees: a program, a file whose name is bound to a statement, and what the kernel tells of the process."""
VARIABLES = {"STALE_B": "1", "STALE_GET": "gone", "STALE_GETENV": "1", "STALE_ALL": "1"}


def make(dags: Path) -> None:
    """Write the Dag files and what lies beside them."""
    (dags / "polars.py").write_text("")
    (dags.parent / "include").mkdir()
    (dags.parent / "include" / "pool.txt").write_text("etl")
    (dags.parents[1] / "outside.txt").write_text("etl")
    for way in WAYS:
        near = dags / way.name
        for name, text in way.files.items():
            (near / name).parent.mkdir(parents=True, exist_ok=True)
            (near / name).write_text(text)
        (dags / f"{way.name}.py").write_text(
            f"from airflow.sdk import DAG, task\n{HERE.format(name=way.name)}{way.code}\n"
            f"with DAG({way.name!r}, schedule=None):\n    @task(pool=POOL)\n    def work(): ...\n    work()\n"
        )
    for link in ("link", "link_read", "link_resolved", "folder_link"):
        _point("link", "a")(dags / link)
    for name in ("sqlite", "attach", "attach_text", "sqlite_wal"):
        _row(dags / name, "etl")
    base = sqlite3.connect(dags / "sqlite_wal" / "pools.db")
    base.execute("pragma journal_mode=wal")
    base.close()
    _archive(dags / "archive" / "a.zip", "archive_m.py", "POOL = 'etl'")
    shutil.rmtree(dags / "module" / "__pycache__", ignore_errors=True)
