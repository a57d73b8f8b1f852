"""Options of `eqlite.compile`, typed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from eqlite.semantics.schema import Schema
from eqlite.semantics.settings import SETTING_NAMES, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileOptions(Settings):
    """Everything that `eqlite.compile` takes beside the text: its documentation says what each means.

    Raises:
        EqlError: there is no such target.

    >>> options = CompileOptions(tiebreaker_field="event.sequence", strict=True)
    >>> options.settings.tiebreaker_field, options.max_samples_per_key
    ('event.sequence', 1)
    """

    schema: Schema | None = None
    max_samples_per_key: int = 1
    strict: bool = False
    backend: str = "python"
    name: str | None = None

    @classmethod
    def of(cls, **options: Any) -> CompileOptions:
        """Return the options of keyword arguments of `eqlite.compile`, where a schema may be a name or a path.

        Raises:
            TypeError: there is no such option.
            EqlError: there is no such target or schema.
        """
        return cls(**{**options, "schema": Schema.of(options.get("schema"))})

    @property
    def settings(self) -> Settings:
        """Return the options that the analysis reads, beside the schema."""
        return Settings(*[getattr(self, name) for name in SETTING_NAMES])

    def fingerprint(self) -> str:
        """Return a digest of the options that decide what a text means: the fields of the schema and the settings."""
        fields = None if self.schema is None else sorted(self.schema.fields.items())
        described = repr((fields, [getattr(self, name) for name in SETTING_NAMES]))
        return hashlib.sha256(described.encode("utf-8", "surrogatepass")).hexdigest()
