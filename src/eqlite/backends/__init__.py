"""Backends: a plan in, predicates out. `reference` defines the meaning, `python` is the fast one."""

from __future__ import annotations

from eqlite.backends.base import Backend
from eqlite.backends.python import PythonBackend
from eqlite.backends.reference import ReferenceBackend
from eqlite.errors import UnsupportedFeature

BACKENDS: dict[str, Backend] = {backend.name: backend for backend in (PythonBackend(), ReferenceBackend())}


def backend_named(name: str) -> Backend:
    """Return the backend of that name.

    Raises:
        UnsupportedFeature: if there is none.
    """
    if name not in BACKENDS:
        known = ", ".join(f"`{known}`" for known in BACKENDS)
        raise UnsupportedFeature(f"there is no backend `{name}`; known are {known}")
    return BACKENDS[name]
