#!/usr/bin/env python3
"""haechi stream to a real Kafka: every row once, in its card's partition and order, whatever happens
to the broker; and what it refuses. Speaks TAP."""

import calendar
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import HAECHI, Broker, Process, good, partition_of, rows_of, run, wait_until  # noqa: E402

FILE = "d/fraudTest.csv"
PARTITIONS = 4
WEEK = 7 * 86400
NOWHERE = "kafka://127.0.0.1:1/transactions"


def stream(url, *words, file=FILE):
    """(exit status, report or None, standard error)"""
    done = subprocess.run([HAECHI, "stream", file, "--to", url, "--rate", "0", "--json", *words],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def refused(outcome, status, *words):
    assert outcome[0] == status and outcome[1] is None, outcome
    assert outcome[2].count("\n") == 1 and all(word in outcome[2] for word in words), (outcome[2], words)


def seconds_of(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))


def by_key(messages):
    """Each key's trans_nums in the order of its partition."""
    found = {}
    for message in messages:
        found.setdefault(message["key"], []).append(json.loads(message["value"])["trans_num"])
    return found


def by_card(rows):
    found = {}
    for row in rows:
        found.setdefault(row["cc_num"], []).append(row["trans_num"])
    return found


class Topics:
    """A topic for transactions and one for labels, and what to stream with."""

    def __init__(self, broker, partitions=PARTITIONS):
        self.broker = broker
        self.transactions = broker.new_topic("transactions", partitions)
        self.labels = broker.new_topic("labels", partitions)

    def words(self):
        return [f"kafka://{self.broker.address}/{self.transactions}", "--labels-topic", self.labels]

    def count(self):
        return len(self.broker.consume(self.transactions))


# ---------------------------------------------------------------- without a broker


def test_wrong_use(_broker):
    for words in (["--kafka-set", "linger.ms"], ["--kafka-set", "no.such=1"], ["--kafka-set", "linger.ms=soon"],
                  ["--kafka-set", "enable.idempotence=false"], ["--kafka-set", "sasl.password-file=/none"],
                  ["--token-file", "t"], ["--labels-topic", "transactions"]):
        refused(stream(NOWHERE, *words), 2)
    for url in ("kafka://", "kafka://host", "kafka://host/", "kafka:///topic", "kafka://host/to/pic"):
        refused(stream(url), 2)
    for words in (["--kafka-set", "linger.ms=1"], ["--labels-topic", "labels"]):
        refused(stream("http://127.0.0.1:1", *words), 2, "kafka://")


def test_secrets_stay_secret(_broker):
    outcome = stream(NOWHERE, "--kafka-set", "security.protocol=hush")
    refused(outcome, 2, "security.protocol")
    assert "hush" not in outcome[2]


def test_waits_and_stops_without_a_broker(_broker):
    with Process("stream", FILE, "--to", NOWHERE, "--rate", "0", "--json") as process:
        process.wait_until_said("kafka 127.0.0.1:1 does not answer")
        process.signal(signal.SIGINT)
        assert process.wait(10) == 0, process.said
        assert json.loads(process.printed)["ended_by"] == "stopped"


# ---------------------------------------------------------------- with one


def test_every_row_once_in_its_place(broker, rows):
    topics = Topics(broker)
    status, report, message = stream(*topics.words(), "--no-labels")
    assert status == 0 and message == "", message
    assert report["transactions"] == report["delivered"] == len(rows), report
    assert report["labels"] == 0 and "decisions" not in report, report
    messages = broker.consume(topics.transactions)
    assert len(messages) == len(rows) and by_key(messages) == by_card(rows)
    sent = {row["trans_num"]: row for row in rows}
    for one in messages:
        value = json.loads(one["value"])
        row = sent[value["trans_num"]]
        assert one["partition"] == partition_of(one["key"], PARTITIONS) and one["key"] == value["cc_num"], one
        assert value["merchant"] == row["merchant"] and value["amt"] == float(row["amt"]), (value, row)
        assert "is_fraud" not in value
    assert broker.consume(topics.labels) == []


def test_labels_after_their_delay(broker, rows):
    topics = Topics(broker)
    status, report, _ = stream(*topics.words(), "--with-labels")
    assert status == 0 and report["labels"] == report["labels_delivered"] > 0, report
    transactions = {}
    for message in broker.consume(topics.transactions):
        value = json.loads(message["value"])
        transactions[value["trans_num"]] = message["partition"], value["is_fraud"]
    times = {row["trans_num"]: seconds_of(row["trans_date_trans_time"]) for row in rows}
    latest = max(times.values())
    due = {number: time + WEEK for number, time in times.items() if time + WEEK <= latest}
    labels = broker.consume(topics.labels)
    before = [0] * PARTITIONS
    for message in labels:
        value = json.loads(message["value"])
        number, partition = value["trans_num"], message["partition"]
        assert list(sorted(value)) == ["cc_num", "is_fraud", "time", "trans_num"], value
        assert (partition, int(value["is_fraud"])) == transactions[number], message
        assert message["key"] == value["cc_num"] and due[number] == value["time"], message
        assert before[partition] <= value["time"], "labels out of order"
        before[partition] = value["time"]
    assert len(labels) == len(due) == len({json.loads(one["value"])["trans_num"] for one in labels})


def test_broker_killed_in_the_middle(broker, rows):
    first, late, left = Topics(broker), Topics(broker), Topics(broker)
    paced = ["--json", "--rate", str(len(rows) // 8)]
    with Process("stream", FILE, "--to", *first.words(), *paced) as process, \
            Process("stream", FILE, "--to", *left.words(), *paced, "--loop") as stopped:
        wait_until("a tenth has arrived", lambda: min(first.count(), left.count()) > len(rows) / 10)
        broker.kill()
        process.wait_until_said("does not answer")
        stopped.wait_until_said("does not answer")
        with Process("stream", FILE, "--to", *late.words(), "--rate", "0", "--json") as waiting:
            waiting.wait_until_said("does not answer")
            stopped.signal(signal.SIGINT)
            assert stopped.wait(20) == 1 and "not known whether they were delivered" in stopped.said
            report = json.loads(stopped.printed)
            assert report["ended_by"] == "stopped" and 0 < report["delivered"] < report["transactions"], report
            broker.start()
            for one, topics in ((process, first), (waiting, late)):
                assert one.wait() == 0, one.said
                assert "answers again" in one.said
                report = json.loads(one.printed)
                assert report["delivered"] == len(rows), report
                assert by_key(broker.consume(topics.transactions)) == by_card(rows)
                assert len(broker.consume(topics.labels)) == report["labels"] == report["labels_delivered"]


def test_stopped_by_a_person(broker, rows):
    topics = Topics(broker)
    words = ["--rate", "200", "--json", "--kafka-set", "linger.ms=2000"]
    with Process("stream", FILE, "--to", *topics.words(), *words) as process:
        wait_until("some have arrived", lambda: topics.count() > 10)
        process.signal(signal.SIGINT)
        assert process.wait(10) == 0, process.said
        report = json.loads(process.printed)
    assert report["ended_by"] == "stopped" and report["delivered"] == report["transactions"] < len(rows), report
    assert topics.count() == report["delivered"]


def test_missing_topic(broker, _rows):
    topics = Topics(broker)
    missing = broker.new_name("missing")
    refused(stream(f"kafka://{broker.address}/{missing}"), 1,
            f"there is no topic {missing} at kafka {broker.address}: make it first")
    url = topics.words()[0]
    refused(stream(url, "--labels-topic", missing), 1, f"there is no topic {missing} at")
    other = broker.new_topic("labels", PARTITIONS + 1)
    refused(stream(url, "--labels-topic", other), 1, topics.transactions, "has 4 partitions and", "has 5")
    assert topics.count() == 0


def test_message_too_large(broker, _rows):
    small = broker.new_topic("small", 1, max_message_bytes=200)
    refused(stream(f"kafka://{broker.address}/{small}", "--no-labels"), 1, f"to the topic {small}", "too large")


def test_who_may_send(broker, rows):
    topics = Topics(broker)
    where = broker.where
    topic, *labels = topics.words()
    topic = topic.rpartition("/")[2]
    with open("wrong", "w", encoding="utf-8") as file:
        file.write("not the password\n")
    url = f"kafka://{where['HAECHI_KAFKA_SASL']}/{topic}"
    words = [*labels, "--limit", "10"]
    for pair in ("security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN",
                 f"sasl.username={where['HAECHI_KAFKA_USER']}"):
        words += ["--kafka-set", pair]
    outcome = stream(url, *words, "--kafka-set", "sasl.password-file=wrong")
    refused(outcome, 1, "cannot get in at kafka", "SASL authentication error")
    assert "not the password" not in outcome[2]
    status, report, message = stream(
        url, *words, "--kafka-set", f"sasl.password-file={where['HAECHI_KAFKA_PASSWORD_FILE']}")
    assert status == 0 and report["delivered"] == 10, message
    url = f"kafka://{where['HAECHI_KAFKA_TLS']}/{topic}"
    words = [*labels, "--limit", "10", "--kafka-set", "security.protocol=SSL"]
    refused(stream(url, *words), 1, "cannot get in at kafka", "certificate")
    status, report, message = stream(url, *words, "--kafka-set", f"ssl.ca.location={where['HAECHI_KAFKA_CA']}")
    assert status == 0 and report["delivered"] == 10, message
    assert topics.count() == 20 < len(rows)


def without_rows(test):
    """A test that is called with broker and rows and wants none."""

    def wrapped(broker, _rows):
        return test(broker)

    wrapped.__name__ = test.__name__
    return wrapped


TESTS = [
    without_rows(test_wrong_use), without_rows(test_secrets_stay_secret),
    without_rows(test_waits_and_stops_without_a_broker), test_every_row_once_in_its_place,
    test_labels_after_their_delay, test_broker_killed_in_the_middle, test_stopped_by_a_person,
    test_missing_topic, test_message_too_large, test_who_may_send,
]


def main():
    broker = Broker()
    try:
        with tempfile.TemporaryDirectory() as top:
            os.chdir(top)
            good("data", "generate", "--out", "d", "--cards", "100", "--days", "200", "--seed", "7")
            status = run("kafka/stream", TESTS, [broker], broker, rows_of(FILE))
            os.chdir("/")
    finally:
        broker.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
