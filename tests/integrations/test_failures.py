"""What goes wrong between us and a server: retried or said, own indices removed, others and secrets kept."""

from __future__ import annotations

import base64
import shutil
import subprocess
import traceback
from pathlib import Path
from typing import Any

import pytest
from tests.integrations.stand_in import StandIn

import eqlite
from eqlite.integrations.connection import Connection
from eqlite.integrations.elasticsearch import Server
from eqlite.integrations.verification import verify

EVENTS: list[dict[str, Any]] = [{"@timestamp": 1000, "event": {"category": "process"}}]
ALL = "any where true"
KINDS = ("root", "create", "bulk", "refresh", "search", "delete")


def only_own_indices_were_touched(server: StandIn) -> bool:
    changed = [request for request in server.requests if request["method"] in ("PUT", "DELETE", "POST")]
    return "logs-production" in server.indices and all(
        request["path"].startswith("/eqlite-verify-") for request in changed
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("faults", [[429], [503, 503], [502, 504, 429], ["reset"]], ids=str)
def test_what_passes_is_tried_again(
    server: StandIn, connection: Connection, kind: str, faults: list[int | str]
) -> None:
    server.faults[kind] = list(faults)
    assert verify([ALL], EVENTS, connection).agreed == 1
    assert len(server.asked(kind)) >= len(faults)
    assert list(server.indices) == ["logs-production"]


@pytest.mark.parametrize("kind", KINDS[:-1])
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (503, r"too busy or not available \(503\): as the test says \(sent 4 times\)"),
        (429, r"too busy or not available \(429\): as the test says \(sent 4 times\)"),
        (401, "refuses the credentials .401.: give an API key, or a user and a password"),
        (403, "the credentials do not allow"),
        ("reset", r"the connection to http://[\d.:]+ broke: .* \(sent 4 times\)"),
        ("truncate", "cannot be read"),
    ],
)
def test_what_lasts_is_said_and_leaves_no_index(
    server: StandIn, connection: Connection, kind: str, fault: int | str, said: str
) -> None:
    server.faults[kind], server.for_ever = [fault], {kind}
    warnings: list[str] = []
    with pytest.raises(eqlite.ServerError, match=said):
        verify([ALL], EVENTS, connection, warn=warnings.append)
    assert list(server.indices) == ["logs-production"]
    assert warnings == []
    assert only_own_indices_were_touched(server)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_never_answers_is_given_up(server: StandIn, kind: str) -> None:
    server.faults[kind] = ["hang"]
    warnings: list[str] = []
    impatient = Connection(server.url, timeout_s=0.2, backoff_s=0)
    if kind == "delete":
        verify([ALL], EVENTS, impatient, warn=warnings.append)
        assert "may still be there: remove it with `DELETE /eqlite-verify-" in warnings[0]
        return
    with pytest.raises(eqlite.ServerError, match=r"did not answer within 0\.2 seconds: allow more time"):
        verify([ALL], EVENTS, impatient, warn=warnings.append)
    assert list(server.indices) == ["logs-production"]


def test_an_index_whose_creation_was_not_answered_is_removed(server: StandIn, connection: Connection) -> None:
    server.faults["create"], server.for_ever = ["truncate"], {"create"}
    with pytest.raises(eqlite.ServerError):
        verify([ALL], EVENTS, connection)
    assert [request["kind"] for request in server.requests] == ["root", "create", "mapping", "delete"]
    assert list(server.indices) == ["logs-production"]


def test_an_index_that_was_there_before_is_left_alone(
    server: StandIn, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda size: "f" * size)
    name = f"eqlite-verify-{'f' * 8}"
    server.indices[name] = {"mappings": {"_meta": {"eqlite_verify": "another run"}}, "documents": {}}
    with pytest.raises(eqlite.ServerError, match=r"refuses PUT .* \(400\): index .* already exists"):
        verify([ALL], EVENTS, connection)
    assert name in server.indices
    assert server.asked("delete") == []


def test_an_index_that_cannot_be_removed_is_named(server: StandIn, connection: Connection) -> None:
    server.faults["delete"], server.for_ever = [503], {"delete"}
    warnings: list[str] = []
    assert verify([ALL], EVENTS, connection, warn=warnings.append).agreed == 1
    (message,) = warnings
    assert message.startswith("the index eqlite-verify-")
    assert "(503)" in message


def test_an_index_that_is_gone_already_is_no_fault(server: StandIn, connection: Connection) -> None:
    server.faults["delete"] = [404]
    warnings: list[str] = []
    verify([ALL], EVENTS, connection, warn=warnings.append)
    assert warnings == []


@pytest.mark.parametrize("kind", ["create", "bulk", "refresh", "search"])
def test_ctrl_c_removes_the_index(server: StandIn, connection: Connection, kind: str, monkeypatch: Any) -> None:
    send = Server.ask

    def ask(self: Server, method: str, path: str, *rest: Any, **more: Any) -> Any:
        answer = send(self, method, path, *rest, **more)
        if server.requests[-1]["kind"] == kind:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(Server, "ask", ask)
    with pytest.raises(KeyboardInterrupt):
        verify([ALL], EVENTS, connection)
    assert list(server.indices) == ["logs-production"]


def test_another_product_is_recognised() -> None:
    with (
        StandIn(product=False) as server,
        pytest.raises(eqlite.ServerError, match="answers, but not as Elasticsearch does: check the URL"),
    ):
        verify([ALL], EVENTS, Connection(server.url))


@pytest.mark.parametrize("version", ["7.17.9", "6.8.0"])
def test_an_old_version_is_refused_before_anything_is_made(version: str) -> None:
    with StandIn(version=version) as server:
        with pytest.raises(eqlite.ServerError, match=f"is Elasticsearch {version}: version 8.0 or newer is needed"):
            verify([ALL], EVENTS, Connection(server.url))
        assert [request["kind"] for request in server.requests] == ["root"]


def test_a_version_that_is_none_is_no_elasticsearch() -> None:
    with StandIn(version="latest") as server, pytest.raises(eqlite.ServerError, match="not as Elasticsearch does"):
        verify([ALL], EVENTS, Connection(server.url))


def test_a_path_that_is_not_there_is_a_wrong_url(server: StandIn) -> None:
    server.faults["root"] = [404]
    with pytest.raises(eqlite.ServerError, match="check the URL"):
        verify([ALL], EVENTS, Connection(server.url))


def test_a_closed_port_is_said_at_once() -> None:
    with StandIn() as server:
        url = server.url
    with pytest.raises(eqlite.ServerError, match=r"no connection to http://127.0.0.1:\d+: .*refused$"):
        verify([ALL], EVENTS, Connection(url, backoff_s=60))


def test_a_server_without_tls_is_said(server: StandIn) -> None:
    with pytest.raises(eqlite.ServerError, match="no secure connection to https://"):
        verify([ALL], EVENTS, Connection(server.url.replace("http", "https"), backoff_s=60))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate for this machine that nobody signed but itself, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate, and is not here")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    files = folder / "ca.pem", folder / "key.pem"
    subprocess.run([*command.split(), "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


def test_a_certificate_is_verified_by_its_authority(certificate: tuple[Path, Path]) -> None:
    with StandIn(certificate=certificate) as server:
        assert verify([ALL], EVENTS, Connection(server.url, ca_file=str(certificate[0]))).agreed == 1
        assert verify([ALL], EVENTS, Connection(server.url, verify_certificate=False)).agreed == 1
        with pytest.raises(eqlite.ServerError, match=r"no secure connection to https://.*CERTIFICATE_VERIFY_FAILED"):
            verify([ALL], EVENTS, Connection(server.url, backoff_s=60))
        with pytest.raises(eqlite.ServerError, match="no secure connection"):
            verify([ALL], EVENTS, Connection(server.url, ca_file=str(certificate[1])))


@pytest.mark.parametrize("reason", ["no handler found for uri [/x/_eql/search]", "Incorrect HTTP method for uri [/x]"])
def test_a_server_without_eql_is_said(server: StandIn, connection: Connection, reason: str) -> None:
    server.canned[ALL] = (400, {"error": reason})
    with pytest.raises(eqlite.ServerError, match="has no EQL search: is it disabled"):
        verify([ALL], EVENTS, connection)
    assert list(server.indices) == ["logs-production"]


def test_an_index_removed_by_another_ends_the_comparison(server: StandIn, connection: Connection) -> None:
    server.faults["search"] = [404]
    with pytest.raises(eqlite.ServerError, match=r"\(404\)"):
        verify([ALL], EVENTS, connection)


# --- secrets ----------------------------------------------------------------------------------------------------------

SECRETS = ["sEcReT-key", "pA55-word"]


@pytest.mark.parametrize(
    "credentials",
    [
        {"api_key": "sEcReT-key"},
        {"api_key": "some-id:sEcReT-key"},
        {"user": "ann", "password": "pA55-word"},
    ],
    ids=str,
)
def test_credentials_go_to_the_server_and_nowhere_else(server: StandIn, credentials: dict[str, str]) -> None:
    connection = Connection(server.url, backoff_s=0, retries=0, **credentials)
    verify([ALL], EVENTS, connection)
    sent = server.requests[0]["headers"]["authorization"]
    assert sent.startswith(("ApiKey ", "Basic "))
    assert not any(secret in repr(connection) for secret in SECRETS)
    encoded = base64.b64encode(b"ann:pA55-word").decode()
    server.reason = f"I know {' and '.join(SECRETS)} and {encoded} and {sent}"
    for kind, fault in [(kind, fault) for kind in KINDS[:-1] for fault in (401, 403, 503, 400, "reset")]:
        server.faults[kind] = [fault]
        warnings: list[str] = []
        try:
            result = verify([ALL], EVENTS, connection, warn=warnings.append)
            text = str(result.to_dict())
        except eqlite.ServerError as error:
            text = "".join(traceback.format_exception(error)) + repr(error) + str(error.args)
        shown = text + str(warnings)
        hidden = [credentials.get("password", "sEcReT-key"), sent.split()[1]]
        assert not any(secret in shown for secret in hidden)


def test_a_secret_at_the_end_of_a_long_reason_is_not_cut_in_two(server: StandIn) -> None:
    connection = Connection(server.url, backoff_s=0, api_key="sEcReT-key")
    for length in range(1_985, 2_001):
        server.faults["create"], server.reason = [400], "x" * length + "sEcReT-key"
        with pytest.raises(eqlite.ServerError) as raised:
            verify([ALL], EVENTS, connection)
        assert "sEcR" not in str(raised.value)


def test_a_password_in_the_url_is_taken_out_of_it(server: StandIn) -> None:
    url = server.url.replace("//", "//ann:pA55%2Dword@")
    connection = Connection(url, backoff_s=0)
    assert (connection.url, connection.user, connection.password) == (server.url, "ann", "pA55-word")
    verify([ALL], EVENTS, connection)
    assert server.requests[0]["headers"]["authorization"] == f"Basic {base64.b64encode(b'ann:pA55-word').decode()}"


@pytest.mark.parametrize(
    "url",
    [
        "", "ann:pA55-word@host:9200", "ftp://ann:pA55-word@host", "http://", "http://ann:pA55-word@host:99999",
        "http://ann:pA55-word@host/?key=pA55-word", "http://[pA55-word",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(eqlite.ServerError, match="the URL of Elasticsearch") as raised:
        Connection(url)
    assert "pA55" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://host", "https://host:443"),
        ("http://host/es/", "http://host:80/es"),
        ("http://[::1]:9200", "http://[::1]:9200"),
        (" https://host:9200 ", "https://host:9200"),
    ],
)
def test_an_address_gets_the_port_of_its_scheme(url: str, read: str) -> None:
    assert Connection(url).url == read


@pytest.mark.parametrize(
    ("credentials", "said"),
    [
        ({"api_key": "sEcReT-key\nx: y"}, "the API key is invalid"),
        ({"api_key": "sEcReT key"}, "the API key is invalid"),
        ({"api_key": "sEcReT-këy"}, "the API key is invalid"),
        ({"api_key": " "}, "the API key is invalid"),
        ({"user": "ann"}, "there is no password"),
        ({"password": "pA55-word"}, "there is no user"),
        ({"user": "a:b", "password": "pA55-word"}, "must not contain a colon"),
    ],
)
def test_credentials_that_are_none_are_refused(credentials: dict[str, str], said: str) -> None:
    with pytest.raises(eqlite.ServerError, match=said) as raised:
        Connection("http://host", **credentials)
    assert not any(secret in str(raised.value) for secret in (*SECRETS, "sEcReT"))
