"""Merging the results of worker processes in the order of the input."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from eqlite.engine.keys import Key, KeyBudget, Report
from eqlite.engine.order import Ordinal
from eqlite.events.document import document_of
from eqlite.events.intake import Intake, Rejected
from eqlite.events.readers import RawBlock
from eqlite.events.references import EventReference, EventReferences
from eqlite.events.splits import Range
from eqlite.execution.correlation.correlator import Correlator
from eqlite.execution.extractors import KeyExtractor, OrderExtractor
from eqlite.execution.hits import Hits, StageHits
from eqlite.execution.parallel.worker import (
    BlockLocation,
    DocumentLocation,
    LineLocation,
    Location,
    Partition,
    PartitionResult,
    RemoteHit,
    extractors_of,
)
from eqlite.execution.stats import RunStats
from eqlite.query import Query

Progress = Callable[[int, int], None]

_MOST_HITS = 20_000
HitExtractors = tuple[list[OrderExtractor], list[KeyExtractor]]


class RemoteEvent:
    """A `HitEvent` that a worker process matched."""

    def __init__(self, hit: RemoteHit, extractors: HitExtractors, first: int, make_reference: ReferenceMaker) -> None:
        orders, keys = extractors
        self.position = first + hit.position
        self._orders = {
            extractor: ((*ordinal[:3], self.position), problem)
            for extractor, (ordinal, problem) in zip(orders, hit.orders, strict=True)
        }
        self._keys = dict(zip(keys, hit.keys, strict=True))
        self._location = hit.location
        self._make_reference = make_reference
        self._reference: EventReference | None = None

    def order(self, extractor: OrderExtractor) -> tuple[Ordinal, str | None]:
        """Return the ordinal, and the problem with it, if any: see `order.ambiguity`."""
        return self._orders[extractor]

    def keys(self, extractor: KeyExtractor, budget: KeyBudget, report: Report) -> tuple[Key, ...]:
        """Return the join keys, as many as the budget grants."""
        keys = self._keys[extractor]
        return keys if keys is not None else extractor.keys(document_of(self.reference()()), budget, report)

    def reference(self) -> EventReference:
        """Return the reference to the event."""
        if self._reference is None:
            self._reference = self._make_reference(self._location)
        return self._reference


ReferenceMaker = Callable[[Location], EventReference]


class ResultMerger:
    """Feeds results to the correlator of the run, in the order of the input."""

    def __init__(
        self, queries: list[Query], correlator: Correlator, stats: RunStats, intake: Intake, progress: Progress | None
    ) -> None:
        self._queries = queries
        self._correlator = correlator
        self._stats = stats
        self._intake = intake
        self._progress = progress
        self._references = EventReferences()
        self._hits: dict[tuple[tuple[int, ...], StageHits], tuple[Hits, HitExtractors]] = {}
        self._position = 1
        self._lines = self._size = 0
        self._last_range = ("", 0)  # its file and end
        self._lines_before = 0  # in that file

    def add(self, result: PartitionResult, partition: Partition) -> None:
        """Take the result of the next partition."""
        if not isinstance(partition, Range) or self._last_range != (partition.file, partition.start):
            self._lines_before = 0
        self._stats.reading.read += result.read
        self._stats.add_unrouted(result.unrouted, result.unrouted_example)
        for rule, count, examples in result.faults:
            self._correlator.faults[rule].add(count, examples)
        hits_of_index = [self._hits_with_extractors(*plain_hits) for plain_hits in result.hits]
        rejects = RemoteRejects(result, self._intake, self._lines_before)
        make_reference = partial(self._reference, partition, self._lines_before)
        for index, hit in enumerate(result.events):
            rejects.report(until=index)
            hits, extractors = hits_of_index[hit.hits]
            self._correlator.add_event(RemoteEvent(hit, extractors, self._position, make_reference), hits)
        rejects.report(until=len(result.events))
        self._position += result.documents
        self._count(partition, result)

    def _hits_with_extractors(self, event_rules: tuple[int, ...], stage_hits: StageHits) -> tuple[Hits, HitExtractors]:
        cached = self._hits.get((event_rules, stage_hits))
        if cached is None:
            hits = Hits(event_rules, stage_hits)
            cached = (hits, extractors_of(hits, self._queries, self._correlator.extractors))
            if len(self._hits) >= _MOST_HITS:
                self._hits.clear()
            self._hits[event_rules, stage_hits] = cached
        return cached

    def _reference(self, partition: Partition, lines_before: int, location: Location) -> EventReference:
        match location:
            case LineLocation(number, offset, size, checksum):
                assert isinstance(partition, Range)
                return self._references.of_location(partition.file, number + lines_before, offset, size, checksum)
            case BlockLocation(block_index, line):
                assert not isinstance(partition, Range)
                block = partition[block_index]
                assert isinstance(block, RawBlock)
                data = block.lines[line]
                start = None if block.offset is None else block.offset + sum(map(len, block.lines[:line]))
                return self._references.of_line(block.file, block.line + line, data, start, is_alone=block.is_alone)
            case DocumentLocation(file, number, unwrapped):
                return self._references.of_document(file, number + lines_before, unwrapped)

    def _count(self, partition: Partition, result: PartitionResult) -> None:
        if isinstance(partition, Range):
            self._last_range = (partition.file, partition.end)
            self._lines_before += result.lines
            self._lines += result.lines
            self._size += partition.end - partition.start
        else:
            blocks = [item for item in partition if isinstance(item, RawBlock)]
            self._lines += sum(len(block.lines) for block in blocks)
            self._size += sum(sum(map(len, block.lines)) for block in blocks)
        if self._progress is not None:
            self._progress(self._lines, self._size)


class RemoteRejects:
    """Reports the rejects of a worker to the intake of the run, in the order of the input."""

    def __init__(self, result: PartitionResult, intake: Intake, lines_before: int) -> None:
        """Count all rejects by their reasons."""
        self._rejects = result.rejects
        self._cuts = result.cuts
        self._intake = intake
        self._lines_before = lines_before
        self._next = self._bytes = self._samples = 0
        intake.stats.count_rejected(result.rejects.reasons)

    def report(self, *, until: int) -> None:
        """Write and sample the rejects before a hit, given by its index."""
        size, samples = self._bytes, self._samples
        while self._next < len(self._cuts) and self._cuts[self._next] <= until:
            _, size, samples = self._cuts[self._next : self._next + 3]
            self._next += 3
        if size > self._bytes:
            self._intake.keep(bytes(self._rejects.data[self._bytes : size]))
        self._intake.stats.add_samples([*map(self._moved, self._rejects.samples[self._samples : samples])])
        self._bytes, self._samples = size, samples

    def _moved(self, rejected: Rejected) -> Rejected:
        return rejected._replace(line=rejected.line + self._lines_before)
