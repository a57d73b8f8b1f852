"""The function on addresses."""

from __future__ import annotations

import pytest

from eqlite.functions import ValueFault
from eqlite.functions.network import cidr_match
from eqlite.functions.registry import Value


@pytest.mark.parametrize(
    ("address", "blocks", "holds"),
    [
        ("10.1.2.3", ("10.0.0.0/8",), True),
        ("11.1.2.3", ("10.0.0.0/8",), False),
        ("11.1.2.3", ("10.0.0.0/8", "11.0.0.0/8"), True),
        ("10.1.2.3", ("10.9.9.9/8",), True),
        ("10.1.2.3", ("10.1.2.3",), True),
        ("2001:db8::1", ("2001:db8::/32",), True),
        ("2001:db9::1", ("2001:db8::/32",), False),
        ("10.1.2.3", ("::/0",), True),
        ("::ffff:10.1.2.3", ("10.0.0.0/8",), True),
        ("10.1.2.3", ("10.0.0.0/8", "not a block"), True),  # never looked at
    ],
)
def test_an_address_is_in_one_of_the_blocks_or_not(address: str, blocks: tuple[str, ...], holds: bool) -> None:
    assert cidr_match(address, *blocks) is holds


def test_a_null_address_is_null() -> None:
    assert cidr_match(None, "10.0.0.0/8") is None
    assert cidr_match(None, "not a block") is None


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("10.1.2", "10.0.0.0/8"),
        ("", "10.0.0.0/8"),
        (42, "10.0.0.0/8"),
        ("10.1.2.3", "10.0.0.0/33"),
        ("10.1.2.3", ""),
        ("10.1.2.3", None),
        ("10.1.2.3", 10),
    ],
)
def test_what_is_no_address_or_block_is_a_fault(address: Value, block: Value) -> None:
    with pytest.raises(ValueFault):
        cidr_match(address, block)
