"""Problems of queries and rules, each with its place and an edit that fixes it.

A phase reports into a `Collector` and goes on; the caller decides whether to raise. Every kind of problem has an id
that never changes (`register.py`), a span into the file the user edits, and where Elasticsearch would
refuse the query too, its own words.
"""

from __future__ import annotations

from eqlite.diagnostics.collector import Collector, did_you_mean
from eqlite.diagnostics.model import Diagnostic, Severity
from eqlite.diagnostics.register import Category

__all__ = ["Category", "Collector", "Diagnostic", "Severity", "did_you_mean"]
