"""The page on `eqlite verify`: its commands are run against a stand-in for the server that it names."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from tests.docs.pages import blocks, says, steps
from tests.docs.shell import ROOT, Shell, environment_with_eqlite
from tests.integrations.stand_in import StandIn

PAGE = ROOT / "docs" / "how-to" / "verify-against-elasticsearch.md"
URL = "https://localhost:9200"


@pytest.mark.skipif(sys.platform == "win32", reason="the console blocks are for a POSIX shell on a terminal")
def test_the_page_shows_what_is_printed(server: StandIn, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    text = PAGE.read_text(encoding="utf-8")
    typed = [step for block in blocks(text) if block.language == "console" for step in steps(block.text)]
    assert len(typed) == 4
    server.canned["network where true"] = (200, {"hits": {"events": [{"_id": "4"}]}})
    with Shell(tmp_path, environment_with_eqlite(tmp_path)) as shell:
        for step in typed:
            output, _ = shell.run(step.command.replace(URL, server.url).replace("…", "key"))
            printed = output.replace(server.url, URL)
            assert says(step.output, printed), f"{step.command}\n{printed[:2000]}"
    assert list(server.indices) == ["logs-production"]
