"""A group of haechi processes between topics of their own, and what their decisions must be: the same,
and each once, as when nothing happens."""

import csv
import json
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Process, Service, good, partition_of, rows_of, wait_until  # noqa: E402

FILE = "d/fraudTest.csv"
MODEL = "m"
NEVER = "1000d"  # a delay of labels that no file is long enough for
TOPICS = ("transactions", "labels", "decisions", "rejects", "progress", "merchants", "snapshots")


class Group:
    """A group with topics of its own, and the processes in it."""

    def __init__(self, broker, partitions, make=True):
        self.broker, self.partitions = broker, partitions
        self.topics = {name: broker.new_name(name) for name in TOPICS}
        # A member that was killed is missed after six seconds, the least that brokers allow.
        self.settings = {**self.topics, "group": broker.new_name("group"), "exchange": "never",
                         "session.timeout.ms": "6000", "heartbeat.interval.ms": "1000",
                         "reconnect.backoff.max.ms": "1000"}
        if make:
            self.make_inputs()

    def make_inputs(self, **config):
        for name in ("transactions", "labels"):
            self.broker.make(self.topics[name], self.partitions, **config)

    def serve(self, name="store", *words, **settings):
        return Service(self.broker, MODEL, f"{self.settings['group']}-{name}", {**self.settings, **settings}, *words)

    def stream(self, *words, file=FILE):
        """haechi stream, running."""
        return Process("stream", file, "--to", f"kafka://{self.broker.address}/{self.topics['transactions']}",
                       "--labels-topic", self.topics["labels"], "--json", *words)

    def stream_all(self, *words, file=FILE):
        with self.stream("--rate", "0", *words, file=file) as stream:
            assert stream.wait() == 0, stream.said
            return json.loads(stream.printed)

    def decisions(self):
        return self.broker.consume(self.topics["decisions"], "--committed")

    def decided(self):
        """How many there are; none while the topic is not made."""
        with_topic = self.topics["decisions"] in self.broker.tool("topics").split()
        return len(self.decisions()) if with_topic else 0

    def wait_decided(self, count, seconds=90):
        wait_until(f"{count} decisions", lambda: self.decided() >= count, seconds)

    def rejects(self):
        return self.broker.values(self.topics["rejects"], "--committed")


def scores_of(messages):
    """trans_num to score. A transaction that is decided twice is a failure."""
    found = {}
    for message in messages:
        value = json.loads(message["value"])
        assert value["trans_num"] not in found, ("decided twice", message, found[value["trans_num"]])
        found[value["trans_num"]] = value["score"]
    return found


def as_float(number):
    """A score is a float: the same bits, however many digits it was written with."""
    return struct.pack("f", number)


def compare(found, expected):
    lost, more = expected.keys() - found.keys(), found.keys() - expected.keys()
    assert not lost and not more, (len(lost), "lost", sorted(lost)[:3], len(more), "more", sorted(more)[:3])
    wrong = [number for number in expected if as_float(found[number]) != as_float(expected[number])]
    assert not wrong, (len(wrong), "scores differ", wrong[:3], [(found[n], expected[n]) for n in wrong[:3]])


class World:
    """The data, and what each transaction scores when nothing happens."""

    def __init__(self):
        good("data", "generate", "--out", "d", "--cards", "150", "--days", "240", "--seed", "11")
        good("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", MODEL, "--param", "num_round=20",
             "--param", "nthread=1")
        self.rows = rows_of(FILE)
        self.known = {}

    def expected(self, partitions):
        """By replaying each partition's rows, without labels."""
        if partitions not in self.known:
            scores = {}
            for partition in range(partitions):
                rows = [row for row in self.rows if partition_of(row["cc_num"], partitions) == partition]
                with open("part.csv", "w", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, rows[0].keys())
                    writer.writeheader()
                    writer.writerows(rows)
                good("replay", "part.csv", "--model", MODEL, "--out", "scores.csv", "--label-delay", NEVER)
                scores.update((row["trans_num"], float(row["score"])) for row in rows_of("scores.csv"))
            self.known[partitions] = scores
        return self.known[partitions]
