#!/usr/bin/env python3
"""haechi serve between a real Kafka and a real Neo4j: every transaction is decided once in the topic of
decisions, is an edge once in the graph, and has in both the score that it has undisturbed, whoever is
killed or goes away. Speaks TAP.

HAECHI_TEST_OUTAGE is for how many seconds Neo4j is away in the test of that, and the broker for half of
it (60), HAECHI_TEST_KILLS how often the service is killed in another (10)."""

import json
import os
import sys
import tempfile
import time

sys.dont_write_bytecode = True
TESTS_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS_FOLDER, "kafka"), os.path.join(TESTS_FOLDER, "neo4j")]
from group import Group, World, compare, scores_of  # noqa: E402
from harness import Broker, run, wait_until  # noqa: E402
from server import Neo4j  # noqa: E402

OUTAGE = float(os.environ.get("HAECHI_TEST_OUTAGE", "60"))
KILLS = int(os.environ.get("HAECHI_TEST_KILLS", "10"))


class Between(Group):
    """One process between both, and an empty graph."""

    def __init__(self, broker, neo4j):
        super().__init__(broker, 1)
        self.neo4j = neo4j
        neo4j.wipe()

    def serve(self):
        return super().serve("store", *self.neo4j.words, **{"group.instance.id": "the-one"})


def check(group, service, world):
    """All is in both, once, with the score that it has when nothing happens."""
    neo4j, rows = group.neo4j, world.rows
    group.wait_decided(len(rows))
    wait_until("Neo4j has caught up", lambda: service.metrics().get("haechi_neo4j_lag_events") == 0
               and neo4j.edges() >= len(rows), 180)
    assert service.metrics()["haechi_recovery_mismatches"] == 0, service.said
    wait_until("the board has counted", lambda: service.get("/v1/board")[0] == 200)
    board = json.loads(service.get("/v1/board?window=all")[1])
    assert board["transactions"] == len(rows), board["transactions"]
    assert json.loads(service.get("/v1/stats")[1])["neo4j"] == {"up": True, "behind": 0}
    assert service.stop() == 0, service.said
    decided = scores_of(group.decisions())
    compare(decided, world.expected(1))
    edges = neo4j.rows("MATCH (c:CreditCard)-[t:TRANSACTION]->(m:Merchant)"
                       " RETURN t.trans_num, t.score, c.cc_num, m.name")
    assert len(edges) == len(rows), (len(edges), len(rows))
    compare({number: score for number, score, _, _ in edges}, decided)
    ends = {number: (card, merchant) for number, _, card, merchant in edges}
    assert ends == {row["trans_num"]: (row["cc_num"], row["merchant"]) for row in rows}


def test_killed_ten_times(broker, neo4j, world):
    group = Between(broker, neo4j)
    with group.stream("--no-labels", "--rate", str(len(world.rows) // 20)) as stream:
        for _ in range(KILLS):
            before, edges = group.decided(), neo4j.edges()
            with group.serve() as service:
                service.wait_ready()
                if before < len(world.rows):
                    wait_until("it decides and writes", lambda: group.decided() > before and neo4j.edges() > edges)
                service.kill()
        assert stream.wait() == 0, stream.said
    with group.serve() as service:
        service.wait_ready()
        check(group, service, world)


def test_both_away(broker, neo4j, world):
    group = Between(broker, neo4j)
    seconds = 12 + OUTAGE
    with group.serve() as service, \
            group.stream("--no-labels", "--rate", str(int(len(world.rows) / seconds))) as stream:
        service.wait_ready()
        wait_until("it decides and writes", lambda: group.decided() > 300 and neo4j.edges() > 300)
        neo4j.kill()
        wait_until("decisions go on", lambda: service.metrics()["haechi_neo4j_lag_events"] > 100)
        broker.stop()
        time.sleep(OUTAGE / 2)  # what is tested, not what is waited for
        assert service.runs(), service.said
        before = service.metrics()["haechi_neo4j_lag_events"]
        broker.start()
        wait_until("it decides without Neo4j", lambda: service.metrics()["haechi_neo4j_lag_events"] > before)
        time.sleep(OUTAGE / 2)
        neo4j.start()
        assert stream.wait(2 * seconds) == 0, stream.said
        check(group, service, world)
        assert "answers again" in service.said and " is back after " in service.said, service.said


def main():
    broker, neo4j = Broker(), Neo4j()
    lacks = broker.lacks or neo4j.lacks
    try:
        with tempfile.TemporaryDirectory() as top:
            os.chdir(top)
            status = run("serve/kafka_neo4j", [test_killed_ten_times, test_both_away], [broker, neo4j], broker,
                         neo4j, None if lacks else World())
            os.chdir("/")
    finally:
        broker.close()
        neo4j.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
