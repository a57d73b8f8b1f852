"""Rules as Elastic's documentation prints them: the text of a rule's page, plain, as Markdown or as AsciiDoc.

The page names its parts (`Rule type:`, `Tags:`, `Framework:`) but not the query: that stands between the licence, or
the guides behind it, and the threat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from eqlite.rules.formats.settings import NotARule, RuleFile, add_rule
from eqlite.rules.model import LoadedRules
from eqlite.source import Source, Span

_LABELS = {
    "rule type": "type",
    "rule indices": "index",
    "rule severity": "severity",
    "severity": "severity",
    "risk score": "risk_score",
    "runs every": "interval",
    "searches indices from": "from",
    "maximum alerts per execution": "max_signals",
    "references": "references",
    "tags": "tags",
    "version": "version",
    "rule authors": "author",
    "rule license": "license",
    "rule id": "rule_id",
}
_LISTS = frozenset({"index", "references", "tags", "author"})
_NUMBERS = frozenset({"risk_score", "max_signals", "version"})
_HEADINGS = {"rule query": "query", "investigation guide": "note", "setup": "setup"}
_THREAT_HEADS = {"tactic": "tactic", "technique": "technique", "sub technique": "sub", "sub-technique": "sub"}

_BULLETS = ("- ", "* ", "• ")
_DELIMITER = re.compile(r"-{4,}|\.{4,}")
_BOLD_LABEL = re.compile(r"\*([^*\n]{1,99})\*(?=:)")
_SOURCE_BLOCK = re.compile(r"^\[source, {0,9}eql[^\]\n]{0,99}\]\r?\n(-{4,}|\.{4,})\r?\n", re.MULTILINE)
_LONGEST_ITEM = 2_000
_ASCIIDOC_LINK = re.compile(r"(https?://[^\s\[]+)\[[^\]]*\]")
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*)\)")
# A category in lower case, as all are: a line of a guide may well begin with `Look where`.
_QUERY_START = re.compile(r'(?:[a-z_]\w*|"[^"]*") +where\b|sequence +(?:by|with)\b|sequence +\[|sample +by\b|/\*|//')


class _Line(NamedTuple):
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def load_page(file: RuleFile, result: LoadedRules) -> None:
    """Add the rule of a page.

    Raises:
        NotARule: the text is no rule page.
    """
    _load(list(_lines(file.text)), file, result)


def load_asciidoc(file: RuleFile, result: LoadedRules) -> None:
    """Add the rule of a page in AsciiDoc, or, for other text, a rule for each block `[source,eql]`.

    Raises:
        NotARule: there is neither.
    """
    lines = list(map(_as_markdown, _lines(file.text)))
    if any(_label(line.text)[0] == "type" for line in lines):
        _load(lines, file, result)
        return
    blocks = list(_source_blocks(file.text))
    for number, (start, end) in enumerate(blocks, 1):
        name = file.stem if number == 1 else f"{file.stem} ({number})"
        _add_block({"name": name, "query": file.text[start:end]}, Span(start, end), file, result)
    if not blocks:
        raise NotARule("neither a rule's page nor a block `[source,eql]`")


def _add_block(values: dict[str, object], span: Span, file: RuleFile, result: LoadedRules) -> None:
    def source_for(query: str) -> Source:
        return Source(query, file.path, file.text, ((0, span.start),))

    add_rule(result, file, values, locate=lambda _: span, source_for=source_for)


def _load(lines: list[_Line], file: RuleFile, result: LoadedRules) -> None:
    first = next((number for number, line in enumerate(lines) if _label(line.text)[0] == "type"), None)
    if first is None:
        raise NotARule("no line `Rule type:`")
    threat_start = next((number for number in range(first, len(lines)) if _is_threat(lines[number].text)), len(lines))
    values, spans, after = _read_labels(lines, first, threat_start)
    values |= _read_head(lines[:first])
    values |= _read_guides(lines[after:threat_start])
    values["threat"] = list(_read_threat(lines[threat_start:]))
    query = _find_query(lines[after:threat_start])
    if query is not None:
        values["query"] = file.text[query.start : query.end]
        spans["query"] = query

    def locate(path: tuple[str, ...]) -> Span | None:
        return spans.get(path[0]) if path else Span(lines[first].start, lines[first].end)

    def source_for(text: str) -> Source:
        start = query.start if query is not None else 0
        return Source(text, file.path, file.text, ((0, start),))

    add_rule(result, file, values, locate=locate, source_for=source_for)


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for line in text.split("\n"):
        yield _Line(start, line.removesuffix("\r"))
        start += len(line) + 1


def _as_markdown(line: _Line) -> _Line:
    """Return a line of AsciiDoc with its marks as in Markdown, and a line of a query unchanged."""
    text = line.text
    if text.startswith("=="):
        text = text.lstrip("=")
        text = "#" * (len(line.text) - len(text)) + text
    elif text.startswith(("[[", "[source")):
        text = ""
    elif _DELIMITER.fullmatch(text):
        text = "```"
    elif text.startswith("** "):
        text = text[1:]
    elif (label := _BOLD_LABEL.match(text)) is not None:
        text = label[1] + text[label.end() :]
    return line if text == line.text else _Line(line.start, text)


def _source_blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield the offsets at which the content of each block of EQL begins and ends."""
    offset = 0
    while (opening := _SOURCE_BLOCK.search(text, offset)) is not None:
        end = text.find(f"\n{opening[1]}", opening.end() - 1)
        if end < 0:
            return
        yield opening.end(), max(end, opening.end())
        offset = end + 1


def _label(line: str) -> tuple[str | None, str]:
    """Return the setting that a line names, None for none, and what stands behind the colon."""
    label, colon, rest = line.replace("**", "").partition(":")
    return (_LABELS.get(label.strip().lower()) if colon else None), rest.strip()


def _item(line: str) -> str | None:
    """Return the text behind a bullet, or None without one."""
    stripped = line.strip()
    return stripped[2:].strip() if stripped.startswith(_BULLETS) else None


def _read_head(lines: list[_Line]) -> dict[str, object]:
    """Return name and description: the first line, and all up to the settings."""
    texts = [line.text.strip() for line in lines]
    if texts and texts[0] == "---" and "---" in texts[1:]:
        texts = texts[texts.index("---", 1) + 1 :]
    # Copied from a browser, headings come with a line or a word `edit`.
    texts = [text for text in texts if text and text != "edit"]
    if not texts:
        return {}
    title = texts[0].lstrip("# ")
    name = title.partition(" [")[0] if texts[0].startswith("#") else title
    paragraphs = [text.removesuffix("edit") for text in texts[1:] if text.removesuffix("edit") not in (title, name)]
    return {"name": name.removesuffix("edit"), "description": "\n".join(paragraphs)}


def _read_labels(lines: list[_Line], first: int, last: int) -> tuple[dict[str, object], dict[str, Span], int]:
    """Return the settings, where each stands, and the number of the line behind the last one.

    The licence comes last, but may be missing or stand elsewhere; a name that comes again is part of some text.
    """
    values: dict[str, object] = {}
    spans: dict[str, Span] = {}
    number = after = first
    while number < last:
        line = lines[number]
        setting, rest = _label(line.text)
        if setting is None or setting in values:
            if line.text.strip() and ("license" in values or _starts_query(lines[number : number + 2])):
                break
            number += 1
            continue
        spans[setting] = Span(line.start, line.end)
        number = after = number + 1
        if setting not in _LISTS:
            values[setting] = _read_scalar(setting, rest)
            continue
        items = [rest] if rest and rest != "None" else []
        while number < last and ((item := _item(lines[number].text)) is not None or not lines[number].text.strip()):
            if item:
                items.append(item)
                after = number + 1
            number += 1
        links = [_ASCIIDOC_LINK.sub(r"\1", item[:_LONGEST_ITEM]) for item in items]
        values[setting] = [_LINK.sub(r"\2" if setting == "references" else r"\1", item) for item in links]
    return values, spans, after


def _starts_query(lines: list[_Line]) -> bool:
    """Return whether a query starts with these lines: the first two, for `any` may stand alone on its line."""
    return _QUERY_START.match(" ".join(" ".join(line.text.split()) for line in lines)) is not None


def _read_scalar(setting: str, text: str) -> object:
    if setting in _NUMBERS:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text or None
    if setting in ("from", "interval"):
        # `now-9m (Date Math format, see also …)`; `None` where the rule leaves it out
        word = text.split(None, 1)[0] if text else ""
        return None if word == "None" else word
    return text


def _heading(line: str) -> str | None:
    """Return the part of the page that a heading opens: `Setup`, `Setupedit`, `## Setup [anchor]`."""
    title = line.strip()
    if title.startswith("#"):
        title = title.partition(" [")[0]
    return _HEADINGS.get(title.strip("#* ").removesuffix("edit").lower())


def _read_guides(lines: list[_Line]) -> dict[str, object]:
    """Return the investigation guide and the setup, where they stand under headings."""
    guides: dict[str, object] = {}
    part: str | None = None
    body: list[str] = []
    for line in lines:
        heading = _heading(line.text)
        if heading is None or heading == part:
            body.append(line.text)
            continue
        if part in ("note", "setup"):
            guides[part] = "\n".join(body).strip()
        part, body = heading, []
    return guides


def _find_query(lines: list[_Line]) -> Span | None:
    """Return the span of the query among the lines between the licence and the threat."""
    headings = [number for number, line in enumerate(lines) if _heading(line.text) == "query"]
    rest = lines[headings[-1] + 1 :] if headings else lines
    fences = [number for number, line in enumerate(rest) if line.text.startswith("```")]
    fenced = _filled(rest[fences[-2] + 1 : fences[-1]]) if len(fences) >= 2 else []
    if len(fences) >= 2 and (headings or _starts_query(fenced[:2])):
        filled = fenced
    else:
        filled = _filled(rest) if headings else _drop_prose(_filled(rest))
    return Span(filled[0].start, filled[-1].end) if filled else None


def _filled(lines: list[_Line]) -> list[_Line]:
    """Return the lines that are not blank, without `edit`, which a browser copies of a heading's button."""
    return [line for line in lines if line.text.strip() not in ("", "edit")]


def _drop_prose(filled: list[_Line]) -> list[_Line]:
    """Return the lines from the query on: a guide without a heading may stand before it."""
    start = next((number for number in range(len(filled)) if _starts_query(filled[number : number + 2])), 0)
    return filled[start:]


def _is_threat(line: str) -> bool:
    label, colon, rest = line.strip().replace("**", "").partition(":")
    # `Framework : "x"` could be a line of a query.
    return bool(colon) and label == "Framework" and not rest.lstrip().startswith(('"', "("))


def _read_threat(lines: list[_Line]) -> Iterator[dict[str, object]]:
    """Yield the entries of the threat in the form of Kibana's API."""
    threat: dict[str, object] | None = None
    techniques: list[dict[str, object]] = []
    current: dict[str, object] = {}
    for line in lines:
        text = (_item(line.text) or line.text).replace("**", "").strip()
        label, colon, rest = text.partition(":")
        label, rest = label.strip().lower(), rest.strip()
        if not colon:
            continue
        if label == "framework":
            if threat is not None:
                yield threat
            techniques = []
            threat = {"framework": _framework(rest), "technique": techniques}
        elif threat is not None and label in _THREAT_HEADS and not rest:
            current = {}
            if label == "tactic":
                threat["tactic"] = current
            elif label == "technique" or not techniques:
                current["subtechnique"] = []
                techniques.append(current)
            else:
                parts = techniques[-1]["subtechnique"]
                assert isinstance(parts, list)
                parts.append(current)
        elif label in ("name", "id", "reference url"):
            current["reference" if label == "reference url" else label] = _LINK.sub(r"\2", rest)
    if threat is not None:
        yield threat


def _framework(name: str) -> str:
    """Return a framework's name without its trade mark, in whatever form that was copied."""
    for mark in ("^TM^", "™", "TM"):
        name = name.removesuffix(mark)
    return name
