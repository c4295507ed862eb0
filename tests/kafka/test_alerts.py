#!/usr/bin/env python3
"""Decisions of analysts between topics of a real Kafka: the label of each goes to the topic of labels and comes
back from there, also when the broker is away or the service is killed meanwhile. Speaks TAP."""

import json
import os
import sys
import tempfile
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from group import Group, World  # noqa: E402
from harness import Broker, partition_of, run, wait_until  # noqa: E402


def change(service, number, **body):
    request = urllib.request.Request(f"{service.url()}/v1/alerts/{number}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return json.load(answer)


def alert(service, number):
    status, text = service.get(f"/v1/alerts/{number}")
    assert status == 200, text
    return json.loads(text)


def alerts(service, count):
    """The numbers of so many alerts, once there are that many."""
    def listed():
        found = json.loads(service.get(f"/v1/alerts?limit={count}")[1])["alerts"]
        return len(found) == count and found

    return [found["trans_num"] for found in wait_until(f"{count} alerts", listed)]


def check_labels(group, world, expected):
    """The topic holds each decision's label, in the partition of its card and under its key."""
    cards = {row["trans_num"]: row["cc_num"] for row in world.rows}
    found = {}
    for message in group.broker.consume(group.topics["labels"]):
        value = json.loads(message["value"])
        card = cards[value["trans_num"]]
        assert message["key"] == card and str(value["cc_num"]) == card, message
        assert message["partition"] == partition_of(card, group.partitions), message
        found[value["trans_num"]] = value["is_fraud"]  # the last word
    assert found == expected, (found, expected)


def test_decision_comes_back(broker, world):
    group = Group(broker, 2)
    with group.serve() as service:
        service.wait_ready()
        group.stream_all("--no-labels")
        group.wait_decided(len(world.rows))
        one, two = alerts(service, 2)
        answer = change(service, one, status="fraud")
        assert (answer["status"], answer["label_waits"]) == ("fraud", False), answer
        change(service, two, status="not_fraud")
        wait_until("it is labelled", lambda: alert(service, one)["is_fraud"] is True)
        wait_until("so is the other", lambda: alert(service, two)["is_fraud"] is False)
        card = next(row["cc_num"] for row in world.rows if row["trans_num"] == one)
        assert json.loads(service.get(f"/v1/cards/{card}")[1])["compromised"] is True
        assert service.stop() == 0, service.said
    check_labels(group, world, {one: True, two: False})


def test_broker_is_away(broker, world):
    """Analysts go on while the broker is away; the labels go when it is back, or when the service is."""
    group = Group(broker, 1)
    settings = {"group.instance.id": "the-one"}
    with group.serve(**settings) as service:
        service.wait_ready()
        group.stream_all("--no-labels")
        group.wait_decided(len(world.rows))
        numbers = alerts(service, 6)
        broker.stop()
        waiting = change(service, numbers[0], status="fraud")
        assert (waiting["status"], waiting["label_waits"], waiting["is_fraud"]) == ("fraud", True, None), waiting
        for number in numbers[1:3]:
            change(service, number, status="not_fraud", assignee="kim")
        assert service.metrics()["haechi_alert_labels_waiting"] == 3
        broker.start()
        wait_until("none waits", lambda: service.metrics()["haechi_alert_labels_waiting"] == 0, 90)
        wait_until("they came back", lambda: alert(service, numbers[2])["is_fraud"] is False, 90)
        broker.stop()
        for number in numbers[3:]:
            assert change(service, number, status="fraud")["label_waits"]
        service.kill()
        broker.start()
    with group.serve(**settings) as service:
        service.wait_ready()
        for number in numbers[3:]:
            wait_until("it came back", lambda: alert(service, number)["is_fraud"] is True, 90)
            assert alert(service, number)["status"] == "fraud"
        assert service.stop() == 0, service.said
    check_labels(group, world, dict(zip(numbers, (True, False, False, True, True, True))))


TESTS = [test_decision_comes_back, test_broker_is_away]


def main():
    broker = Broker()
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        try:
            status = run("kafka/alerts", TESTS, [broker], broker, None if broker.lacks else World())
        finally:
            broker.close()
            os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
