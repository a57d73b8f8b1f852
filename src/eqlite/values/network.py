"""IP addresses as Elasticsearch reads them: both families on one line, and blocks of addresses.

An address is the integer of its 16-byte form, in which IPv4 sits at `::ffff:0:0/96`: that is how an index holds it, how
ranges order it, and why `::/0` contains every IPv4 address. Text comes from events and rules: whatever it is, these
functions return None for what is no address or block.

Example:
    >>> block, address = parse_block("10.0.0.0/8"), parse_address("::ffff:10.6.48.157")
    >>> block is not None and address is not None and block.contains(address)
    True
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

_IPV4_START: Final = 0xFFFF << 32
_IPV4_END: Final = _IPV4_START | 0xFFFF_FFFF
_IPV4_BITS: Final = 32
_ALL_BITS: Final = 128
_LONGEST_ADDRESS: Final = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
_LONGEST_PREFIX: Final = len("128")
_ADDRESSES: Final = (ipaddress.IPv4Address, ipaddress.IPv6Address)
# The parts of a dotted quad by their text: no leading zeros, no plus or minus, no digits of other scripts.
_OCTETS: Final = {str(number): number for number in range(256)}
_FIRST_OCTETS: Final = {text: _IPV4_START | number << 24 for text, number in _OCTETS.items()}
_SECOND_OCTETS: Final = {text: number << 16 for text, number in _OCTETS.items()}


@dataclass(frozen=True, slots=True)
class Block:
    """The addresses from `first` to `last`, both included, in the 16-byte form."""

    first: int
    last: int

    def contains(self, address: int) -> bool:
        """Return whether an address as `parse_address` gives it is in the block."""
        return self.first <= address <= self.last


def parse_address(value: object) -> int | None:
    """Return an address as the integer of its 16-byte form, None for anything but the text of one address.

    Both families; IPv4-mapped IPv6 (`::ffff:10.0.0.1`) is the IPv4 address. Refused are blanks, zone ids
    (`fe80::1%eth0`), and leading zeros in IPv4 (`010.0.0.1`), which Elasticsearch refuses too (InetAddresses.java).
    Addresses of Python's `ipaddress` count as their text.

    >>> parse_address("::1"), parse_address("10.0.0.1") == parse_address("::ffff:a00:1"), parse_address("10.0.0.01")
    (1, True, None)
    """
    if not isinstance(value, str):
        return parse_address(str(value)) if isinstance(value, _ADDRESSES) else None
    if len(value) > _LONGEST_ADDRESS:
        return None
    parts = value.split(".")
    if len(parts) == 4:
        try:
            first, second, third, last = parts
            return _FIRST_OCTETS[first] + _SECOND_OCTETS[second] + (_OCTETS[third] << 8) + _OCTETS[last]
        except KeyError:
            pass
    if ":" not in value or "%" in value:
        return None
    try:
        return int(ipaddress.IPv6Address(value))
    except ValueError:
        return None


def parse_block(text: str) -> Block | None:
    """Return the addresses of a block in CIDR notation, None for another text.

    A plain address is a block of one; bits behind the prefix are ignored (`10.6.48.157/8` is `10.0.0.0/8`). Refused
    are a prefix out of range, one that is not all digits, and an IPv4-mapped address with a prefix
    (`::ffff:10.0.0.0/104`), whose prefix could count in either family (InetAddresses.java).

    >>> parse_block("0.0.0.2/31") == Block(parse_address("0.0.0.2") or 0, parse_address("0.0.0.3") or 0)
    True
    >>> parse_block("10.0.0.0/33"), parse_block("::ffff:10.0.0.0/104")
    (None, None)
    """
    written, slash, digits = text.partition("/")
    address = parse_address(written)
    if address is None:
        return None
    if not slash:
        return Block(address, address)
    if len(digits) > _LONGEST_PREFIX or not (digits.isascii() and digits.isdigit()):
        return None
    is_ipv4 = _IPV4_START <= address <= _IPV4_END
    if is_ipv4 and ":" in written:
        return None
    host_bits = (_IPV4_BITS if is_ipv4 else _ALL_BITS) - int(digits)
    if host_bits < 0:
        return None
    hosts = (1 << host_bits) - 1
    return Block(address & ~hosts, address | hosts)


def format_address(address: int) -> str:
    """Return the text of an address: a dotted quad for IPv4, and for IPv6 the short form of RFC 5952.

    What is beyond the 16 bytes shows as the nearest address.

    >>> format_address(0xFFFF0A000001), format_address(0x20010DB8 << 96 | 1)
    ('10.0.0.1', '2001:db8::1')
    """
    address = max(0, min(address, (1 << _ALL_BITS) - 1))
    if _IPV4_START <= address <= _IPV4_END:
        return ".".join(str(address >> shift & 0xFF) for shift in (24, 16, 8, 0))
    return str(ipaddress.IPv6Address(address))
