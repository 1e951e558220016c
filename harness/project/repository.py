"""What surrounds a Dag folder: plugins, settings, helper modules, what is declared. Files only, no Airflow.

Plain folders, Astro projects (``dags/ include/ plugins/ airflow_settings.yaml``), packages below a git root and Dag
bundles are known. Airflow appends ``AIRFLOW_HOME/config``, the plugins and the Dag folder to ``sys.path``
(``prepare_syspath_for_config_and_plugins``, ``BundleDagBag``, 3.3.2); the images of Astro put the project there too,
before the others. Every command and the pytest plugin take their answer from here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import UsageError
from harness.project.declarations import Declarations, declarations_of, kept
from harness.project.exports import Exports

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
LIMITS = (
    ("core", "parallelism"),
    ("core", "default_pool_task_slot_count"),
    ("scheduler", "task_queued_timeout"),
    ("scheduler", "num_stuck_in_queued_retries"),
)
"""Settings of Airflow that say how much runs at once, and what is done with what waits."""
_SECONDS = ("task_queued_timeout",)
_OF_A_HOME = ("airflow.cfg", "airflow_settings.yaml")
"""What makes a user's home folder a project: that of Astro's images is ``/usr/local/airflow``."""


@dataclass(frozen=True)
class Repository:
    """A project that holds Dags.

    Attributes:
        project: its folder; None when only the Dag folder is known.
        top: the root of its git repository, None outside of one.
        dags: Dag folders that it names itself.
        astro: its folder comes first on ``sys.path``.
        search: what ``PYTHONPATH`` of its ``.env`` names.
        limits: the settings of `LIMITS` that it makes, by the name after the section.
        plugins: folder of Airflow plugins.
        config: folder of ``airflow_local_settings.py`` and what it imports.
        environment: what its processes find, beside what they have.
        connections, variables, pools: declared by its files, beside those of the world.
        exports: what is told of them beside their names, without secrets.
        unread: lines of its ``.env`` that cannot be read, each as a sentence with its place.
        places: ``file:line`` of connections and variables of Airflow in its ``.env``.
        requirements: the file that names its packages.
        regexp: ``.airflowignore`` holds regular expressions.
    """

    project: Path | None = None
    top: Path | None = None
    dags: tuple[Path, ...] = ()
    astro: bool = False
    search: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    plugins: Path | None = None
    config: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    connections: frozenset[str] = frozenset()
    variables: Mapping[str, str | None] = field(default_factory=dict)
    pools: Mapping[str, int] = field(default_factory=dict)
    exports: Exports = field(default_factory=Exports)
    unread: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    requirements: Path | None = None
    regexp: bool = False

    def process_environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process that parses or runs Dags.

        Args:
            own: ours; settings of Airflow in it that lead outside (a database, a secrets backend) are left out.
        """
        return {**kept(own), **self.environment}

    @property
    def values(self) -> dict[str, str]:
        """Variables of Airflow whose values the project's files tell."""
        return {name: value for name, value in self.variables.items() if value is not None}

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
    def settings(self) -> tuple[object, ...]:
        """What makes a project another one to its Dags, wherever it lies."""
        own = {n: v for n, v in self.environment.items() if n != "AIRFLOW__CORE__DAGS_FOLDER"}
        exported = sorted((one.section, one.name, repr(one.value)) for one in self.exports.entries)
        declared = sorted(self.connections), sorted(self.variables.items(), key=repr), sorted(self.pools.items())
        return self.plugins, self.config, self.search, self.astro, self.regexp, sorted(own.items()), exported, declared

    @property
    def path_of_airflow(self) -> list[str]:
        """What Airflow needs on ``sys.path`` when it is imported."""
        return [*self.search, *(str(folder) for folder in (*self.config, self.plugins) if folder is not None)]

    def search_path(self, root: str) -> list[str]:
        """What is appended to ``sys.path`` for the files of a Dag folder, in the order in which it is searched.

        As Airflow has it: ``PYTHONPATH``, ``config``, the plugins, the Dag folder; then what teams add in their images:
        the project, the folder around the Dag folder, the top of the git repository, ``include``. With Astro the
        project is first.
        """
        project = [] if self.project is None else [self.project]
        folder = Path(root).parent
        near = [folder] if self.project is not None and self.project in folder.parents else []
        include = [one for one in [self.project and self.project / "include"] if one and one.is_dir()]
        top = [] if self.top is None else [self.top]
        first = project if self.astro else []
        entries = [*first, *self.path_of_airflow, root, *project, *near, *top, *include]
        return list(dict.fromkeys(map(str, entries)))


def repository_of(path: Path) -> Repository:
    """The project that a Dag folder or a file of one belongs to.

    Args:
        path: may be the project itself.
    Raises: UsageError: a file of the project that cannot be read as what it is.
    """
    start = path.resolve()
    start = start if start.is_dir() else start.parent
    project, top = project_of(start), top_of(start)
    found = declarations_of(_between(project, top)) if project else Declarations()
    astro = project is not None and any((project / mark).exists() for mark in (".astro", "airflow_settings.yaml"))
    plugins = _first_folder([found.setting("core", "plugins_folder"), project and project / "plugins"])
    config = [folder for folder in _config_folders(start, project) if (folder / "airflow_local_settings.py").is_file()]
    log_config = project / "config" if project and (project / "config").is_dir() else None
    dags = tuple(_dag_folders(project, found)) if project else ()
    return Repository(
        project=project,
        top=top,
        dags=dags,
        astro=astro,
        search=found.search,
        limits=dict(_limits(found)),
        plugins=plugins,
        config=tuple(dict.fromkeys([*config, *([log_config] if log_config else [])])),
        environment=_environment(found, plugins, dags[0] if start == project and dags else start),
        connections=found.connections,
        variables=found.variables,
        pools=found.pools,
        exports=found.exports,
        unread=found.unread,
        places=found.places,
        requirements=next((f for f in [project / "requirements.txt"] if f.is_file()), None) if project else None,
        regexp=found.setting("core", "dag_ignore_file_syntax") == "regexp",
    )


def _limits(found: Declarations) -> Iterator[tuple[str, float]]:
    """The settings that say how much runs at once.

    Raises: UsageError: one that is no number.
    """
    for section, key in LIMITS:
        text = (found.setting(section, key) or "").partition("#")[0].strip()
        if not text:
            continue
        try:
            yield key, float(text) if key in _SECONDS else int(text)
        except ValueError:
            raise UsageError(
                f"[{section}] {key} of the project is {text!r}, which is no number",
                known="airflow.cfg, .env and the shell's AIRFLOW__… are looked at",
                fix="correct it",
            ) from None


def by_settings(roots: Iterable[Path]) -> list[tuple[Repository, list[Path]]]:
    """Dag folders of one project, or of several whose settings are the same, together; in the order given."""
    found: dict[str, tuple[Repository, list[Path]]] = {}
    for root in dict.fromkeys(roots):
        repository = repository_of(root)
        found.setdefault(repr(repository.settings), (repository, []))[1].append(root)
    return list(found.values())


def project_of(folder: Path) -> Path | None:
    """The nearest folder, this one or above, that looks like a project; none above a repository's top or a home."""
    for near in [folder, *folder.parents][: _LEVELS + 1]:
        if near == Path(near.anchor) or (near == Path.home() and not _is_a_project(near)):
            return None
        marks = [mark for mark in _MARKS if (near / mark).exists()]
        if marks and not (near == folder and folder.name == "dags" and not set(marks) & {"airflow.cfg", ".git"}):
            return near
    return next((near.parent for near in [folder, *folder.parents][:_LEVELS] if near.name == "dags"), None)


def top_of(folder: Path) -> Path | None:
    """The root of the git repository that a folder is in; a home that is one keeps somebody's dot files."""
    for near in [folder, *folder.parents]:
        if near in (Path.home(), Path(near.anchor)):
            return None
        if (near / ".git").exists():
            return near
    return None


def _is_a_project(home: Path) -> bool:
    named = os.environ.get("AIRFLOW_HOME")
    return any((home / mark).is_file() for mark in _OF_A_HOME) or (named is not None and Path(named) == home)


def _between(project: Path, top: Path | None) -> list[Path]:
    """A project and the folders above it up to the top of its repository: settings may stand in any of them."""
    above = [folder for folder in project.parents if top is not None and folder.is_relative_to(top)]
    return [project, *above]


def root_of(file: Path, repository: Repository) -> Path:
    """The Dag folder that a file belongs to: one that its project names, or the one called ``dags``; else its own."""
    named = sorted((folder for folder in repository.dags if folder in file.parents), key=lambda one: -len(one.parts))
    inside = [folder for folder in file.parents if repository.project in folder.parents]
    customary = [folder for folder in inside if folder.name == "dags"]
    return next(iter([*named, *reversed(customary)]), file.parent)


def _dag_folders(project: Path, found: Declarations) -> Iterable[Path]:
    named = [*found.bundles, found.setting("core", "dags_folder")]
    folders = [folder for name in named if name and (folder := (project / name).resolve()).is_dir()]
    return dict.fromkeys(folders or [folder for folder in [project / "dags"] if folder.is_dir()])


def _config_folders(start: Path, project: Path | None) -> list[Path]:
    return [project / "config", project, project / "plugins", start] if project else [start]


def _first_folder(candidates: Iterable[str | Path | None]) -> Path | None:
    return next((Path(one).resolve() for one in candidates if one and Path(one).is_dir()), None)


def _environment(found: Declarations, plugins: Path | None, start: Path) -> dict[str, str]:
    folders = {"PLUGINS_FOLDER": plugins, "DAGS_FOLDER": start}
    return {
        **found.environment,
        **{f"AIRFLOW__CORE__{name}": str(folder) for name, folder in folders.items() if folder},
    }
