"""IP addresses and blocks, compared with Python's `ipaddress`."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqlite.values.network import Block, format_address, parse_address, parse_block

MAPPED = 0xFFFF << 32
addresses = st.one_of(st.ip_addresses(), st.ip_addresses(v=6))


def whole(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    """Return the 16-byte form."""
    return MAPPED | int(address) if address.version == 4 else int(address)


def block_of(text: str) -> Block:
    block = parse_block(text)
    assert block is not None
    return block


def address_of(text: str) -> int:
    address = parse_address(text)
    assert address is not None
    return address


@given(addresses)
def test_addresses_are_read_as_python_reads_them(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert parse_address(str(address)) == whole(address)
    assert parse_address(address.exploded) == whole(address)
    assert parse_address(str(address).upper()) == whole(address)


@given(st.text("0123456789abcdefx.:%/", max_size=20))
def test_what_python_refuses_is_no_address(text: str) -> None:
    try:
        expected = whole(ipaddress.ip_address(text)) if "%" not in text else None
    except ValueError:
        expected = None
    assert parse_address(text) == expected


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_mapped_into_ipv6_is_the_ipv4_address(address: ipaddress.IPv4Address) -> None:
    assert parse_address(f"::ffff:{address}") == parse_address(
        f"::FFFF:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}"
    )
    assert parse_address(f"::ffff:{address}") == parse_address(str(address))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        2130706433,
        b"10.0.0.1",
        ["10.0.0.1"],
        "",
        "10",
        "10.0.0",
        "10.0.0.0.1",
        "10.0.0.256",
        "010.0.0.1",
        "10.0.0.01",
        "10.0.0.+1",
        "10.0.0. 1",
        "10.0.0.\N{FULLWIDTH DIGIT ONE}",
        " 10.0.0.1",
        "10.0.0.1\n",
        "10.0.0.0/8",
        "0x0a.0.0.1",
        "::1%eth0",
        "fe80::1%",
        ":::",
        "1::2::3",
        "12345::",
        "::ffff:10.0.0.256",
        "[::1]",
        "::1 ",
        "host.example.com.",
        "1" * 1_000_000,
        "." * 1_000_000,
        ":" * 1_000_000,
    ],
)
def test_what_is_no_address_is_none(value: object) -> None:
    assert parse_address(value) is None


@given(addresses, st.data())
def test_blocks_contain_what_python_says(
    network: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject
) -> None:
    prefix = data.draw(st.integers(0, network.max_prefixlen))
    text = f"{network}/{prefix}"
    block = parse_block(text)
    if network.version == 6 and network.ipv4_mapped is not None:
        assert block is None
        return
    assert block is not None
    expected = ipaddress.ip_network(text, strict=False)
    near = data.draw(st.integers(-3, 3))
    tried = [network, expected[0], expected[-1], data.draw(st.ip_addresses(v=network.version))]
    tried += [
        network.__class__(max(0, min(int(edge) + near, 2**network.max_prefixlen - 1)))
        for edge in (expected[0], expected[-1])
    ]
    for address in tried:
        if address.version == 4 or address.ipv4_mapped is None:
            assert block.contains(whole(address)) == (address in expected)


def test_a_plain_address_is_a_block_of_one() -> None:
    assert parse_block("10.0.0.1") == Block(address_of("10.0.0.1"), address_of("10.0.0.1"))
    assert parse_block("::ffff:10.0.0.1") == parse_block("10.0.0.1/32") == parse_block("10.0.0.1")
    assert parse_block("2001:db8::1") == parse_block("2001:db8::1/128")


def test_bits_behind_the_prefix_are_ignored() -> None:
    assert parse_block("10.6.48.157/8") == parse_block("10.0.0.0/8")
    assert parse_block("2001:db8::ff/64") == parse_block("2001:db8::/64")


def test_the_block_of_everything_contains_ipv4() -> None:
    assert block_of("::/0").contains(address_of("10.0.0.1"))
    assert block_of("::/80").contains(address_of("10.0.0.1"))
    assert not block_of("0.0.0.0/0").contains(address_of("::1"))
    assert not block_of("::/96").contains(address_of("10.0.0.1"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8/8",
        "10.0.0.0/ 8",
        "10.0.0.0/\N{FULLWIDTH DIGIT EIGHT}",
        "10.0.0.0/255.0.0.0",
        "10.0.0/8",
        "::/129",
        "::ffff:10.0.0.0/104",
        "::ffff:a00:0/104",
        "fe80::1%eth0/64",
        "10.0.0.0/" + "1" * 10_000,
        "private",
    ],
)
def test_what_is_no_block_is_none(text: str) -> None:
    assert parse_block(text) is None


@given(addresses)
def test_an_address_shown_is_read_back(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    shown = format_address(whole(address))
    assert parse_address(shown) == whole(address)
    if address.version == 4 or address.ipv4_mapped is None:
        assert shown == str(address)


@given(st.integers())
def test_every_integer_shows_as_an_address(address: int) -> None:
    assert parse_address(format_address(address)) is not None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    parse_address(text)
    parse_block(text)
