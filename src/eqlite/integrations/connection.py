"""Connection settings of an Elasticsearch: address, credentials, timeouts."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from eqlite.errors import ServerError

_PORTS = {"http": 80, "https": 443}
_SHORTEST_SECRET = 4  # shorter ones occur in every text


@dataclass(frozen=True)
class Connection:
    """The address of an Elasticsearch and the credentials for it. No `repr` and no message contains a secret.

    Attributes:
        url: scheme, host, port and prefix. The default ports are 80 and 443. A user and a password in the given text
            move to the attributes of that name.
        api_key: as Kibana shows it (`encoded`), or `id:key`.
        user, password: basic authentication, without an API key.
        ca_file: a PEM file with the certificate authority of the server.
        verify_certificate: False accepts any certificate.
        timeout_s: seconds to wait for one answer.
        retries: how often a request is sent again after 429, 502, 503, 504 or a broken connection.
        backoff_s: seconds before the first retry; each further pause is twice as long, up to 30 seconds.

    Raises:
        ServerError: the address or the credentials are invalid.

    >>> Connection("https://ann:secret@search.example:9200/es")
    Connection(url='https://search.example:9200/es', user='ann', verify_certificate=True, timeout_s=30.0)
    """

    url: str
    api_key: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = field(default=None, repr=False)
    verify_certificate: bool = True
    timeout_s: float = 30.0
    retries: int = field(default=5, repr=False)
    backoff_s: float = field(default=1.0, repr=False)

    def __post_init__(self) -> None:
        parts = _split(self.url)
        prefix = parts.path.rstrip("/")
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        object.__setattr__(self, "url", f"{parts.scheme}://{host}:{parts.port or _PORTS[parts.scheme]}{prefix}")
        if parts.username is not None and self.user is None:
            object.__setattr__(self, "user", unquote(parts.username))
        if parts.password is not None and self.password is None:
            object.__setattr__(self, "password", unquote(parts.password))
        self._check_credentials()

    def _check_credentials(self) -> None:
        if self.api_key is not None:
            key = self.api_key.strip()
            if not key or not key.isascii() or not key.isprintable() or " " in key:
                raise ServerError("the API key is invalid: it should be one word, as Kibana shows it, or `id:key`")
            object.__setattr__(self, "api_key", key)
        elif (self.user is None) != (self.password is None):
            missing = "password" if self.password is None else "user"
            raise ServerError(f"there is no {missing}: basic authentication takes a user and a password")
        if self.user is not None and ":" in self.user:
            raise ServerError("the name of the user must not contain a colon")

    @property
    def is_authenticated(self) -> bool:
        """Return whether there are credentials."""
        return self.api_key is not None or self.user is not None

    def redacted(self, text: str) -> str:
        """Return a text of the server with `***` in place of each secret."""
        for secret in self._secrets():
            text = text.replace(secret, "***")
        return text

    def _secrets(self) -> list[str]:
        found = [self.password or "", self.api_key or ""]
        if self.api_key is not None and ":" in self.api_key:
            found += [self.api_key.partition(":")[2], _encoded(self.api_key)]
        if self.password is not None:
            found.append(_encoded(f"{self.user}:{self.password}"))
        return sorted((secret for secret in found if len(secret) >= _SHORTEST_SECRET), key=len, reverse=True)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _split(url: str) -> SplitResult:
    """Return the parts of an address. No message repeats it, since it may contain a password."""
    example = "such as https://localhost:9200"
    try:
        parts = urlsplit(url.strip())
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        raise ServerError(f"the URL of Elasticsearch cannot be read: it should be one {example}") from None
    if parts.scheme not in _PORTS or not parts.hostname or not has_port:
        raise ServerError(f"the URL of Elasticsearch should be one of http or https with a host, {example}")
    if parts.query or parts.fragment:
        raise ServerError(f"the URL of Elasticsearch should end with its port or a path, {example}")
    return parts
