#!/usr/bin/env python3
"""Every query of docs/graph-queries.md, taken from the page, run on generated data in a real Neo4j,
and compared with a computation in Python that knows nothing of Cypher. Speaks TAP."""

import collections
import csv
import datetime
import json
import math
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import server  # noqa: E402

HAECHI = os.environ["HAECHI"]
DAY = 86400
Row = collections.namedtuple("Row", "number card merchant time cents fraud lat lon category")


def queries(path):
    with open(path, encoding="utf-8") as file:
        return dict(re.findall(r"^```cypher (\S+)\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL))


PAGE = queries("docs/graph-queries.md")


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            when = datetime.datetime.fromisoformat(row["trans_date_trans_time"] + "+00:00")
            yield Row(row["trans_num"], row["cc_num"], row["merchant"], int(when.timestamp()),
                      round(float(row["amt"]) * 100), int(row["is_fraud"]), float(row["merch_lat"]),
                      float(row["merch_long"]), row["category"])


class World:
    """The data, in Neo4j and here."""

    def __init__(self, neo4j):
        self.neo4j = neo4j
        subprocess.run([HAECHI, "data", "generate", "--out", "d", "--cards", "120", "--days", "90", "--seed", "4",
                        "--scenarios", "all"], check=True, stdout=subprocess.DEVNULL)
        neo4j.wipe()
        self.rows = []
        for name in ("d/fraudTrain.csv", "d/fraudTest.csv"):
            self.rows += read(name)
            subprocess.run([HAECHI, "graph", "load", name, *neo4j.words], check=True, stdout=subprocess.DEVNULL)
        with open("d/truth.csv", newline="", encoding="utf-8") as file:
            self.truth = dict(list(csv.reader(file))[1:])
        self.frauds = [row for row in self.rows if row.fraud]
        self.by_card = collections.defaultdict(list)
        for row in self.rows:
            self.by_card[row.card].append(row)
        self.asked = set()

    def ask(self, name, **parameters):
        self.asked.add(name)
        words = [word for item in parameters.items() for word in ("--param", "{}={}".format(*item))]
        out = subprocess.run([HAECHI, "graph", "query", PAGE[name], "--json", *words, *self.neo4j.words],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
        return json.loads(out)["rows"]

    def numbers_of(self, scenario):
        return {number for number, of in self.truth.items() if of == scenario}


def money(cents):
    return cents / 100


def day_of(seconds):
    return (datetime.date(1970, 1, 1) + datetime.timedelta(days=seconds // DAY)).isoformat()


def test_last_day(world):
    card = world.frauds[0].card
    latest = max(row.time for row in world.by_card[card])
    wanted = sorted((row for row in world.by_card[card] if row.time > latest - DAY),
                    key=lambda row: (-row.time, row.number))
    found = world.ask("last-day", card=card)
    assert [row[0] for row in found] == [row.number for row in wanted]
    assert [(row[2], row[3], row[4], row[6]) for row in found] == [
        (row.merchant, row.category, money(row.cents), row.fraud) for row in wanted]


def common_points(rows, begin, end, days, least):
    first = {}
    for row in rows:
        if row.fraud and begin <= row.time < end:
            first[row.card] = min(first.get(row.card, row.time), row.time)
    before, all_cards = collections.defaultdict(set), collections.defaultdict(set)
    for row in rows:
        if begin - days * DAY <= row.time < end:
            all_cards[row.merchant].add(row.card)
        if row.card in first and first[row.card] - days * DAY <= row.time < first[row.card]:
            before[row.merchant].add(row.card)
    found = [(name, len(cards), len(all_cards[name]), len(cards) / len(all_cards[name]))
             for name, cards in before.items() if len(cards) >= least]
    return sorted(found, key=lambda row: (-row[3], -row[1], row[0]))[:20]


def test_common_point(world):
    """What the query finds is right; and, though nearly every card of this world is stolen from once
    anyhow, it finds who copied the cards of a wave."""
    visits = collections.defaultdict(list)
    for row in world.rows:
        if row.number in world.numbers_of("compromised_merchant_visit"):
            visits[row.merchant].append(row)
    hits = 0
    for merchant, rows in visits.items():
        begin = max(row.time for row in rows)
        end, days = begin + 35 * DAY, 10
        found = world.ask("common-point", **{"from": begin, "to": end, "days": days + 35, "cards": 4})
        assert [tuple(row) for row in found] == common_points(world.rows, begin, end, days + 35, 4) and found
        hits += merchant in {row[0] for row in found}
    assert hits, visits


def test_shared_merchants(world):
    cards, frauds, cents = collections.defaultdict(set), collections.Counter(), collections.Counter()
    for row in world.frauds:
        cards[row.merchant].add(row.card)
        frauds[row.merchant] += 1
        cents[row.merchant] += row.cents
    wanted = sorted((-len(cards[name]), -frauds[name], name) for name in cards if len(cards[name]) >= 3)[:20]
    found = world.ask("shared-merchants", cards=3)
    assert [(-row[1], -row[2], row[0]) for row in found] == wanted and found
    assert all(row[3] == money(cents[row[0]]) for row in found)


def test_rings(world):
    merchants = collections.defaultdict(set)
    for row in world.frauds:
        merchants[row.card].add(row.merchant)
    cards = sorted(merchants)
    shared = [(-len(merchants[a] & merchants[b]), a, b) for i, a in enumerate(cards) for b in cards[i + 1:]]
    wanted = sorted(row for row in shared if row[0] <= -3)[:100]
    found = [(-row[2], row[0], row[1]) for row in world.ask("rings", merchants=3)]
    assert found == wanted
    ring = {row.card for row in world.rows if row.number in world.numbers_of("ring")}
    assert ring and ring <= {card for row in found for card in row[1:]}, (ring, found)


def test_two_steps(world):
    defrauded = {row.card for row in world.frauds}
    tried = 0
    for fraud in world.frauds[:40]:
        visits, largest = collections.Counter(), {}
        for row in world.rows:
            if row.card not in defrauded and row.merchant == fraud.merchant and \
                    fraud.time <= row.time <= fraud.time + 14 * DAY:
                visits[row.card] += 1
                largest[row.card] = max(largest.get(row.card, 0), row.cents)
        wanted = sorted((-visits[card], card, money(largest[card])) for card in visits)[:50]
        if not wanted and tried:
            continue
        tried += bool(wanted)
        found = world.ask("two-steps", trans_num=fraud.number, days=14)
        assert [(-row[1], row[0], row[2]) for row in found] == wanted
        if tried == 3:
            return
    assert tried


def runs_of(world, limit, times):
    """First starts of the runs of small amounts: by card and merchant."""
    small = collections.defaultdict(list)
    for row in world.rows:
        if row.cents < limit:
            small[row.card, row.merchant].append(row.time)
    for (card, merchant), moments in small.items():
        moments.sort()
        starts = [a for a, b in zip(moments, moments[times - 1:]) if b - a <= 3600]
        if starts:
            yield card, merchant, len(starts), starts[0]


def test_card_testing(world):
    wanted = sorted(runs_of(world, 400, 5), key=lambda run: (run[3], run[0], run[1]))[:100]
    found = [tuple(row) for row in world.ask("card-testing", amount=4, times=5)]
    assert found == wanted and found
    tested = {row.card for row in world.rows if row.number in world.numbers_of("card_testing")}
    assert tested and tested <= {row[0] for row in found}, (tested, found)


def test_after_test(world):
    began = {}
    for card, _, _, start in runs_of(world, 400, 5):
        began[card] = min(began.get(card, start), start)
    largest = {card: max(row.cents for row in world.by_card[card] if start <= row.time <= start + 7200)
               for card, start in began.items()}
    wanted = sorted((-largest[card], card, began[card]) for card in began)[:100]
    found = [(-round(row[2] * 100), row[0], row[1]) for row in world.ask("after-test", amount=4, times=5)]
    assert found == wanted and found


def test_velocity(world):
    count, cents = collections.Counter(), collections.Counter()
    for row in world.rows:
        count[row.card, day_of(row.time)] += 1
        cents[row.card, day_of(row.time)] += row.cents
    wanted = sorted((-count[key], *key, money(cents[key])) for key in count if count[key] >= 8)[:50]
    found = [(-row[2], row[0], row[1], row[3]) for row in world.ask("velocity", times=8)]
    assert found == wanted and found


def kilometres(a, b):
    """Great circle, on the radius that Neo4j takes."""
    one, two = math.radians(a.lat), math.radians(b.lat)
    turn = math.radians(b.lon - a.lon) / 2
    half = math.sin((two - one) / 2) ** 2 + math.cos(one) * math.cos(two) * math.sin(turn) ** 2
    return 2 * 6378.14 * math.asin(math.sqrt(half))


def test_impossible_travel(world):
    card = max(world.by_card, key=lambda number: len(world.by_card[number]))
    rows = sorted(world.by_card[card], key=lambda row: (row.time, row.number))
    wanted = {}
    for a, b in zip(rows, rows[1:]):
        far = kilometres(a, b)
        if b.time - a.time <= 7200 and far * 3600 > 200 * (b.time - a.time):
            wanted[a.number, b.number] = far
    found = world.ask("impossible-travel", card=card, speed=200)
    assert len(found) == min(len(wanted), 50) and found
    assert [row[2] for row in found] == sorted((row[2] for row in found), reverse=True)
    for one, two, far, _ in found:
        assert abs(wanted[one, two] - far) < 0.01 * far, (one, two, far, wanted[one, two])


def test_money_around(world):
    fraud = world.frauds[len(world.frauds) // 2]
    near = [row for row in world.by_card[fraud.card] if abs(row.time - fraud.time) <= 7 * DAY]
    count, cents, lost = collections.Counter(), collections.Counter(), collections.Counter()
    for row in near:
        count[row.merchant] += 1
        cents[row.merchant] += row.cents
        lost[row.merchant] += row.cents * row.fraud
    wanted = sorted((-money(cents[name]), name, count[name], money(lost[name])) for name in count)
    found = [(-row[2], row[0], row[1], row[3]) for row in world.ask("money-around", trans_num=fraud.number, days=7)]
    assert found == wanted


def test_new_card_bursts(world):
    first = {}
    for row in world.rows:
        key = (row.merchant, row.card)
        first[key] = min(first.get(key, row.time), row.time)
    new = collections.Counter((merchant, day_of(time)) for (merchant, _), time in first.items())
    wanted = sorted((-count, *key) for key, count in new.items() if count >= 3)[:50]
    found = [(-row[2], row[0], row[1]) for row in world.ask("new-card-bursts", cards=3)]
    assert found == wanted and found


def test_first_seen(world):
    first = {}
    for row in world.rows:
        key = (row.merchant, row.card)
        first[key] = min(first.get(key, row.time), row.time)
    new = sum(first[row.merchant, row.card] >= row.time for row in world.frauds)
    assert world.ask("first-seen") == [[len(world.frauds), new]] and new


def test_decisions(world):
    lost = sum(row.cents for row in world.frauds)
    assert world.ask("decisions") == [["none", len(world.rows), len(world.frauds), money(lost)]]


def test_every_query_was_asked(world):
    assert len(PAGE) >= 12 and world.asked == set(PAGE), set(PAGE) ^ world.asked


def test_table_and_refusals(world):
    """The table lines up and shows text as it is; without --write nothing changes."""
    def ask(*words):
        done = subprocess.run([HAECHI, "graph", "query", *words, *world.neo4j.words], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stdout, done.stderr
    status, out, _ = ask("UNWIND [[1, '해치'], [20, 'a\\nb'], [300, null]] AS x RETURN x[0] AS n, x[1] AS name")
    assert status == 0 and out == "n    name\n  1  해치\n 20  a b\n300  \n3 rows\n", out
    status, out, err = ask("MATCH (n) DETACH DELETE n")
    assert status == 1 and "AccessMode" in err and err.count("\n") == 1 and world.neo4j.edges() == len(world.rows)
    status, out, _ = ask("CREATE (x:Scratch {name: $name}) RETURN x", "--write", "--param", "name=a'}) //")
    assert status == 0 and "a'}) //" in out, out
    status, out, _ = ask("MATCH (x:Scratch) DELETE x RETURN 1", "--write", "--json")
    assert json.loads(out) == {"fields": ["1"], "rows": [[1]]}, out
    status, _, err = ask("RETURN 1", "--param", "=x")
    assert status == 2 and "NAME=VALUE" in err, err
    card = world.frauds[0].card
    status, out, _ = ask("RETURN $card AS card, $n AS n", "--param", f"card={card}", "--param", "n=5", "--json")
    assert json.loads(out)["rows"] == [[card, 5]], out


TESTS = [test_last_day, test_common_point, test_shared_merchants, test_rings, test_two_steps, test_card_testing,
         test_after_test, test_velocity, test_impossible_travel, test_money_around, test_new_card_bursts,
         test_first_seen, test_decisions, test_every_query_was_asked, test_table_and_refusals]


def main():
    neo4j = server.Neo4j()
    try:
        with tempfile.TemporaryDirectory() as top:
            os.chdir(top)
            status = server.run("graph-queries", TESTS, [neo4j], None if neo4j.lacks else World(neo4j))
            os.chdir("/")
    finally:
        neo4j.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
