"""The function library. Importing it fills the register: every function of EQL, by its lower-cased name.

Example:
    >>> find("ENDSWITH").name, find("endsWith").arity, len(FUNCTIONS)
    ('endsWith', 'exactly two arguments', 16)
"""

from __future__ import annotations

from eqlite.functions import math, network, strings
from eqlite.functions.registry import FUNCTIONS, Example, Function, Parameter, ValueFault, find

__all__ = ["FUNCTIONS", "Example", "Function", "Parameter", "ValueFault", "find", "math", "network", "strings"]
