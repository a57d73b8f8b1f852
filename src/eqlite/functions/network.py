"""The function on addresses: `cidrMatch`.

On an ip field it is not called: there a condition on blocks is made of it. This is its meaning on a single value.
"""

from __future__ import annotations

from functools import lru_cache

from eqlite.datatypes import DataType
from eqlite.functions.registry import Example, Function, Parameter, Value, ValueFault, register
from eqlite.values.network import Block, parse_address, parse_block
from eqlite.values.text import to_text

# Blocks are constants of the query: as a rule few, and given for every event.
_parse_block = lru_cache(maxsize=4096)(parse_block)


def cidr_match(address: object, *blocks: object) -> Value:
    """Return whether `address` lies in one of `blocks`.

    Args:
        address: null gives null.
        blocks: `10.0.0.0/8`; bits after the prefix do not count; an address without a prefix stands for itself.

    Raises:
        ValueFault: `address` is no address, or a block before the first that matches is none.

    Example:
        >>> cidr_match("10.1.2.3", "192.168.0.0/16", "10.0.0.0/8")
        True
    """
    if address is None:
        return None
    text = to_text(address)
    number = parse_address(text)
    if number is None:
        raise ValueFault(f"'{text}' is not an IP string literal.")
    return any(_read_block(block).contains(number) for block in blocks)


def _read_block(value: object) -> Block:
    """Return the block that `value` writes."""
    if not isinstance(value, str):
        raise ValueFault(f"A string/char is required; received [{'null' if value is None else to_text(value)}]")
    block = _parse_block(value)
    if block is None:
        raise ValueFault(f"'{value}' is not an address or a block in CIDR notation")
    return block


register(
    Function(
        name="cidrMatch",
        parameters=(
            Parameter("address", "ip", "the address to test"),
            Parameter("block", "string", "addresses in CIDR notation", constant=True, repeated=True),
        ),
        returns=DataType.BOOLEAN,
        arity="at least two arguments",
        doc="Whether an address lies in one of the given blocks; IPv4 and IPv6. Null if the address is null.",
        examples=(
            Example('cidrMatch("10.1.2.3", "192.168.0.0/16", "10.0.0.0/8")', value=True),
            Example('cidrMatch("fe80::1", "2001:db8::/32")', value=False),
            Example('cidrMatch(null, "10.0.0.0/8")', None),
        ),
        implementation=cidr_match,
    )
)
