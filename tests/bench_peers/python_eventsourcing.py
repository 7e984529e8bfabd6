"""Python's eventsourcing on PostgreSQL, asked for the same as `agrodeep bench append` and `bench hot`: writers (threads) add
lines to notes, each awaiting its verdict. Prints the same JSON lines.

    python_eventsourcing.py URL [--writers 64] [--seconds 4] [--rounds 3]
"""

import argparse
import json
import math
import re
import statistics
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError

HOT_AGGREGATES = 8
COMMANDS_PER_AGGREGATE = 10
TEXT = "Tomates de Marmande, cueillies ce matin. " * 9


class Note(Aggregate):
    """The aggregate that benchmarks write to: nothing to decide."""

    # Its first line is its creation, so that every command is one event, as everybody's is.
    @event("Opened")
    def __init__(self, note_id, number, text):
        self._id = note_id
        self.lines = number

    @staticmethod
    def create_id(note_id, **_):
        return note_id

    @event("LineAdded")
    def add_line(self, number, text):
        self.lines = number


class Notes(Application):
    def add_line(self, note_id):
        """Adds a line; tries again as often as the others are faster."""
        while True:
            try:
                try:
                    note = self.repository.get(note_id)
                    note.add_line(note.lines + 1, TEXT)
                except AggregateNotFoundError:
                    note = Note(note_id=note_id, number=1, text=TEXT)
                self.save(note)
                return
            except IntegrityError:
                pass


def settings(url):
    """The library's settings for a URL. Its pool is as it comes: 5 connections, and 10 more when they are needed."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    # Not `parts.hostname`, which is in lower case: it may be the folder of a socket.
    host = parts.netloc.rpartition("@")[2]
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": query.get("host", [unquote(re.sub(r":\d*$", "", host))])[0],
        "POSTGRES_PORT": str(parts.port or 5432),
        "POSTGRES_USER": unquote(parts.username or ""),
        # Without a password the server asks for none; the library wants one all the same.
        "POSTGRES_PASSWORD": unquote(parts.password or "none"),
    }


def measure(notes, mix, writers, duration):
    hot = [uuid4() for _ in range(HOT_AGGREGATES)]
    latencies = [[] for _ in range(writers)]
    failures = []
    began = time.perf_counter()

    def write(writer):
        try:
            note, command = uuid4(), 0
            while True:
                asked = time.perf_counter()
                if asked - began > duration:
                    return
                if mix == "hot":
                    note = hot[writer % HOT_AGGREGATES]
                elif command % COMMANDS_PER_AGGREGATE == 0:
                    note = uuid4()
                notes.add_line(note)
                latencies[writer].append(1000 * (time.perf_counter() - asked))
                command += 1
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    if failures:
        raise failures[0]
    took = sorted(latency for each in latencies for latency in each)

    def percentile(per_cent):
        return took[max(0, math.ceil(per_cent / 100 * len(took)) - 1)]

    return {
        "commands": len(took),
        "per_second": len(took) / elapsed,
        "p50": percentile(50),
        "p90": percentile(90),
        "p99": percentile(99),
        "p999": percentile(99.9),
    }


def line(bench, mix, writers, rounds):
    def of(name, pick=statistics.median):
        return pick(came[name] for came in rounds)

    return json.dumps({
        "bench": bench,
        "mix": mix,
        "subject": "eventsourcing",
        "writers": writers,
        "rounds": len(rounds),
        "commands": of("commands", sum),
        "per_second": of("per_second"),
        "per_second_min": of("per_second", min),
        "per_second_max": of("per_second", max),
        "p50_ms": of("p50"),
        "p50_ms_min": of("p50", min),
        "p50_ms_max": of("p50", max),
        "p90_ms": of("p90"),
        "p99_ms": of("p99"),
        "p99_ms_min": of("p99", min),
        "p99_ms_max": of("p99", max),
        "p999_ms": of("p999"),
    })


def at_least_one(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--writers", type=at_least_one, default=64)
    parser.add_argument("--seconds", type=at_least_one, default=4)
    parser.add_argument("--rounds", type=at_least_one, default=3)
    arguments = parser.parse_args()
    notes = Notes(env=settings(arguments.url))
    measured = {"distinct": [], "hot": []}
    try:
        for number in range(arguments.rounds + 1):
            for mix, rounds in measured.items():
                # The first is a warm-up.
                came = measure(notes, mix, arguments.writers, arguments.seconds if number else 1)
                if number:
                    rounds.append(came)
    finally:
        notes.close()
    print(line("append", "distinct", arguments.writers, measured["distinct"]))
    print(line("hot", "hot", arguments.writers, measured["hot"]))


if __name__ == "__main__":
    main()
