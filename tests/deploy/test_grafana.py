#!/usr/bin/env python3
"""The panels of deploy/grafana that read Neo4j: each one's Cypher, taken from the dashboard, on what a service
wrote to a real Neo4j, compared with the file that it was sent. Speaks TAP."""

import collections
import csv
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TESTS_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS_FOLDER, os.path.join(TESTS_FOLDER, "neo4j")]
import server  # noqa: E402
from service import ENV, Service  # noqa: E402
import dashboards  # noqa: E402

HAECHI = os.environ["HAECHI"]
BUCKETS = (("0-10", 10), ("11-20", 20), ("21-30", 30), ("31-40", 40), ("41-50", 50), ("51-100", 100),
           ("101-1000", 1000), ("1001-5000", 5000), ("5000+", float("inf")))


def good(*words):
    subprocess.run([HAECHI, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV,
                   timeout=250)


class World:
    """A file that a service has decided and written to Neo4j, with its labels."""

    def __init__(self, neo4j):
        self.neo4j = neo4j
        good("data", "generate", "--out", "d", "--cards", "60", "--days", "60", "--seed", "4")
        good("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", "m", "--param", "num_round=20", "--param",
             "nthread=1")
        neo4j.wipe()
        with Service("store", *neo4j.words) as service:
            good("stream", "d/fraudTest.csv", "--to", service.url, "--rate", "0")
            server.wait_until("all is in Neo4j", lambda: "haechi_neo4j_lag_events 0\n" in service.text("/metrics"))
            with open("d/fraudTest.csv", newline="", encoding="utf-8") as file:
                self.rows = {row["trans_num"]: row for row in csv.DictReader(file)}
            self.decisions = {number: service.get(f"/v1/transactions/{number}")["decision"] for number in self.rows}
        self.panels = dict(dashboards.targets(dashboards.NEO4J))
        self.labels = dict(neo4j.rows("MATCH ()-[t:TRANSACTION]->() RETURN t.trans_num, t.is_fraud"))
        self.asked = set()

    def ask(self, title):
        self.asked.add(title)
        rows = self.neo4j.rows(self.panels[title])
        assert rows, f"{title}: no rows"
        return rows

    def frauds(self):
        return [row for number, row in self.rows.items() if self.labels[number] == 1]


def actual(label):
    return {1: "fraud", 0: "not fraud", None: "not known"}[label]


def ranking(rows):
    """The 15 names that come most often, as the panels order them."""
    counts = collections.Counter(row["merchant"] for row in rows)
    return sorted(([name, count] for name, count in counts.items()), key=lambda row: (-row[1], row[0]))[:15]


def test_totals(world):
    assert world.ask("Transactions") == [[len(world.rows)]]
    counts = collections.Counter(actual(label) for label in world.labels.values())
    assert world.ask("Fraud and not fraud") == sorted([name, count] for name, count in counts.items())
    assert counts["fraud"] > 0 and counts["not fraud"] > 0
    cents = sum(round(float(row["amt"]) * 100) for row in world.frauds())
    assert world.ask("Amount of fraud") == [[cents / 100]]


def test_latest_transactions(world):
    found = world.ask("Latest transactions")
    assert len(found) == 50
    for number, _, merchant, category, amount, label, predicted, flagged_by in found:
        row, alert = world.rows[number], world.decisions[number] != "approve"
        assert (merchant, category, amount) == (row["merchant"], row["category"], float(row["amt"]))
        assert label == actual(world.labels[number])
        assert predicted == ("fraud" if alert else "not fraud"), number
        assert flagged_by == ("xgboost" if alert else ""), (number, flagged_by)
    assert [row[1] for row in found] == sorted((row[1] for row in found), reverse=True)


def test_amount_distribution(world):
    counts = collections.Counter(next(name for name, top in BUCKETS if float(row["amt"]) <= top)
                                 for row in world.rows.values())
    assert world.ask("Amount distribution") == [[name, counts[name]] for name, _ in BUCKETS]


def test_merchants(world):
    assert world.ask("Merchants by volume") == ranking(world.rows.values())
    assert world.ask("Frauds by merchant") == ranking(world.frauds())


def test_map(world):
    found = world.ask("Frauds over the United States")
    assert sum(row[2] for row in found) == len(world.frauds())
    for latitude, longitude, _ in found:
        assert any(abs(float(row["merch_lat"]) - latitude) <= 0.126 and
                   abs(float(row["merch_long"]) - longitude) <= 0.126 for row in world.frauds())


def test_first_rows_are_whole(world):
    """The data source takes a column's type from the first row, so nothing of any row may be null."""
    for title in world.panels:
        assert all(value is not None for row in world.ask(title) for value in row), title


def test_every_panel_was_asked(world):
    assert len(world.panels) == 8 and world.asked == set(world.panels)


TESTS = [test_totals, test_latest_transactions, test_amount_distribution, test_merchants, test_map,
         test_every_panel_was_asked, test_first_rows_are_whole]


def main():
    neo4j = server.Neo4j()
    try:
        with tempfile.TemporaryDirectory() as top:
            os.chdir(top)
            status = server.run("grafana", TESTS, [neo4j], None if neo4j.lacks else World(neo4j))
            os.chdir("/")
    finally:
        neo4j.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
