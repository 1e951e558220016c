"""Libraries that Dag files import at their top, read off their text: what a process can have ready for many of them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

_STATEMENT = re.compile(
    rb"^(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n#;]*)|import[ \t]+([^\n#;]+))", re.MULTILINE
)
_BOUND = re.compile(rb"^(?:from[ \t]+([\w.]+)[ \t]+)?import[ \t]+(\([^)]*\)|[^\n#;]*)", re.MULTILINE)
_STARTS = re.compile(rb"^[ \t]*(\w+)[ \t]*(?:\.[\w.]+[ \t]*(?:=(?!=)|\()|\()", re.MULTILINE)
_CALLABLE = re.compile(r"python_callable|on_\w+_callback")
_COMMENT = re.compile(rb"#[^\n]*")
SEVERAL = 2
"""Files that make it worth while: what one file imports alone, its own process imports."""


def imports_in(source: bytes) -> Iterator[str]:
    """Dotted names of the import statements that stand at the margin; ``from a import b`` gives ``a`` and ``a.b``."""
    for base, names, plain in _STATEMENT.findall(source):
        yield from _names(plain)
        if base:
            yield base.decode(errors="replace")
            yield from (f"{base.decode(errors='replace')}.{name}".replace("..", ".") for name in _names(names))


def may_set(source: bytes, libraries: Iterable[str]) -> bool:
    """Whether a statement of a file begins with a library, so that it may set something in it: ``pd.set_option(…)``.

    What stands in the body of a task does not count: it does not run while the file is imported.
    """
    tops = {name.partition(".")[0].encode() for name in libraries} - {b"airflow"}
    bound = {b"setattr", b"patch"}
    for base, names in _BOUND.findall(source):
        for one in _COMMENT.sub(b"", names).strip(b"() \t\r\n").split(b","):
            words = one.split()
            if words and (base or words[0]).partition(b".")[0] in tops:
                bound.add(words[-1].partition(b".")[0])
    lines = {source.count(b"\n", 0, at.start(1)) + 1 for at in _STARTS.finditer(source) if at[1] in bound}
    return bool(lines) and bool(lines - set(_lines_of_tasks(source)))


def _lines_of_tasks(source: bytes) -> Iterator[int]:
    """Lines of functions that are tasks, or are given to an operator, and are named nowhere else in the file."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    named = Counter(
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(tree)
        if isinstance(node, (ast.Name, ast.Attribute))
    )
    given = Counter(
        node.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg and _CALLABLE.fullmatch(node.arg)
        if isinstance(node.value, ast.Name)
    )
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (
            _is_task(node)
            if node.decorator_list
            else named[node.name] == given[node.name] and not node.name.startswith("__")  # Python itself calls those
        ):
            yield from range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)


def _is_task(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether its decorators are ``@task``, ``@task.branch`` or ``@task(…)`` alone; the body of a ``@dag`` does run."""
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        base = called.value if isinstance(called, ast.Attribute) else called
        if not (isinstance(base, ast.Name) and base.id == "task"):
            return False
    return True


def libraries_of(files: Iterable[Path], tops: Iterable[Path]) -> list[str]:
    """What several of some Dag files import, themselves or through modules beside them; in the order to import them.

    Args:
        tops: the folders in which modules of the repository are looked for; those are no libraries.
    """
    folders = list(dict.fromkeys(tops))
    counts: Counter[str] = Counter()
    own: dict[Path, None] = {}
    inside: dict[str, bool] = {}
    for file in files:
        counts.update(_of_file(file, folders, own, inside))
    for module in (rest := list(own)):
        for name in _of_file(module, folders, own, inside):
            counts[name] += SEVERAL
        rest += [path for path in own if path not in rest]
    return sorted((name for name, count in counts.items() if count >= SEVERAL), key=_order)


def _order(name: str) -> tuple[bool, int, str]:
    """Packages before their parts; so a library that others bring too is charged what it costs itself."""
    return name.partition(".")[0] == "airflow", name.count("."), name


def _of_file(file: Path, folders: list[Path], own: dict[Path, None], inside: dict[str, bool]) -> set[str]:
    """Names that a file imports and that are not the repository's; ``own`` takes the files of those that are."""
    found = set()
    for name in imports_in(_source(file)):
        top = name.partition(".")[0]
        if not top:
            continue
        if top not in inside:
            inside[top] = any((one / top).is_dir() or (one / f"{top}.py").is_file() for one in folders)
        if inside[top]:
            own.update(dict.fromkeys(_files_of(name, folders)))
        else:
            found.add(name)
    return found


def _files_of(name: str, folders: list[Path]) -> Iterator[Path]:
    """The module's file and those of the packages above it."""
    parts = name.split(".")
    for folder in folders:
        for end in range(1, len(parts) + 1):
            near = folder.joinpath(*parts[:end])
            for file in (near / "__init__.py", near.with_suffix(".py")):
                if file.is_file():
                    yield file


def _source(file: Path) -> bytes:
    try:
        return file.read_bytes() if file.suffix == ".py" else b""
    except OSError:
        return b""


def _names(listed: bytes) -> Iterator[str]:
    for one in _COMMENT.sub(b"", listed).strip(b"() \t\r\n").split(b","):
        name = one.split(None, 1)[0] if one.strip() else b""
        if name and name != b"*" and name != b"\\":
            yield name.decode(errors="replace")
