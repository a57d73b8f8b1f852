"""Files in other formats than JSON: recognised by content, each with advice."""

from __future__ import annotations

import re
from typing import NamedTuple

_HEAD_BYTES = 4096


class Foreign(NamedTuple):
    """A format that is recognised but not read.

    Attributes:
        name: its name, with an article.
        advice: a way to convert it to events.
    """

    name: str
    advice: str

    def __str__(self) -> str:
        """Return name and advice in one text."""
        return f"{self.name}; {self.advice}"


_EVTX = Foreign("a Windows event log (EVTX)", "send it through Winlogbeat, which makes ECS documents of it")
_PCAP = Foreign("a packet capture", "make events of it with Packetbeat, or with Zeek and its JSON logs")
_PARQUET = Foreign("a Parquet file", "write its rows as NDJSON: `duckdb -c \"COPY (FROM 'x.parquet') TO 'x.ndjson'\"`")
_UNPACK = "unpack it and pipe the text into the command, with `-` as the file"
_MAGICS: tuple[tuple[bytes, Foreign], ...] = (
    (b"ElfFile\0", _EVTX),
    (b"\xd4\xc3\xb2\xa1", _PCAP),
    (b"\xa1\xb2\xc3\xd4", _PCAP),
    (b"\x4d\x3c\xb2\xa1", _PCAP),
    (b"\xa1\xb2\x3c\x4d", _PCAP),
    (b"\n\r\r\n", _PCAP),
    (b"PAR1", _PARQUET),
    (b"ORC", Foreign("an ORC file", "write its rows as NDJSON")),
    (b"Obj\x01", Foreign("an Avro file", "write its records as NDJSON: `avro-tools tojson`")),
    (b"SQLite format 3\0", Foreign("an SQLite database", "write its rows as NDJSON: `sqlite3 -json`")),
    (b"BZh", Foreign("a bzip2 file", f"{_UNPACK}: `bzip2 -dc`")),
    (b"\xfd7zXZ\0", Foreign("an xz file", f"{_UNPACK}: `xz -dc`")),
    (b"7z\xbc\xaf\x27\x1c", Foreign("a 7-Zip archive", "unpack it into a folder")),
    (b"Rar!\x1a\x07", Foreign("a RAR archive", "unpack it into a folder")),
    (b"%PDF-", Foreign("a PDF file", "it holds no events")),
)
_XML = Foreign("XML", "send it through Winlogbeat or Filebeat, which make JSON of it")
_SIGMA = Foreign("a Sigma rule", "it is a rule, not an event: `sigma convert -t eql` makes EQL of it, for --rules")
_RULE = Foreign("a rule", "name it with --rules, and the events after it")
_ESQL = Foreign("an ES|QL query", "eqlite reads EQL; run it in Elasticsearch, whose answer as JSON is read as events")
_EQL = Foreign("an EQL query", "name it with -f, and the events after it")
_KQL = Foreign("a KQL query", 'eqlite reads EQL, such as `any where user.name : "a*"`')
_YAML = Foreign("YAML", "write it as JSON, one document a line: `yq -o json -I 0`")
_CSV = Foreign("CSV", "write its rows as NDJSON: `mlr --icsv --ojsonl cat FILE`")
_TSV = Foreign("a table with tabs", "write its rows as NDJSON: `mlr --itsv --ojsonl cat FILE`")
_ZEEK = Foreign("a Zeek log with tabs", "let Zeek write JSON (`LogAscii::use_json=T`), or send it through Filebeat")
_SYSLOG = Foreign("syslog text", "send it through Filebeat or Logstash, which make ECS documents of its lines")
_CEF = Foreign("text in CEF or LEEF", "send it through Filebeat's `cef` module or integration")
_AUDIT = Foreign("a log of Linux auditd", "send it through Auditbeat or Filebeat's `auditd` module")
_WEB = Foreign("the log of a web server", "send it through Filebeat's module or integration")
_TEXTS = (
    (r"\A\s*<(?:\?xml|Events?\b)", _XML),
    (r"\A#separator ", _ZEEK),
    (r"\A(?:.*\n)*?logsource:[ \t]*\r?\n(?:.*\n)*?detection:|\A(?:.*\n)*?detection:(?:.*\n)*?logsource:", _SIGMA),
    (r"\A(?:\s|#.*\n)*\[(?:metadata|rule|hunt)\][ \t]*\r?$", _RULE),
    (r"\A(?:\s|//.*\n)*(?:from|row|show|ts|metrics)\s+[^\s|][^|]{0,500}\|\s*\w", _ESQL),
    (r"\A(?:\s|//.*\n)*(?:\w+ where |sequence\b[^:\n]*[\[\n]|sample by )", _EQL),
    (r"\A(?:<\d{1,3}>)?(?:.{0,60} )?(?:CEF:\d|LEEF:\d\.\d)\|", _CEF),
    (r"\A(?:node=\S+ )?type=\w+ msg=audit\(", _AUDIT),
    (r"\A<\d{1,3}>", _SYSLOG),
    (r"\A[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ \S", _SYSLOG),
    (r"\A\d{4}-\d\d-\d\dT\S+ \S+ [\w./-]+(?:\[\d+\])?: ", _SYSLOG),
    (r'\A\S+ \S+ \S+ \[[^\]]{10,40}\] "', _WEB),
    (r'\A[ \t(]*(?:not[ \t]+)?[\w@.]+[ \t]*:[ \t]*(?:"[^"\n]*"|[\w*?.-]+)[ \t]+(?:and|or)[ \t]', _KQL),
    (r'\A[\w@]+\.[\w@.]+[ \t]*:[ \t]*(?:"[^"\n]*"|[\w*?.-]+)\s*\Z', _KQL),
    (r"\A(?:---[ \t]*\r?\n)(?:\s|#.*\n)*[\w.-]+:(?:[ \t]|\r?$)", _YAML),
    (r"\A(?:[\w.-]+:[ \t]*(?:\S.*)?\r?\n){2}", _YAML),
)


def recognise(head: bytes) -> Foreign | None:
    r"""Return the name of a known foreign format by the first bytes of its data, or None.

    >>> recognise(b"ElfFile\0").name
    'a Windows event log (EVTX)'
    >>> recognise(b"time,host,message\n1,a,b\n").name
    'CSV'
    """
    found = next((foreign for magic, foreign in _MAGICS if head.startswith(magic)), None)
    if found is not None:
        return found
    text = head[:_HEAD_BYTES].decode("utf-8", "replace")
    flags = re.IGNORECASE | re.MULTILINE
    found = next((foreign for pattern, foreign in _TEXTS if re.search(pattern, text, flags)), None)
    return found or _table_in(text)


def _table_in(text: str) -> Foreign | None:
    """Return the format of a table: names in the first line, as many cells in the second."""
    lines = text.lstrip("\ufeff").splitlines()[:2]
    for separator, foreign in ((",", _CSV), (";", _CSV), ("\t", _TSV)):
        names = [name.strip().strip('"') for name in lines[0].split(separator)] if lines else []
        if len(names) < 2 or not all(re.fullmatch(r"[\w@][\w@. /()-]*", name) for name in names):
            continue
        cells = re.sub(r'"(?:[^"]|"")*+"?', "", lines[1]).split(separator) if len(lines) > 1 else names
        if len(cells) == len(names):
            return foreign
    return None
