"""What surrounds a Dag folder: plugins, settings, helper modules, what is declared. Files only, no Airflow.

Plain folders, Astro projects (``dags/ include/ plugins/ airflow_settings.yaml``) and Dag bundles are known. Airflow
puts ``AIRFLOW_HOME/config``, the plugins and the Dag folder on ``sys.path``
(``prepare_syspath_for_config_and_plugins``, ``BundleDagBag``, 3.3.2); the images of Astro put the project there too,
before the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.project.declarations import Declarations, declarations_of, kept

_MARKS = (
    *("airflow.cfg", "airflow_settings.yaml", ".astro", ".env", "airflow_local_settings.py", "Dockerfile", ".git"),
    *(
        "plugins",
        "include",
        "requirements.txt",
        "pyproject.toml",
        "setup.py",
        "docker-compose.yaml",
        "docker-compose.yml",
    ),
)
_NOT_IN_HOME = (".", "airflow.cfg", "airflow.db", "logs", "scratch-", "webserver_config", "simple_auth")
_LEVELS = 3
"""How far above a Dag folder its project may be."""


@dataclass(frozen=True)
class Repository:
    """A project that holds Dags.

    Attributes:
        project: its folder; None when only the Dag folder is known.
        dags: Dag folders that it names itself.
        astro: its folder comes first on ``sys.path``.
        plugins: folder of Airflow plugins.
        config: folder of ``airflow_local_settings.py`` and what it imports.
        environment: what its processes find, beside what they have.
        connections, variables, pools: declared by its files, beside those of the world.
        requirements: the file that names its packages.
        regexp: ``.airflowignore`` holds regular expressions.
    """

    project: Path | None = None
    dags: tuple[Path, ...] = ()
    astro: bool = False
    plugins: Path | None = None
    config: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    connections: frozenset[str] = frozenset()
    variables: Mapping[str, str | None] = field(default_factory=dict)
    pools: Mapping[str, int] = field(default_factory=dict)
    requirements: Path | None = None
    regexp: bool = False

    def process_environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process that parses.

        Args:
            own: ours; settings of Airflow in it that lead outside (a database, a secrets backend) are left out.
        """
        return {**kept(own), **self.environment}

    @property
    def home_entries(self) -> dict[str, str]:
        """What stands in Airflow's home in production, where the project is that home: name -> path."""
        found = {}
        if self.project is not None:
            entries = sorted(self.project.iterdir())
            found = {one.name: str(one) for one in entries if not one.name.startswith(_NOT_IN_HOME)}
        folders = {"dags": self.environment.get("AIRFLOW__CORE__DAGS_FOLDER"), "plugins": self.plugins}
        return {**found, **{name: str(folder) for name, folder in folders.items() if folder}}

    @property
    def path_of_airflow(self) -> list[str]:
        """What Airflow needs on ``sys.path`` when it is imported."""
        return [str(folder) for folder in (*self.config, self.plugins) if folder is not None]

    def path_with(self, root: str) -> list[str]:
        """The Dag folder and the project, in the order in which they are searched."""
        around = [str(folder) for folder in _around(Path(root), self.project)]
        return list(dict.fromkeys([*around, root] if self.astro else [root, *around]))


def surroundings(root: Path) -> tuple[list[str], dict[str, str]]:
    """What the files of a Dag folder find in production.

    Returns: ``sys.path``: the folder itself, its project, the plugins; variables of the project's ``.env`` that are
        none of Airflow's and that the process does not have.
    Raises: UsageError: as `repository_of`.
    """
    repository = repository_of(root)
    airflow, around = repository.path_of_airflow, repository.path_with(str(root.resolve()))
    plain = {name: value for name, value in repository.environment.items() if not name.startswith("AIRFLOW")}
    return [*around, *airflow] if repository.astro else [*airflow, *around], plain


def repository_of(path: Path) -> Repository:
    """The project that a Dag folder or a file of one belongs to.

    Args:
        path: may be the project itself.
    Raises: UsageError: a file of the project that cannot be read as what it is.
    """
    start = path.resolve()
    start = start if start.is_dir() else start.parent
    project = project_of(start)
    found = declarations_of(project) if project else Declarations()
    astro = project is not None and any((project / mark).exists() for mark in (".astro", "airflow_settings.yaml"))
    plugins = _first_folder([found.setting("core", "plugins_folder"), project and project / "plugins"])
    config = [folder for folder in _config_folders(start, project) if (folder / "airflow_local_settings.py").is_file()]
    log_config = project / "config" if project and (project / "config").is_dir() else None
    return Repository(
        project=project,
        dags=tuple(_dag_folders(project, found)) if project else (),
        astro=astro,
        plugins=plugins,
        config=tuple(dict.fromkeys([*config, *([log_config] if log_config else [])])),
        environment=_environment(found, plugins, start),
        connections=found.connections,
        variables=found.variables,
        pools=found.pools,
        requirements=next((f for f in [project / "requirements.txt"] if f.is_file()), None) if project else None,
        regexp=found.setting("core", "dag_ignore_file_syntax") == "regexp",
    )


def project_of(folder: Path) -> Path | None:
    """The nearest folder, this one or above, that looks like a project; none above a repository's top or a home."""
    for near in [folder, *folder.parents][: _LEVELS + 1]:
        if near in (Path.home(), Path(near.anchor)):
            return None
        marks = [mark for mark in _MARKS if (near / mark).exists()]
        if marks and not (near == folder and folder.name == "dags" and not set(marks) & {"airflow.cfg", ".git"}):
            return near
    return folder.parent if folder.name == "dags" else None


def root_of(file: Path, repository: Repository) -> Path:
    """The Dag folder that a file belongs to: one that its project names, or the one called ``dags``; else its own."""
    for folder in sorted(repository.dags, key=lambda one: -len(one.parts)):
        if folder in file.parents:
            return folder
    return file.parent


def _dag_folders(project: Path, found: Declarations) -> Iterable[Path]:
    named = [*found.bundles, found.setting("core", "dags_folder")]
    folders = [folder for name in named if name and (folder := (project / name).resolve()).is_dir()]
    return dict.fromkeys(folders or [folder for folder in [project / "dags"] if folder.is_dir()])


def _config_folders(start: Path, project: Path | None) -> list[Path]:
    return [project / "config", project, project / "plugins", start] if project else [start]


def _first_folder(candidates: Iterable[str | Path | None]) -> Path | None:
    return next((Path(one).resolve() for one in candidates if one and Path(one).is_dir()), None)


def _around(root: Path, project: Path | None) -> list[Path]:
    if project is None:
        return []
    return [project, *([root.parent] if project in root.parent.parents else [])]


def _environment(found: Declarations, plugins: Path | None, start: Path) -> dict[str, str]:
    folders = {"PLUGINS_FOLDER": plugins, "DAGS_FOLDER": start}
    return {
        **found.environment,
        **{f"AIRFLOW__CORE__{name}": str(folder) for name, folder in folders.items() if folder},
    }
