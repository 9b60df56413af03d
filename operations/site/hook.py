"""mkdocs' hooks: pages that lie outside of docs/ come in, and links lead from page to page.

MkDocs User Guide, "Configuration": `hooks`; "Developing plugins": `on_files`, `on_page_markdown`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from operations.site import links, navigation  # noqa: E402  # mkdocs loads this file by its path


def on_config(config: Any) -> Any:
    docs = ROOT / "docs"
    pages = [path.relative_to(docs).as_posix() for path in docs.rglob("*.md")]
    config.nav = navigation.completed(config.nav, [*pages, *links.PAGES.values()])
    return config


def on_files(files: Files, config: Any) -> Files:
    for source, page in links.PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    own = {made: source for source, made in links.PAGES.items()}
    source = own.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    return links.rewritten(markdown, source)
