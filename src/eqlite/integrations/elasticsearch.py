"""Client of an Elasticsearch for `verify`: requests, answers and failures.

Only this module imports the official client (extra `elasticsearch`). Requests ask for compatibility with version 8, so
that one client works with 8.x and 9.x.
"""

from __future__ import annotations

import re
import secrets
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from eqlite.errors import ServerError, UnsupportedFeature
from eqlite.integrations.connection import Connection
from eqlite.limits import MAX_BULK_BYTES, MAX_BULK_DOCUMENTS

try:
    import elasticsearch as client_library
    from elasticsearch import ApiError, Elasticsearch, TransportError
    from urllib3.exceptions import NewConnectionError
except ImportError:
    raise UnsupportedFeature("asking an Elasticsearch needs its client: pip install elasticsearch") from None

INDEX_PREFIX = "eqlite-verify-"
Json = dict[str, Any]
Warn = Callable[[str], None]

_JSON = "application/vnd.elasticsearch+json; compatible-with=8"
_LINES = "application/vnd.elasticsearch+x-ndjson; compatible-with=8"
_BUSY = frozenset({429, 502, 503, 504})
_TOO_LARGE = 413
_LONGEST_PAUSE_S = 30.0
_OLDEST = (8, 0)
_LONGEST_REASON = 2_000
_OBJECT = re.compile(r"^(?:<[^>]*>|\w+\(host=[^)]*\)): ")


class _Failure(ServerError):
    """A request that failed."""

    def count_attempts(self, attempts: int) -> None:
        """Add the number of attempts to the message, if more than one."""
        if attempts > 1:
            self.message += f" (sent {attempts} times)"
            self.args = (self.message,)


class _BrokenConnection(_Failure):
    """No connection, or, if it `was_open`, one that broke before the end of the answer."""

    def __init__(self, message: str, *, was_open: bool) -> None:
        super().__init__(message)
        self.was_open = was_open


class Refusal(_Failure):
    """An answer with an error.

    Attributes:
        status: the HTTP status.
        error, reason: type and reason of Elasticsearch's error.
    """

    def __init__(self, message: str, status: int, error: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.reason = reason


class ServerInfo(NamedTuple):
    """The answer of `GET /`: the version as text and numbers, and whether it is a serverless project."""

    version: str
    numbers: tuple[int, ...]
    is_serverless: bool


class Server:
    """An Elasticsearch that answers requests one after the other.

    Raises:
        ServerError: from every method, with the cause and advice.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._has_answered = False  # a connection that was never there is not retried
        try:
            self._client = Elasticsearch(connection.url, **_client_options(connection))
        except (ValueError, TypeError, OSError) as error:
            words = connection.redacted(str(error))
            raise ServerError(f"cannot set up the connection to {connection.url}: {words}") from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def info(self) -> ServerInfo:
        """Return the version. Raise if the server is not an Elasticsearch, or too old."""
        version = self.ask("GET", "/").get("version")
        number = version.get("number") if isinstance(version, dict) else None
        try:
            numbers = tuple(int(part) for part in str(number).split("-")[0].split("."))
        except ValueError:
            raise self._no_elasticsearch() from None
        if numbers < _OLDEST:
            raise ServerError(f"{self.connection.url} is Elasticsearch {number}: version 8.0 or newer is needed")
        assert isinstance(version, dict)
        return ServerInfo(str(number), numbers, version.get("build_flavor") == "serverless")

    def ask(self, method: str, path: str, body: Any = None, *, mimetype: str = _JSON) -> Json:
        """Send a request, with retries while the server is busy, and return the JSON object of the answer."""
        attempt = 0
        while True:
            try:
                answer = self._send(method, path, body, mimetype)
            except (Refusal, _BrokenConnection) as failure:
                if isinstance(failure, Refusal):
                    is_passing = failure.status in _BUSY
                else:
                    is_passing = self._has_answered or failure.was_open
                if not is_passing or attempt == self.connection.retries:
                    failure.count_attempts(attempt + 1)
                    raise
            else:
                self._has_answered = True
                return answer
            self.pause(attempt)
            attempt += 1

    def pause(self, attempt: int) -> None:
        """Wait before the retry after an attempt. Each pause is twice as long as the last one."""
        time.sleep(min(_LONGEST_PAUSE_S, self.connection.backoff_s * 2**attempt))

    def _send(self, method: str, path: str, body: Any, mimetype: str) -> Json:
        headers = {"accept": _JSON} | ({} if body is None else {"content-type": mimetype})
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", client_library.ElasticsearchWarning)
                answer = self._client.perform_request(method, path, headers=headers, body=body).body
        except client_library.UnsupportedProductError:
            raise self._no_elasticsearch() from None
        except ApiError as error:
            raise self._refusal(error, method, path) from None
        except TransportError as error:
            raise self._failure(error) from None
        if not isinstance(answer, dict):
            raise self._no_elasticsearch()
        return answer

    def _no_elasticsearch(self) -> ServerError:
        return ServerError(f"{self.connection.url} answers, but not as Elasticsearch does: check the URL")

    def _failure(self, error: TransportError) -> ServerError:
        """Return the error of a request without an answer."""
        url = self.connection.url
        if isinstance(error, client_library.ConnectionTimeout):
            return ServerError(f"{url} did not answer within {self.connection.timeout_s:g} seconds: allow more time")
        if isinstance(error, client_library.SSLError):
            words = self._words(error)
            return ServerError(
                f"no secure connection to {url}: {words}. Give the certificate of its authority (ca_file)"
            )
        if isinstance(error, client_library.ConnectionError):
            was_open = not isinstance(error.__cause__, NewConnectionError)
            said = f"the connection to {url} broke" if was_open else f"no connection to {url}"
            return _BrokenConnection(f"{said}: {self._words(error)}", was_open=was_open)
        return ServerError(f"the answer of {url} cannot be read: {self._words(error)}")

    def _words(self, error: TransportError) -> str:
        """Return the system's message of an error, without names of the client's classes and objects."""
        words = _OBJECT.sub("", str(error.message))
        return self.connection.redacted(words)[:_LONGEST_REASON]

    def _refusal(self, error: ApiError, method: str, path: str) -> ServerError:
        """Return the error for an answer with an HTTP error."""
        status, url = error.status_code, self.connection.url
        kind, reason = self.error_words(error.body)
        said = f": {reason}" if reason else ""
        if status == 401:
            advice = "check them" if self.connection.is_authenticated else "give an API key, or a user and a password"
            message = f"{url} refuses the credentials (401): {advice}"
        elif status == 403:
            message = f"the credentials do not allow {method} {path} (403){said}"
        elif status in _BUSY:
            message = f"{url} is too busy or not available ({status}){said}"
        elif path == "/":
            return self._no_elasticsearch()
        else:
            message = f"{url} refuses {method} {path} ({status}){said}"
        return Refusal(message, status, kind, reason)

    def error_words(self, body: Any) -> tuple[str, str]:
        """Return the type and the reasons of an error, down to the innermost cause."""
        error = body.get("error") if isinstance(body, dict) else body
        if not isinstance(error, dict):
            return "", self.connection.redacted(str(error or ""))[:_LONGEST_REASON]
        roots = error.get("root_cause")
        root = roots[0] if isinstance(roots, list) and roots and isinstance(roots[0], dict) else error
        reasons = [str(root.get("reason") or error.get("reason") or "")]
        cause = root.get("caused_by") or error.get("caused_by")
        while isinstance(cause, dict) and len(reasons) < 10:
            reasons.append(str(cause.get("reason") or ""))
            cause = cause.get("caused_by")
        said = "; ".join(dict.fromkeys(filter(None, reasons)))
        return str(root.get("type") or ""), self.connection.redacted(said)[:_LONGEST_REASON]

    @contextmanager
    def own_index(self, body: Json, warn: Warn) -> Iterator[Index]:
        """Create an index with a unique name, and remove it at the end, also after an error.

        Args:
            body: settings and mappings.
            warn: gets a message if the index cannot be removed.
        """
        index = Index(self, INDEX_PREFIX + secrets.token_hex(8))
        try:
            index.create(body)
            yield index
        finally:
            try:
                index.remove()
            except BaseException as error:
                warn(f"the index {index.name} may still be there: remove it with `DELETE /{index.name}` ({error!s})")
                if not isinstance(error, ServerError):
                    raise


class Index:
    """A temporary index.

    Attributes:
        name: its name, with `INDEX_PREFIX`.
    """

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self._server = server
        self._mark = secrets.token_hex(16)
        self._is_ours: bool | None = False  # None: a request to create it got no answer

    def create(self, body: Json) -> None:
        """Create the index. An existing one is only used if an earlier request created it, whose answer was lost."""
        mappings = {**body.get("mappings", {})}
        mappings["_meta"] = {**mappings.get("_meta", {}), "eqlite_verify": self._mark}
        self._is_ours = None
        try:
            self._server.ask("PUT", f"/{self.name}", {**body, "mappings": mappings})
        except Refusal as refusal:
            if refusal.status in _BUSY:
                raise
            self._is_ours = refusal.error == "resource_already_exists_exception" and self._bears_our_mark()
            if not self._is_ours:
                raise
        self._is_ours = True

    def _bears_our_mark(self) -> bool:
        try:
            found = self._server.ask("GET", f"/{self.name}/_mapping")
        except Refusal as refusal:
            if refusal.status in _BUSY:
                raise
            return False
        mapping = found.get(self.name, {})
        meta = mapping.get("mappings", {}).get("_meta", {}) if isinstance(mapping, dict) else {}
        return isinstance(meta, dict) and meta.get("eqlite_verify") == self._mark

    def remove(self) -> None:
        """Delete the index if this object created it."""
        if self._is_ours is None:
            self._is_ours = self._bears_our_mark()
        if not self._is_ours:
            return
        try:
            self._server.ask("DELETE", f"/{self.name}")
        except Refusal as refusal:
            if refusal.status != 404:
                raise
        self._is_ours = False

    def load(self, documents: Sequence[bytes]) -> dict[int, str]:
        """Load documents with their numbers as ids. Return the reasons of rejections by number."""
        rejected: dict[int, str] = {}
        for chunk in _chunks(documents):
            self._load_chunk(documents, chunk, rejected)
        return rejected

    def _load_chunk(self, documents: Sequence[bytes], chunk: list[int], rejected: dict[int, str]) -> None:
        for attempt in range(self._server.connection.retries + 1):
            busy = self._load_once(documents, chunk, rejected)
            if not busy:
                return
            chunk = busy
            if attempt < self._server.connection.retries:
                self._server.pause(attempt)
        url, times = self._server.connection.url, self._server.connection.retries + 1
        raise ServerError(f"{url} is too busy (429) to load the events (sent {times} times)")

    def _load_once(self, documents: Sequence[bytes], chunk: list[int], rejected: dict[int, str]) -> list[int]:
        """Load some documents, and return those for which the server is too busy."""
        lines = [line for number in chunk for line in (b'{"index":{"_id":"%d"}}' % number, documents[number])]
        try:
            answer = self._server.ask("POST", f"/{self.name}/_bulk", lines, mimetype=_LINES)
        except Refusal as refusal:
            if refusal.status != _TOO_LARGE:
                raise
            if len(chunk) == 1:
                rejected[chunk[0]] = "larger than the server accepts"
                return []
            half = len(chunk) // 2
            first = self._load_once(documents, chunk[:half], rejected)
            return first + self._load_once(documents, chunk[half:], rejected)
        if answer.get("errors") is False:
            return []
        items = answer.get("items")
        if not isinstance(items, list) or len(items) != len(chunk):
            raise ServerError(f"the answer of {self._server.connection.url} to _bulk does not name each document")
        busy = []
        for number, item in zip(chunk, items, strict=True):
            outcome = item.get("index", {}) if isinstance(item, dict) else {}
            if outcome.get("status") == 429:
                busy.append(number)
            elif "error" in outcome or "status" not in outcome:
                kind, reason = self._server.error_words(outcome)
                rejected[number] = reason or kind or "no reason given"
        return busy

    def refresh(self) -> None:
        """Refresh the index, so that searches find the loaded documents."""
        self._server.ask("POST", f"/{self.name}/_refresh")

    def search(self, body: Json) -> Json:
        """Return the answer of `_eql/search`.

        Raises:
            Refusal: the search fails, which may be the right answer.
            ServerError: there is no answer to the query.
        """
        try:
            return self._server.ask("POST", f"/{self.name}/_eql/search", body)
        except Refusal as refusal:
            if refusal.reason.startswith(("no handler found", "Incorrect HTTP method")):
                raise ServerError(f"{self._server.connection.url} has no EQL search: is it disabled?") from None
            if refusal.status in _BUSY or refusal.status in (401, 403, 404):
                raise ServerError(refusal.message) from None
            raise


def _chunks(documents: Sequence[bytes]) -> Iterator[list[int]]:
    """Yield the numbers of the documents of each request. It is bounded in documents and bytes."""
    chunk: list[int] = []
    size = 0
    for number, document in enumerate(documents):
        if chunk and (len(chunk) >= MAX_BULK_DOCUMENTS or size + len(document) > MAX_BULK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(number)
        size += len(document)
    if chunk:
        yield chunk


def _client_options(connection: Connection) -> dict[str, Any]:
    options: dict[str, Any] = {"request_timeout": connection.timeout_s, "max_retries": 0}
    if connection.api_key is not None:
        id, colon, key = connection.api_key.partition(":")
        options["api_key"] = (id, key) if colon else id
    elif connection.user is not None:
        options["basic_auth"] = (connection.user, connection.password or "")
    if connection.url.startswith("https:"):
        options["verify_certs"] = connection.verify_certificate
        options["ssl_show_warn"] = False
        if connection.ca_file is not None:
            options["ca_certs"] = connection.ca_file
    return options
