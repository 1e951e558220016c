"""Hooks of mkdocs: the pages as they are on GitHub become pages of a site.

Fences lose our tags, which are no options of a highlighter; a file's name becomes the title of its block. CONTRIBUTING
and CHANGELOG, which lie beside ``docs/``, are pages too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

BESIDE = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
_FENCE = re.compile(r"^(?P<fence> *(?:```+|~~~+))(?P<language>[a-z]+) (?P<tags>.+)$", re.MULTILINE)
_FILE = re.compile(r"\b(?:file|test)=(\S+)")
_TO_DOCS = re.compile(r"\]\(docs/")
_TO_BESIDE = re.compile(r"\]\((?:\.\./)+(CONTRIBUTING|CHANGELOG|README)\.md")
_NAMES = {"CONTRIBUTING": "contributing.md", "CHANGELOG": "changelog.md", "README": "index.md"}


def on_config(config: MkDocsConfig, **_: Any) -> MkDocsConfig:
    """Every recipe is in the navigation."""
    folder = Path(config.docs_dir)
    recipes = [path.relative_to(folder).as_posix() for path in sorted((folder / "cookbook").glob("*.md"))]
    config.nav = [{"Cookbook": recipes} if "Cookbook" in one else one for one in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:
    """Add what lies beside ``docs/``."""
    from mkdocs.structure.files import File

    root = Path(config.config_file_path).parent
    for name, source in BESIDE.items():
        text = _TO_DOCS.sub("](", (root / source).read_text(encoding="utf-8"))
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """One page, as a highlighter takes it."""
    up = "../" * page.file.src_uri.count("/")
    markdown = _TO_BESIDE.sub(lambda found: f"]({up}{_NAMES[found[1]]}", markdown)
    return _FENCE.sub(_fence, markdown)


def _fence(found: re.Match[str]) -> str:
    file = _FILE.search(found["tags"])
    title = f' title="{file[1]}"' if file else ""
    return f"{found['fence']}{found['language']}{title}"
