"""Measures whether the tests notice small changes to the code (mutation testing).

python -m tools.mutants                       a sample of every package, about 30 minutes on two cores
python -m tools.mutants engine values         some packages
python -m tools.mutants engine/pairs.py:70    every change of a file, or of a line

The sample is seeded: the changes whose hash with the seed is smallest, so an edit elsewhere does not draw others.
A change runs against the module's own tests, then its package's, then the others in TESTS, up to the first failure.
It is noticed if a test fails, or takes more than five times the CPU seconds and 20 (out of time). `mutants.toml`
explains the changes that no test can notice.
Exits with 1 if in a package less than 90 % of the sample is noticed, or a change is neither noticed nor explained.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import queue
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.mutations import Mutation, mutations

ROOT = Path(__file__).parent.parent
CODE = Path("src/eqlite")
AGREE = ("tests/property/test_backends_agree.py", "tests/property/test_sequences_agree.py")
PATHS = ("tests/property/test_every_path_agrees.py", "tests/property/test_every_source_agrees.py")

# For each package the tests that concern it beyond its own folder, quick ones first.
TESTS: dict[str, tuple[str, ...]] = {
    "engine": ("tests/conformance", "tests/execution/correlation", *AGREE, "tests/execution/test_stream.py"),
    "semantics": ("tests/conformance", "tests/test_diagnostics.py", "tests/test_nothing_found.py", *AGREE),
    "values": ("tests/functions", "tests/conformance", "tests/property/test_wildcards.py", *AGREE),
    "backends": ("tests/conformance", "tests/functions", *AGREE),
    "candidates": ("tests/execution", *PATHS),
    "predicates": ("tests/backends", "tests/conformance", "tests/candidates", "tests/functions", *AGREE, *PATHS),
    "execution": ("tests/test_ruleset.py", "tests/cli/test_run.py", "tests/cli/test_follow.py", *PATHS),
    "rules": ("tests/test_ruleset.py", "tests/cache", "tests/cli/test_check.py", "tests/cli/test_command_line.py"),
    "serialization": ("tests/cache",),
}
FLOOR = 0.9
MEMORY_BYTES = 8 << 30
OUTCOMES = ("test failed", "out of time", "explained", "not noticed")


class Checkout:
    """A copy of the repository, in which one change at a time is tested."""

    def __init__(self, parent: str) -> None:
        self.root = Path(tempfile.mkdtemp(dir=parent))
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
        for name in filter(None, listing.stdout.split("\0")):
            if (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)
        # Without EQLITE_SHARED the tests have only what the repository holds.
        outside = ("EQLITE_SHARED", "EQLITE_REQUIRE_SHARED", "CI")
        self.environment = {name: value for name, value in os.environ.items() if name not in outside}
        self.environment["PYTHONPATH"] = str(self.root / "src")
        # A mutant may be as long and as old as what it replaces: bytecode is recognised by the source's hash.
        compile_all = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "src"]
        subprocess.run(compile_all, cwd=self.root, check=True)

    def cpu_seconds(self, tests: list[str], limit: int = 300) -> tuple[bool, float]:
        """Return whether the tests pass, and the CPU seconds they take.

        Raises:
            TimeoutExpired: they take more than the limit, or ten times as long by the clock.
        """
        options = ["-q", "-x", "--hypothesis-profile", "mutants", "-m", "not fuzz and not slow and not packaging"]
        command = [sys.executable, "-m", "pytest", *options, "-p", "no:cacheprovider", *tests]

        def restrict() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))

        with subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=restrict,
        ) as process:
            watch = threading.Timer(10 * limit, os.killpg, (process.pid, signal.SIGKILL))
            watch.start()
            try:
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            finally:
                watch.cancel()
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # the processes that it started
        if process.returncode < 0:
            raise subprocess.TimeoutExpired(command, limit)
        return process.returncode in (0, 5), usage.ru_utime + usage.ru_stime  # 5: no test there

    def outcome(self, mutation: Mutation, seconds: dict[str, float]) -> str:
        target = self.root / mutation.path
        source = target.read_bytes()
        target.write_bytes(mutation.apply(source))
        try:
            for tests in steps(mutation.path):
                limit = 20 + int(5 * max(seconds.get(test, 0) for test in tests))
                if not self.cpu_seconds(tests, limit)[0]:
                    return "test failed"
        except subprocess.TimeoutExpired:
            return "out of time"
        finally:
            target.write_bytes(source)
        return "not noticed"


def steps(path: str) -> Iterator[list[str]]:
    """Yield the tests of a module in the order in which they run: its own, its package's, the others."""
    package, *_, name = inner = Path(path).relative_to(CODE).parts
    own = ROOT.joinpath("tests", *inner[:-1], f"test_{name}")
    if own.exists():
        yield [path, str(own.relative_to(ROOT))]
    first, *others = related_tests(package)
    yield [path, first]  # the module for its doctests
    yield from ([test] for test in others)


def related_tests(package: str) -> list[str]:
    """Return the folders and files of tests that concern a package, its own folder first if there is one."""
    return [test for test in (f"tests/{package}", *TESTS[package]) if (ROOT / test).exists()]


def sample(package: str, seed: int, size: int) -> list[Mutation]:
    """Return the changes of a package, or of one file or line, whose hash with the seed is smallest."""
    name, _, line = package.partition(":")
    place = ROOT / CODE / name
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    found = [change for file in files for change in mutations(str(file.relative_to(ROOT)), file.read_bytes())]
    if not place.is_dir():
        return [change for change in found if not line or change.line == int(line)]
    places: dict[str, int] = {}  # equal lines of a file are counted

    def rank(change: Mutation) -> bytes:
        text = f"{seed}\n{change.path}\n{change.removed}\n{change.added}"
        places[text] = places.get(text, 0) + 1
        return hashlib.sha256(f"{text}\n{places[text]}".encode()).digest()

    return sorted(found, key=rank)[:size]


def explained() -> set[tuple[str, str, str]]:
    entries = tomllib.loads((ROOT / "tools/mutants.toml").read_text(encoding="utf-8"))["change"]
    return {(f"{CODE}/{entry['file']}", entry["removed"], entry["added"]) for entry in entries}


def run(samples: dict[str, list[Mutation]], jobs: int) -> dict[str, list[str]]:
    """Return the outcome of every change, for each package; print each that no test notices."""
    known = explained()
    paths = sorted({change.path for changes in samples.values() for change in changes})
    packages = {Path(path).relative_to(CODE).parts[0] for path in paths}
    tests = sorted({test for name in packages for test in related_tests(name)})
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="eqlite-mutants-") as parent, ThreadPoolExecutor(jobs) as pool:
        free: queue.SimpleQueue[Checkout] = queue.SimpleQueue()
        for _ in range(jobs):
            free.put(Checkout(parent))

        def unchanged(test: str) -> None:
            with borrowed(free) as checkout:
                is_good, seconds[test] = checkout.cpu_seconds([*paths, test])
            if not is_good:
                raise SystemExit(f"{test} fails on the unchanged code")

        def outcome(mutation: Mutation) -> str:
            with borrowed(free) as checkout:
                found = checkout.outcome(mutation, seconds)
            if found == "not noticed" and (mutation.path, mutation.removed, mutation.added) in known:
                found = "explained"
            print(found if found == "test failed" else f"{found}: {mutation}", flush=True)
            return found

        list(pool.map(unchanged, tests))
        return {name: list(pool.map(outcome, changes)) for name, changes in samples.items()}


@contextlib.contextmanager
def borrowed(free: queue.SimpleQueue[Checkout]) -> Iterator[Checkout]:
    checkout = free.get()
    try:
        yield checkout
    finally:
        free.put(checkout)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants")
    parser.add_argument("packages", nargs="*", default=list(TESTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", type=int, default=30, help="changes of each package")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    samples = {name: sample(name, arguments.seed, arguments.sample) for name in arguments.packages}
    outcomes = run(samples, arguments.jobs)
    print(
        f"\nseed {arguments.seed}\n{'package':24}{'sampled':>8}",
        *(f"{name:>12}" for name in OUTCOMES),
        f"{'noticed':>9}",
    )
    is_good = True
    for name, found in outcomes.items():
        counts = [found.count(outcome) for outcome in OUTCOMES]
        share = sum(counts[:2]) / max(len(found), 1)
        is_good &= share >= FLOOR and not counts[-1]
        print(f"{name:24}{len(found):8}", *(f"{count:12}" for count in counts), f"{share:9.0%}")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
