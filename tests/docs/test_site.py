"""The website: it builds without a warning, every link in it leads somewhere, and no Markdown is left in it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("mkdocs", reason="the website needs the dependency group `docs`")

ROOT = Path(__file__).parents[2]
LEFT_OVER = re.compile(r"`|\*\*|\]\(|\\\||^\s*\||<!--", re.MULTILINE)
"""Markdown that reached the reader: fences, code, bold, links, rows of tables, escaped bars, comments."""


class Page(HTMLParser):
    """A page of HTML: its links, its anchors, its text without code, and all text of its tables."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.prose: list[str] = []
        self.cells: list[str] = []
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.anchors |= {named[name] for name in ("id", "name") if name in named}
        if tag == "a" and "href" in named:
            self.links.append(named["href"])
        if tag in ("pre", "code", "script", "style", "td"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        if "td" in self._open:
            self.cells.append(data)
        if not self._open or self._open == ["td"]:
            self.prose.append(data)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Page]:
    site = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(site)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return {path: Page(path) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}


def dead_links(pages: dict[Path, Page]) -> Iterator[str]:
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link.startswith("#__"):
                continue
            to = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            to = to / "index.html" if to.is_dir() else to
            if not to.is_file() or (parts.fragment and to in pages and parts.fragment not in pages[to].anchors | {""}):
                yield f"{path.parent.name}: {link}"


def test_every_page_is_built(pages: dict[Path, Page]) -> None:
    assert len(pages) == len(list((ROOT / "docs").rglob("*.md")))


def test_every_link_of_the_site_leads_somewhere(pages: dict[Path, Page]) -> None:
    assert list(dead_links(pages)) == []


def test_no_markdown_is_left_in_the_site(pages: dict[Path, Page]) -> None:
    left = [
        f"{path.parent.name}: {text.strip()[:80]}"
        for path, page in pages.items()
        for text in page.prose
        if LEFT_OVER.search(text)
    ]
    assert left == []


def test_no_cell_of_a_table_shows_an_escaped_bar(pages: dict[Path, Page]) -> None:
    cells = [(path.parent.name, text) for path, page in pages.items() for text in page.cells]
    assert [cell for cell in cells if r"\|" in cell[1]] == []
