"""What the documentation says is what happens: every block of code in it is run, every link followed.

After an output was changed on purpose: `EQLITE_UPDATE=1 pytest tests/docs`, then read the differences.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tools.docs
from tests.docs.pages import ROOT, PageRun, blocks, shell_environment, steps

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
LINKED = [
    *sorted(ROOT.glob("*.md")),
    *PAGES[1:],
    *sorted(ROOT.glob("grammar/*.md")),
    *sorted(ROOT.glob("examples/*.md")),
]

NOT_RUN = {
    "make ": "sets up an environment from the network; CI runs `make check` and `make test`",
    ". .venv": "enters the environment that the line before would make",
    ".venv": "a program of the environment that the line before would make",
    "python3 -m venv": "makes an environment, for the line behind it that needs the network",
    "pipx ": "needs the network, and pipx",
    "uv": "needs the network, and uv",
    "eqlite verify": "needs an Elasticsearch; tests/integrations runs it against a stand-in",
    "py ": "the launcher of Python on Windows",
}
"""The commands of console blocks that are not run here, by how they start, and why."""

MOST_LINES_OF_THE_FIRST_SCREEN = 60


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.skipif(sys.platform == "win32", reason="the console blocks are for a POSIX shell on a terminal")
@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_says_what_happens(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    text = path.read_text(encoding="utf-8")
    run = PageRun(text, tmp_path, shell_environment(tmp_path), NOT_RUN)
    differences = list(run.differences())
    if os.environ.get("EQLITE_UPDATE") == "1":
        for difference in differences:
            if difference.mends:
                text = text.replace(difference.said, difference.found, 1)
        path.write_text(text, encoding="utf-8")
    if differences:
        pytest.fail(f"{name_of(path)}:\n\n" + "\n\n".join(map(str, differences)), pytrace=False)


def test_every_reason_not_to_run_a_command_is_used() -> None:
    commands = [
        step.command
        for path in PAGES
        for block in blocks(path.read_text(encoding="utf-8"))
        if block.language == "console"
        for step in steps(block.text)
    ]
    assert [start for start in NOT_RUN if not any(command.startswith(start) for command in commands)] == []


def test_generated_pages_are_up_to_date() -> None:
    assert [name_of(path) for path in tools.docs.stale()] == [], "run `make docs`"


# --- what links to what -----------------------------------------------------------------------------------------------


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]+`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MkDocs make them."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(path.read_text(encoding="utf-8"))):
        file, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        place = (path.parent / file).resolve() if file else path
        if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
            yield target


@pytest.mark.parametrize("path", LINKED, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    assert list(broken_links(path)) == []


def test_the_navigation_names_every_page_once() -> None:
    named = re.findall(r"^ +- [^:\n]+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(named) == len(set(named))
    assert {DOCS / name for name in named} == set(PAGES[1:])


def test_the_first_screen_of_the_readme_shows_what_it_is_and_how_to_start() -> None:
    screen = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:MOST_LINES_OF_THE_FIRST_SCREEN]
    text = "\n".join(screen)
    found = blocks(text + "\n")
    title, _, sentence, *_ = screen
    assert title == "# eqlite"
    assert sentence.startswith("**Elastic's EQL without an Elasticsearch")
    query = next(step for block in found if block.language == "console" for step in steps(block.text))
    assert query.command.startswith("eqlite query ")
    assert query.output.count("\n") >= 5
    python = next(block.text for block in found if block.language == "python")
    assert 3 <= len([line for line in python.splitlines() if line.strip()]) <= 5
    assert "`make demo`" in text or "$ make demo" in text
    assert "`make test`" in text or "$ make test" in text


# --- the grammar for people -------------------------------------------------------------------------------------------


def test_the_ebnf_defines_every_name_it_uses() -> None:
    text = (ROOT / "grammar" / "eql.ebnf").read_text(encoding="utf-8")
    text = re.sub(r"\(\*.*?\*\)|\?[^?]*\?|\"[^\"]*\"|'[^']*'", " ", text, flags=re.DOTALL)
    rules = [rule.partition("=") for rule in text.split(";") if rule.strip()]
    defined = {" ".join(name.split()) for name, _, _ in rules}
    used = {" ".join(name.split()) for _, _, body in rules for name in re.findall(r"[A-Za-z][A-Za-z ]*", body)}
    assert used - defined == set()
    assert defined - used == {"query", "COMMENT"}
