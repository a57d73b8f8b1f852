"""Names of the category, timestamp and tiebreaker fields, and the version of Elasticsearch that answers."""

from __future__ import annotations

from dataclasses import dataclass, fields

from eqlite.semantics.targets import DEFAULT_TARGET, target_named


@dataclass(frozen=True, slots=True)
class Settings:
    """The parameters of Elasticsearch's EQL search that decide the meaning of a query, and the version.

    Raises:
        EqlError: there is no such target.
    """

    event_category_field: str = "event.category"
    timestamp_field: str = "@timestamp"
    tiebreaker_field: str | None = None
    target: str = DEFAULT_TARGET

    def __post_init__(self) -> None:
        target_named(self.target)


SETTING_NAMES = tuple(setting.name for setting in fields(Settings))
"""Those options of `eqlite.compile` that the meaning of a text depends on, beside the schema."""
