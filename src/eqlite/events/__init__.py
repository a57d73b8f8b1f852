"""Events: reading them from files and streams, and taking them out of their envelopes."""

from __future__ import annotations

from eqlite.events.document import Event, EventSource, document_of

__all__ = ["Event", "EventSource", "document_of"]
