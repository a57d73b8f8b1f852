"""Worker process: matches partitions of the input, and returns their hits as plain data."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from eqlite.engine.faults import Faults
from eqlite.engine.keys import Key, KeyBudget
from eqlite.engine.order import Ordinal
from eqlite.events.batches import BlockBatch, block_batches
from eqlite.events.envelopes import Unwrapped
from eqlite.events.intake import ReadSizes, ReadStats, Rejected
from eqlite.events.readers import RawBlock
from eqlite.events.references import HeldEvents
from eqlite.events.splits import Range, RangeReader
from eqlite.execution.extractors import Extractors, KeyExtractor, OrderExtractor
from eqlite.execution.hit_batch import DocumentHit
from eqlite.execution.hits import Hits, StageHits
from eqlite.execution.parallel.rejects import Rejects, RemoteIntake
from eqlite.execution.rule_matcher import make_matcher
from eqlite.limits import FREE_KEYS_PER_EVENT
from eqlite.query import Query
from eqlite.rules.compiled import Compiled

Partition = Range | list[RawBlock | Rejects]
"""A part of the input: a range of a file, or blocks of lines with the rejects between them."""


class LineLocation(NamedTuple):
    """A line of a range: its number in the range, its offset and size in the file, and its checksum."""

    number: int
    offset: int
    size: int
    checksum: int


class BlockLocation(NamedTuple):
    """A line in a list of blocks: the index of the block, and that of the line in it."""

    block: int
    line: int


class DocumentLocation(NamedTuple):
    """One of several documents on a line: file, number of the line in the partition, document with index and id."""

    file: str
    number: int
    unwrapped: Unwrapped


Location = LineLocation | BlockLocation | DocumentLocation
"""Where an event stands in a partition."""


class RemoteHit(NamedTuple):
    """An event with hits.

    Attributes:
        hits: an index of `PartitionResult.hits`.
        position: its number in the partition.
        location: its location.
        orders: its ordinal by each order extractor of its rules: see `extractors_of`.
        keys: its join keys by each key extractor; None if there are too many, so that the main process counts them.
    """

    hits: int
    position: int
    location: Location
    orders: tuple[tuple[Ordinal, str | None], ...]
    keys: tuple[tuple[Key, ...] | None, ...]


@dataclass(slots=True)
class PartitionResult:
    """The result of a partition.

    Attributes:
        rejects: the rejected pieces.
        cuts: where rejects stand between the hits: three numbers for each cut, the hits before it, and the bytes and
            samples of rejects up to it.
        read: the number of events.
        documents: the number of documents, and so of positions.
        lines: the number of line ends in a range.
        unrouted, unrouted_example: as in `RunStats`.
        hits: the distinct hits of events: event rules, and stages of other rules.
        events: the events with hits.
        faults: rules with faults, with their number and examples.
    """

    rejects: Rejects
    cuts: array[int] = field(default_factory=lambda: array("q"))
    read: int = 0
    documents: int = 0
    lines: int = 0
    unrouted: int = 0
    unrouted_example: str | None = None
    hits: list[tuple[tuple[int, ...], StageHits]] = field(default_factory=list)
    events: list[RemoteHit] = field(default_factory=list)
    faults: list[tuple[int, int, list[str]]] = field(default_factory=list)


class Worker:
    """Matches events with all rules, in a process of its own."""

    def __init__(
        self, compiled: Compiled, *, by_index: bool, keeps_rejects: bool, sample_limit: int, sizes: ReadSizes
    ) -> None:
        """Prepare the rules.

        Args:
            compiled: rules and queries.
            by_index: a rule sees only the documents that its index patterns cover.
            keeps_rejects: return the bytes of rejected pieces.
            sample_limit: the number of rejected pieces that are reported one by one.
            sizes: the sizes of what is read.
        """
        self._queries = [query for _, query in compiled]
        self._matcher = make_matcher(compiled, by_index=by_index)
        self._extractors = Extractors()
        self._sample_limit = sample_limit
        self._keeps_rejects = keeps_rejects
        self._sizes = sizes
        self._result = PartitionResult(Rejects(sample_limit))
        self._indices: dict[Hits, int] = {}

    def work(self, partition: Partition) -> PartitionResult:
        """Match the lines of a partition."""
        result = self._result = PartitionResult(Rejects(self._sample_limit))
        self._indices = {}
        stats = ReadStats()
        faults = [Faults(strict=query.options.strict) for query in self._queries]
        intake = RemoteIntake(stats, self._refuse, keeps_bytes=self._keeps_rejects, sizes=self._sizes)
        reader = RangeReader(partition) if isinstance(partition, Range) else None
        items: Iterable[RawBlock | Rejects] = partition if reader is None else reader.blocks(intake)  # type: ignore[assignment]
        for index, item in enumerate(items):
            if isinstance(item, Rejects):
                result.rejects.join(item)
                self._cut()
                continue
            for batch in block_batches(item, result.documents, intake, HeldEvents()):
                result.documents += len(batch.documents)
                stats.read += len(batch.documents)
                hit_batch = self._matcher.match(batch, faults)
                result.unrouted += hit_batch.unrouted
                result.unrouted_example = result.unrouted_example or hit_batch.unrouted_example
                start = None if reader is not None else BlockLocation(index, batch.block.line - item.line)
                for event, hits in hit_batch.events():
                    self._add(event, hits, _location(batch, event, start))
        result.lines = reader.newlines if reader is not None else 0
        result.read = stats.read
        result.faults = [
            (rule, of_rule.count, of_rule.examples) for rule, of_rule in enumerate(faults) if of_rule.count
        ]
        return result

    def _refuse(self, rejected: Rejected | None, data: bytes) -> None:
        self._result.rejects.take(rejected, data)
        self._cut()

    def _cut(self) -> None:
        """Record the rejects before the next hit."""
        cuts, rejects, hits = self._result.cuts, self._result.rejects, len(self._result.events)
        if cuts and cuts[-3] == hits:
            del cuts[-3:]
        cuts.extend((hits, len(rejects.data), len(rejects.samples)))

    def _add(self, event: DocumentHit, hits: Hits, location: Location) -> None:
        index = self._indices.get(hits)
        if index is None:
            index = self._indices[hits] = len(self._indices)
            self._result.hits.append((hits.event_rules, hits.stage_hits))
        orders, keys = extractors_of(hits, self._queries, self._extractors)
        all_keys = [event.keys(extractor, KeyBudget(), _ignore) for extractor in keys]
        self._result.events.append(
            RemoteHit(
                index,
                event.position,
                location,
                tuple([event.order(extractor) for extractor in orders]),
                tuple([values if len(values) <= FREE_KEYS_PER_EVENT else None for values in all_keys]),
            )
        )


def extractors_of(
    hits: Hits, queries: list[Query], extractors: Extractors
) -> tuple[list[OrderExtractor], list[KeyExtractor]]:
    """Return the distinct extractors of order and of keys for the hits of an event.

    They are in the same order in every process, since it depends on the hits alone.
    """
    plans = [queries[rule].plan for rule in (*hits.event_rules, *(rule for rule, _ in hits.stage_hits))]
    orders = dict.fromkeys(extractors.order(plan) for plan in plans)
    stages = [queries[rule].plan.stages[stage] for rule, indices in hits.stage_hits for stage in indices]
    return list(orders), list(dict.fromkeys(extractors.keys(stage.keys) for stage in stages))


def _location(batch: BlockBatch, event: DocumentHit, start: BlockLocation | None) -> Location:
    """Return the location of an event whose batch starts at `start`, which is None in a range."""
    line_location = batch.location(event.row)
    if line_location is None:
        return DocumentLocation(batch.block.file, *batch.document_on(event.row))
    line, offset = line_location
    if start is not None:
        return BlockLocation(start.block, start.line + line)
    assert offset is not None
    data = batch.block.lines[line]
    return LineLocation(batch.block.line + line, offset, len(data), zlib.crc32(data))


def _ignore(_message: str) -> None:
    """Drop a message. The main process reads the keys again, and reports it."""
