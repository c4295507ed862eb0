#!/usr/bin/env python3
"""haechi serve between topics of a real Kafka: every transaction is decided once and with the score
that it has undisturbed, whoever is killed, goes away or joins. Speaks TAP.

HAECHI_TEST_OUTAGE is how many seconds the broker is away in the test of that (8), HAECHI_TEST_KILLS how
often the service is killed in another (10)."""

import datetime
import json
import os
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from group import Group, World, compare, scores_of  # noqa: E402
from harness import Broker, partition_of, run, wait_until  # noqa: E402

OUTAGE = float(os.environ.get("HAECHI_TEST_OUTAGE", "8"))
KILLS = int(os.environ.get("HAECHI_TEST_KILLS", "10"))


def test_decisions_equal_replay(broker, world):
    group = Group(broker, 1)
    with group.serve() as service:
        service.wait_ready()
        group.stream_all("--no-labels")
        group.wait_decided(len(world.rows))
        metrics = service.metrics()
        assert service.stop() == 0, service.said
    decisions = group.decisions()
    compare(scores_of(decisions), world.expected(1))
    keys = {row["trans_num"]: row["cc_num"] for row in world.rows}
    for decision in decisions:
        value = json.loads(decision["value"])
        assert decision["key"] == keys[value["trans_num"]], decision
        assert value["decision"] in ("approve", "review", "decline") and "reasons" in value, decision
    assert sum(number for name, number in metrics.items()
               if name.startswith("haechi_transactions_total")) == len(world.rows), metrics
    assert group.decided() == len(world.rows)


def test_drift_is_of_all_partitions(broker, world):
    group = Group(broker, 4)
    with group.serve() as service:
        service.wait_ready()
        group.stream_all("--no-labels")
        group.wait_decided(len(world.rows))
        metrics = service.metrics()
        assert service.stop() == 0, service.said
    hours = [datetime.datetime.fromisoformat(f"{row['trans_date_trans_time']}+00:00").timestamp() // 3600
             for row in world.rows]
    counted = sum(hour > max(hours) - 7 * 24 for hour in hours)
    assert metrics["haechi_drift_transactions"] == counted > 1000, (metrics, counted)
    assert metrics['haechi_drift_psi{feature="score"}'] >= 0, metrics


def test_board_is_of_what_was_decided(broker, world):
    """The store keeps alerts only, so the board knows the labels of those, and begins anew with the process."""
    group = Group(broker, 2)

    def board(service):
        status, body = service.get("/v1/board?window=all")
        assert status == 200, body
        return json.loads(body)

    with group.serve() as service:
        service.wait_ready()
        assert group.stream_all()["labels"] > 0
        group.wait_decided(len(world.rows))
        decisions = [json.loads(message["value"]) for message in group.decisions()]
        alerts = {value["trans_num"] for value in decisions if value["decision"] != "approve"}
        labels = group.broker.values(group.topics["labels"])
        caught = {label["trans_num"] for label in labels if label["is_fraud"]} & alerts
        assert caught
        wait_until("the labels are counted", lambda: board(service)["quality"]["true_positives"] == len(caught))
        told = board(service)
        stats = json.loads(service.get("/v1/stats")[1])
        service.kill()
    assert (told["transactions"], told["alerts"]) == (len(world.rows), len(alerts)), told
    assert told["quality"]["recall"] is None and told["quality"]["precision"] > 0, told
    assert sum(bucket["transactions"] for bucket in told["amounts"]) == len(world.rows), told
    assert stats["kafka"] == {"partitions": 2, "lag": 0} and "neo4j" not in stats, stats
    with group.serve() as service:
        service.wait_ready()
        assert board(service)["transactions"] < len(world.rows)
        assert service.stop() == 0, service.said


def test_recovery_with_labels_scores_the_same(broker, world):
    group = Group(broker, 2)
    half = len(world.rows) // 2
    with group.serve() as service:
        service.wait_ready()
        report = group.stream_all("--limit", str(half))
        assert report["labels"] > 0
        group.wait_decided(half // 4)
        service.kill()
    with group.serve() as service:
        service.wait_ready()
        group.stream_all()  # its first half once more
        group.wait_decided(len(world.rows))
        metrics = service.metrics()
        assert metrics["haechi_recovered_events"] >= half // 4, metrics
        assert metrics["haechi_recovery_mismatches"] == 0, metrics
        assert service.stop() == 0, service.said
    assert scores_of(group.decisions()).keys() == {row["trans_num"] for row in world.rows}


def test_takeover_from_the_topic_of_snapshots(broker, world):
    """A process without a checkpoint of its own takes the state that another one published."""
    group = Group(broker, 1)
    often = {"checkpoint-events": "1000"}
    half = len(world.rows) // 2
    with group.serve(**often) as service:
        service.wait_ready()
        group.stream_all("--no-labels", "--limit", str(half))
        group.wait_decided(half)
        assert service.metrics()["haechi_checkpoints_total"] >= 2
        assert service.stop() == 0, service.said
    with group.serve("another", **often) as service:
        service.wait_ready()
        taken = re.findall(r"partition \d+: (\d+) events from the checkpoint", service.said)
        assert len(taken) == 1 and int(taken[0]) > 0, service.said
        group.stream_all("--no-labels")
        group.wait_decided(len(world.rows))
        assert service.metrics()["haechi_recovery_mismatches"] == 0
        assert service.stop() == 0, service.said
    compare(scores_of(group.decisions()), world.expected(1))


def test_killed_ten_times_under_load(broker, world):
    group = Group(broker, 1)
    # A member of a fixed name is let in again at once: the test would wait for the group most of its time.
    static = {"group.instance.id": "the-one"}
    under_load = 0
    with group.stream("--no-labels", "--rate", str(len(world.rows) // 20)) as stream:
        for _ in range(KILLS):
            before = group.decided()
            with group.serve(**static) as service:
                service.wait_ready()
                if before < len(world.rows):
                    wait_until("it decides", lambda: group.decided() > before)
                service.kill()
            under_load += stream.runs()
        assert stream.wait() == 0, stream.said
    assert under_load >= KILLS / 2, "the stream was too fast, or this machine is too slow"
    with group.serve(**static) as service:
        service.wait_ready()
        group.wait_decided(len(world.rows))
        assert service.metrics()["haechi_recovery_mismatches"] == 0
        assert service.stop() == 0, service.said
    compare(scores_of(group.decisions()), world.expected(1))


def test_broker_killed_and_away(broker, world):
    group = Group(broker, 1)
    seconds = 12 + OUTAGE
    with group.serve() as service, \
            group.stream("--no-labels", "--rate", str(int(len(world.rows) / seconds))) as stream:
        service.wait_ready()
        wait_until("it decides", lambda: group.decided() > 1000)
        broker.kill()
        service.wait_until_said("does not answer")
        broker.start()
        before = group.decided()
        wait_until("it decides again", lambda: group.decided() > before)
        broker.stop()
        time.sleep(OUTAGE)  # what is tested, not what is waited for
        assert service.runs(), service.said
        broker.start()
        assert stream.wait() == 0, stream.said
        group.wait_decided(len(world.rows))
        assert "answers again" in service.said
        assert service.stop() == 0, service.said
    compare(scores_of(group.decisions()), world.expected(1))


def test_members_come_and_go(broker, world):
    partitions = 4
    group = Group(broker, partitions)

    def held(*services):
        return [service.metrics().get("haechi_kafka_partitions") for service in services]

    def shared(*services):
        numbers = held(*services)
        return all(numbers) and sum(numbers) == partitions

    with group.stream("--no-labels", "--rate", str(len(world.rows) // 25)) as stream, \
            group.serve("one") as one, group.serve("two") as two:
        wait_until("two share the partitions", lambda: shared(one, two))
        wait_until("they decide", lambda: group.decided() > 1000)
        with group.serve("three") as three:
            wait_until("three share the partitions", lambda: shared(one, two, three))
            assert two.stop() == 0, two.said
            wait_until("two are left", lambda: shared(one, three))
            three.kill()
        wait_until("one is left", lambda: shared(one))
        with group.serve("two") as two:
            wait_until("the second is back", lambda: shared(one, two))
            assert stream.wait() == 0, stream.said
            group.wait_decided(len(world.rows))
            assert sum(service.metrics()["haechi_recovery_mismatches"] for service in (one, two)) == 0
    decisions = group.decisions()
    compare(scores_of(decisions), world.expected(partitions))
    for decision in decisions:
        assert decision["partition"] == partition_of(decision["key"], partitions), decision


def test_exchange_survives_kills(broker, world):
    """What is told of merchants is in a score, so scores depend on when it came; but a partition that
    is restored makes again the very scores that were written, step by step."""
    group = Group(broker, 4)
    often = {"exchange": "1s", "group.instance.id": "the-one", "checkpoint-events": "2000"}
    restored = 0
    with group.stream("--no-labels", "--rate", str(len(world.rows) // 15)) as stream:
        for _ in range(3):
            before = group.decided()
            with group.serve(**often) as service:
                service.wait_ready()
                if before < len(world.rows):
                    wait_until("it decides", lambda: group.decided() > before + 1000 or not stream.runs())
                metrics = service.metrics()
                assert metrics["haechi_recovery_mismatches"] == 0, service.said
                restored += metrics["haechi_recovered_events"]
                service.kill()
        assert stream.wait() == 0, stream.said
    with group.serve(**often) as service:
        service.wait_ready()
        group.wait_decided(len(world.rows))
        metrics = service.metrics()
        assert metrics["haechi_recovery_mismatches"] == 0, service.said
        assert service.stop() == 0, service.said
    assert restored + metrics["haechi_recovered_events"] > 0
    assert broker.consume(group.topics["merchants"], "--committed"), "nothing was told of merchants"
    assert scores_of(group.decisions()).keys() == {row["trans_num"] for row in world.rows}


def form_of_kb_project(row, index):
    """What its producer makes of a row: the unnamed column of numbers, and numbers for all that looks
    like one, the card and the zip among them."""
    numbers = {name: float(row[name]) for name in ("amt", "lat", "long", "merch_lat", "merch_long")}
    numbers |= {name: int(row[name]) for name in ("cc_num", "zip", "city_pop", "unix_time", "is_fraud")}
    return json.dumps({"Unnamed: 0": index, **row, **numbers})


def test_poison_costs_itself_alone(broker, world):
    group = Group(broker, 1, make=False)
    group.make_inputs(max_message_bytes=8 << 20)
    rows = world.rows[:200]
    one = json.dumps(rows[0])
    poison = [
        ("not JSON", "not JSON"),
        ('{"trans_num"', "cut off"),
        ("[]", "not an object"),
        (json.dumps({**rows[1], "amt": {}}), "a wrong type"),
        (json.dumps({**rows[1], "amt": "much"}), "no number"),
        (json.dumps({**rows[1], "trans_date_trans_time": "soon", "unix_time": "soon"}), "no time"),
        (json.dumps({**rows[1], "cc_num": ""}), "no card"),
        (json.dumps({**rows[1], "job": "x" * (5 << 20)}), "five megabytes"),
        ("", "no value"),
        ("\ufffd\u0000", "no text"),
    ]
    with group.serve() as service:
        service.wait_ready()
        broker.produce(group.topics["transactions"], [text for text, _ in poison], "--key-member", "cc_num")
        broker.produce(group.topics["transactions"], [one])  # without a key
        broker.produce(group.topics["transactions"],
                       [form_of_kb_project(row, i) for i, row in enumerate(rows[1:])], "--key-member", "cc_num")
        broker.produce(group.topics["labels"], ["junk", json.dumps({"trans_num": "x", "is_fraud": "perhaps"})])
        group.wait_decided(len(rows))
        wait_until("all poison is aside", lambda: len(group.rejects()) == len(poison) + 2)
        assert service.stop() == 0, service.said
    expected = world.expected(1)
    compare(scores_of(group.decisions()), {row["trans_num"]: expected[row["trans_num"]] for row in rows})
    rejects = group.rejects()
    for reject in rejects:
        assert sorted(reject) == ["field", "offset", "partition", "reason", "topic", "value"], reject
        assert reject["reason"] and reject["partition"] == 0, reject
    offsets = sorted(r["offset"] for r in rejects if r["topic"] == group.topics["transactions"])
    assert offsets == list(range(len(poison))), rejects
    assert len([r for r in rejects if r["topic"] == group.topics["labels"]]) == 2, rejects


def test_topic_that_comes_later(broker, world):
    group = Group(broker, 1, make=False)
    with group.serve() as service:
        service.wait_until_said(f"there is no topic {group.topics['transactions']} at kafka {broker.address}")
        wait_until("it answers", lambda: service.get("/healthz"))
        assert service.get("/readyz")[0] == 503 and service.get("/healthz")[0] == 200
        group.make_inputs()
        service.wait_ready()
        broker.produce(group.topics["transactions"], [json.dumps(world.rows[0])])
        group.wait_decided(1)
        assert service.stop() == 0, service.said


def test_wrong_password(broker, _world):
    with open("wrong", "w", encoding="utf-8") as file:
        file.write("not the password\n")
    group = Group(broker, 1)
    sasl = {"brokers": broker.where["HAECHI_KAFKA_SASL"], "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN", "sasl.username": broker.where["HAECHI_KAFKA_USER"]}
    with group.serve(**sasl, **{"sasl.password-file": "wrong"}) as service:
        service.wait_until_said("SASL authentication error")
        assert "not the password" not in service.said
        wait_until("it answers", lambda: service.get("/readyz"))
        assert service.get("/readyz")[0] == 503 and service.runs()
        assert service.stop() == 0, service.said
    with group.serve(**sasl, **{"sasl.password-file": broker.where["HAECHI_KAFKA_PASSWORD_FILE"]}) as service:
        service.wait_ready()
        assert service.stop() == 0, service.said


def test_duplicate_is_decided_once(broker, world):
    group = Group(broker, 1)
    lines = [json.dumps(row) for row in world.rows[:50]]

    def produce(lines):
        broker.produce(group.topics["transactions"], lines, "--key-member", "cc_num")

    with group.serve() as service:
        service.wait_ready()
        produce(lines[:40] + lines[:40])
        wait_until("all are seen", lambda: service.metrics().get("haechi_duplicates_total") == 40)
        produce(lines[:10])
        wait_until("all are seen", lambda: service.metrics().get("haechi_duplicates_total") == 50)
        service.kill()
    with group.serve() as service:
        service.wait_ready()
        produce(lines)
        wait_until("all are seen", lambda: service.metrics().get("haechi_duplicates_total") == 40)
        group.wait_decided(len(lines))
        assert service.stop() == 0, service.said
    expected = world.expected(1)
    compare(scores_of(group.decisions()), {row["trans_num"]: expected[row["trans_num"]]
                                           for row in world.rows[:50]})


def test_label_before_its_transaction(broker, world):
    """Labels are folded first, so that of a transaction in the same fetch comes before it."""
    alert = next(row for row in world.rows if world.expected(1)[row["trans_num"]] > 0.9)
    rows = world.rows[:world.rows.index(alert) + 1]
    group = Group(broker, 1)
    label = {"trans_num": alert["trans_num"], "cc_num": alert["cc_num"], "is_fraud": 1}
    broker.produce(group.topics["labels"], [json.dumps(label)], "--key-member", "cc_num")
    broker.produce(group.topics["transactions"], map(json.dumps, rows), "--key-member", "cc_num")

    def is_labelled(service):
        wait_until("the alert is kept", lambda: service.get("/v1/transactions/" + alert["trans_num"])[0] == 200)
        return json.loads(service.get("/v1/transactions/" + alert["trans_num"])[1])["is_fraud"] is True

    with group.serve() as service:
        service.wait_ready()
        group.wait_decided(len(rows))
        assert is_labelled(service)
        service.kill()
    with group.serve("another") as service:  # which fills its store up from the logs
        service.wait_ready()
        assert is_labelled(service)
        assert service.stop() == 0, service.said


def test_topic_made_anew(broker, world):
    """What is in a topic of the same name is not what was folded, and is not to be taken for it."""
    group = Group(broker, 1)
    topic = group.topics["transactions"]
    with group.serve() as service:
        service.wait_ready()
        broker.produce(topic, map(json.dumps, world.rows[:100]), "--key-member", "cc_num")
        group.wait_decided(100)
        assert service.stop() == 0, service.said
    broker.tool("topic-delete", topic)
    wait_until("it is gone", lambda: topic not in broker.tool("topics").split())
    broker.make(topic, 1)
    broker.produce(topic, map(json.dumps, world.rows[200:230]), "--key-member", "cc_num")
    with group.serve() as service:
        service.wait_until_said(f"the topic {topic} at kafka {broker.address} ends at offset 30 of partition 0, of "
                                "which the group has folded 100: was it made anew?")
        assert service.get("/readyz")[0] == 503 and service.runs()
        assert service.stop() == 0, service.said
    assert group.decided() == 100
    group.settings |= {"group": broker.new_name("group"),
                       **{name: broker.new_name(name) for name in ("progress", "merchants", "snapshots")}}
    with group.serve() as service:
        service.wait_ready()
        group.wait_decided(130)
        assert service.stop() == 0, service.said


def test_messages_gone_before_they_were_read(broker, world):
    group = Group(broker, 1)
    topic = group.topics["transactions"]
    lines = [json.dumps(row) for row in world.rows[:200]]
    with group.serve() as service:
        service.wait_ready()
        broker.produce(topic, lines[:100], "--key-member", "cc_num")
        group.wait_decided(100)
        assert service.stop() == 0, service.said
    broker.produce(topic, lines[100:], "--key-member", "cc_num")
    broker.tool("records-delete", topic, 0, 150)
    with group.serve() as service:
        service.wait_ready()
        group.wait_decided(150)
        assert service.stop() == 0, service.said
        assert (f"partition 0: the topic {topic} no longer has the offsets from 100 to 149: what they held is not "
                "decided") in service.said, service.said
    assert group.decided() == 150
    with group.serve() as service:
        service.wait_ready()
        assert "no longer has" not in service.said, service.said
        assert service.stop() == 0, service.said


TESTS = [
    test_decisions_equal_replay, test_drift_is_of_all_partitions,
    test_board_is_of_what_was_decided, test_recovery_with_labels_scores_the_same,
    test_killed_ten_times_under_load, test_takeover_from_the_topic_of_snapshots,
    test_broker_killed_and_away, test_members_come_and_go, test_exchange_survives_kills, test_poison_costs_itself_alone,
    test_topic_that_comes_later, test_wrong_password, test_duplicate_is_decided_once,
    test_label_before_its_transaction, test_topic_made_anew,
    test_messages_gone_before_they_were_read,
]


def main():
    broker = Broker()
    only = sys.argv[1:]  # for a person at one test
    tests = [test for test in TESTS if not only or any(word in test.__name__ for word in only)]
    try:
        with tempfile.TemporaryDirectory() as top:
            os.chdir(top)
            status = run("kafka/serve", tests, [broker], broker, None if broker.lacks else World())
            os.chdir("/")
    finally:
        broker.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
