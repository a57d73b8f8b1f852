"""A stand-in for Elasticsearch, and a connection to it that does not wait between retries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.integrations.stand_in import StandIn

from eqlite.integrations.connection import Connection


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as started:
        yield started


@pytest.fixture
def connection(server: StandIn) -> Any:
    return Connection(server.url, retries=3, backoff_s=0)
