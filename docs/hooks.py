"""What mkdocs calls while it builds: generated pages, figures and sections, none of which is kept in the repository."""

from __future__ import annotations

from typing import Any

import generate
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the page of each method to the navigation."""
    for part in config.nav or []:
        for section in next(iter(part.values())):
            for heading, titles in generate.titles().items():
                if isinstance(section, dict) and heading in section:
                    section[heading] += [{title: path} for path, title in titles.items()]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages and figures that are made from the code."""
    pages: dict[str, Any] = {**generate.pages(), **generate.figures()}
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in the sections that are made from the code."""
    return generate.fill_in(markdown)
