"""A small Elasticsearch on a real socket: the endpoints that `verify` uses, and the ways in which they fail.

`_eql/search` is answered by eqlite, or as a test says. A fault is what happens to the next request of a kind, before
all goes on as usual: a status, `reset` (the connection breaks in the middle of an answer), `truncate` (half of a JSON
text, whole by its length), `hang` (no answer until the server is closed).
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections import defaultdict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import eqlite
from eqlite.report.eql_response import eql_response

Fault = int | str
Answer = tuple[int, dict[str, Any]]
ERRORS = {
    401: "security_exception",
    403: "security_exception",
    404: "index_not_found_exception",
    413: "content_too_long",
    429: "es_rejected_execution_exception",
    503: "cluster_block_exception",
}


def failed(status: int, kind: str, reason: str) -> Answer:
    error = {"type": kind, "reason": reason, "root_cause": [{"type": kind, "reason": reason}]}
    return status, {"error": error, "status": status}


class StandIn:
    """The server.

    Attributes:
        requests: what was asked: method, path, kind, headers and body.
        faults: what happens to the next requests of a kind: `root`, `create`, `bulk`, `refresh`, `mapping`, `search`,
            `delete`; the last one for ever where `for_ever` has the kind.
        indices: mapping and documents by index; `others` were there before.
        canned: the answers to queries by text; others are answered by eqlite.
    """

    def __init__(
        self,
        version: str = "9.5.1",
        product: bool = True,
        flavor: str = "default",
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.version, self.product, self.flavor = version, product, flavor
        self.requests: list[dict[str, Any]] = []
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.for_ever: set[str] = set()
        self.indices: dict[str, dict[str, Any]] = {"logs-production": {"mappings": {}, "documents": {}}}
        self.canned: dict[str, Answer | Callable[[dict[str, Any]], Answer]] = {}
        self.rejects: Callable[[dict[str, Any]], tuple[int, str] | None] = lambda document: None
        self.reason = "as the test says"
        self.on: Callable[[str], None] = lambda kind: None
        self._closed = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # one write an answer, or each waits 40 ms for an acknowledgement
            disable_nagle_algorithm = True

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        for method in ("GET", "POST", "PUT", "DELETE"):
            setattr(Handler, f"do_{method}", lambda http: owner.handle(http))
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._scheme = "http"
        if certificate is not None:
            self._scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *about: object) -> None:
        self._closed.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._http.server_address[1]}"

    def asked(self, kind: str) -> list[dict[str, Any]]:
        return [request for request in self.requests if request["kind"] == kind]

    # --- one request --------------------------------------------------------------------------------------------------

    def handle(self, http: BaseHTTPRequestHandler) -> None:
        body = http.rfile.read(int(http.headers.get("content-length") or 0)).decode()
        kind = self._kind(http.command, http.path)
        request = {"method": http.command, "path": http.path, "kind": kind, "headers": dict(http.headers), "body": body}
        self.requests.append(request)
        self.on(kind)
        faults = self.faults[kind]
        fault = faults[0] if faults and kind in self.for_ever else faults.pop(0) if faults else None
        if fault == "hang":
            self._closed.wait()
            return
        if isinstance(fault, int):
            status, answer = failed(fault, ERRORS.get(fault, "exception"), self.reason)
        else:
            status, answer = self._answer(kind, http.path.split("/")[1], body)
        self._send(http, status, json.dumps(answer).encode(), fault)

    def _send(self, http: BaseHTTPRequestHandler, status: int, data: bytes, fault: Fault | None) -> None:
        http.send_response(status)
        if self.product:
            http.send_header("x-elastic-product", "Elasticsearch")
        http.send_header("content-type", "application/vnd.elasticsearch+json;compatible-with=8")
        if fault == "truncate":
            data = data[: len(data) // 2]
        http.send_header("content-length", str(len(data)))
        http.end_headers()
        if fault == "reset":
            http.wfile.write(data[: len(data) // 2])
            http.wfile.flush()
            http.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            http.connection.close()
            http.close_connection = True
            return
        http.wfile.write(data)

    @staticmethod
    def _kind(method: str, path: str) -> str:
        last = path.split("/")[-1]
        if path == "/":
            return "root"
        known = {"_bulk": "bulk", "_refresh": "refresh", "_mapping": "mapping", "search": "search"}
        return known.get(last) or {"PUT": "create", "DELETE": "delete"}.get(method, "unknown")

    def _answer(self, kind: str, index: str, body: str) -> Answer:
        if kind == "root":
            return 200, {"version": {"number": self.version, "build_flavor": self.flavor}, "tagline": "You Know"}
        if kind == "create":
            if index in self.indices:
                return failed(400, "resource_already_exists_exception", f"index [{index}] already exists")
            self.indices[index] = {**json.loads(body), "documents": {}}
            return 200, {"acknowledged": True, "index": index}
        if index not in self.indices:
            return failed(404, "index_not_found_exception", f"no such index [{index}]")
        if kind == "delete":
            del self.indices[index]
            return 200, {"acknowledged": True}
        if kind == "mapping":
            return 200, {index: {"mappings": self.indices[index]["mappings"]}}
        if kind == "bulk":
            return self._bulk(index, body)
        if kind == "search":
            return self._search(index, json.loads(body))
        return 200, {"_shards": {}}

    def _bulk(self, index: str, body: str) -> Answer:
        lines = body.splitlines()
        items = []
        for action, text in zip(lines[::2], lines[1::2], strict=True):
            id, document = json.loads(action)["index"]["_id"], json.loads(text)
            refused = self.rejects(document)
            if refused is None:
                self.indices[index]["documents"][id] = document
                items.append({"index": {"_id": id, "status": 201}})
            else:
                status, reason = refused
                items.append({"index": {"_id": id, **failed(status, "document_parsing_exception", reason)[1]}})
        return 200, {"errors": any(item["index"]["status"] > 299 for item in items), "items": items}

    def _search(self, index: str, body: dict[str, Any]) -> Answer:
        canned = self.canned.get(body["query"])
        if canned is not None:
            return canned(body) if callable(canned) else canned
        names = ("event_category_field", "timestamp_field", "tiebreaker_field", "max_samples_per_key")
        options = {name: body[name] for name in names if name in body}
        schema = eqlite.Schema.from_mapping(self.indices[index]["mappings"])
        try:
            query = eqlite.compile(body["query"], schema=schema, **options)
        except eqlite.EqlError as error:
            return failed(400, "verification_exception", str(error))
        events = [
            eqlite.Event(document, index=index, id=id) for id, document in self.indices[index]["documents"].items()
        ]
        found = query.search(events, size=body["size"], result_position=body["result_position"])
        return 200, eql_response(found, query.kind)
