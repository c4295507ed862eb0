#!/usr/bin/env python3
"""An analyst asks a running service about its graph: cards, merchants, paths and rings, on generated
data whose rings are known. Speaks TAP."""

import collections
import csv
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tap  # noqa: E402
from service import ENV, Service as AnyService  # noqa: E402

HAECHI = os.environ["HAECHI"]
TOKEN = "0123456789abcdef"


def run(*words):
    done = subprocess.run([HAECHI, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV,
                          timeout=250)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def good(*words):
    status, out, err = run(*words)
    assert status == 0, (words, status, err)
    return out


class Service(AnyService):
    """And what is asked of it."""

    def __init__(self):
        self.sent = 0
        super().__init__("s", "--token-file", "token")

    def where(self):
        return ["--url", self.url, "--token-file", "token"]

    def stream_to(self, data, end):
        """Streams the rows before `end` that were not streamed yet."""
        rows, self.sent = data.rows[self.sent:end], max(self.sent, end)
        if not rows:
            return
        with open("part.csv", "w", newline="") as file:
            out = csv.DictWriter(file, fieldnames=rows[0].keys())
            out.writeheader()
            out.writerows(rows)
        good("stream", "part.csv", "--to", self.url, "--token-file", "token", "--rate", "0")

    def ask(self, *words):
        return json.loads(good("graph", *words, "--json", *self.where()))

    def print(self, *words):
        return good("graph", *words, *self.where())

    def refuses(self, status, part, *words):
        """One line of error that shows no card number."""
        found, out, err = run("graph", *words)
        assert (found, out) == (status, ""), (words, found, out, err)
        assert err.count("\n") == 1 and part in err, err
        assert not any(word.isdigit() and len(word) > 8 and word in err for word in words), err


class Data:
    """The generated rows in order, and the rings among them."""

    def __init__(self):
        with open("d/truth.csv", newline="") as file:
            truth = {row["trans_num"]: row["scenario"] for row in csv.DictReader(file)}
        self.rows = []
        for name in ("d/fraudTrain.csv", "d/fraudTest.csv"):
            with open(name, newline="") as file:
                self.rows += csv.DictReader(file)
        self.rings = []  # [cards, merchants, place of the last row]
        for place, row in enumerate(self.rows):
            if truth.get(row["trans_num"]) == "ring":
                self.add(row["cc_num"], row["merchant"], place)

    def add(self, card, merchant, place):
        joined = [ring for ring in self.rings if card in ring[0] or merchant in ring[1]]
        self.rings = [ring for ring in self.rings if ring not in joined]
        self.rings.append([{card}.union(*(ring[0] for ring in joined)),
                           {merchant}.union(*(ring[1] for ring in joined)), place])


def masked(card):
    return "*" * (len(card) - 4) + card[-4:]


def names(answer, kind):
    return {vertex["name"] for vertex in answer["vertices"] if vertex["kind"] == kind}


def check_ring(service, ring):
    """It is found from its merchants and cards, whole but for a card or two that hardly took part,
    and nothing else is in it."""
    cards, merchants, _ = ring
    for merchant in merchants:
        answer = service.ask("ring", f"merchant:{merchant}")
        assert answer["found"] and names(answer, "merchant") <= merchants, answer
        found = names(answer, "card")
        assert found <= {masked(card) for card in cards} and len(found) >= 3, (found, cards)
        assert answer["cards"] == len(found) and answer["edges"] >= 9 and not answer["cut"]
        for vertex in answer["vertices"]:
            assert vertex["kind"] == "card" or vertex["ring_share"] >= 0.1, vertex
    answers = [service.ask("ring", f"card:{card}") for card in cards]
    assert sum(answer["found"] for answer in answers) >= 3
    assert all(names(answer, "card") <= {masked(card) for card in cards} for answer in answers)


def check_ordinary(service, rows, rings):
    """The busiest merchants are no rings, nor are those that sell food."""
    ring_merchants = set().union(*(ring[1] for ring in rings))
    visits = collections.Counter(row["merchant"] for row in rows[-6000:])
    food = {row["merchant"] for row in rows if row["category"] == "grocery_pos"}
    busiest = [name for name, _ in visits.most_common(20)]
    for merchant in {*busiest, *sorted(food)[:20]} - ring_merchants:
        answer = service.ask("ring", f"merchant:{merchant}")
        assert not answer["found"] and not answer["too_wide"], (merchant, answer)
        assert answer["vertices"] == [] and answer["pairs"] == []


def test_rings_are_found(service, data):
    for ring in sorted(data.rings, key=lambda ring: ring[2]):
        service.stream_to(data, ring[2] + 1)
        check_ring(service, ring)
        check_ordinary(service, data.rows[:ring[2] + 1], data.rings)
    out = service.print("ring", f"merchant:{sorted(ring[1])[0]}")
    assert out.startswith(f"ring around merchant {sorted(ring[1])[0]}: "), out
    assert not any(card in out for card in ring[0])


def test_card(service, data):
    """Windows and edges as the API has them, the merchants it met; and the frauds known of it."""
    card = data.rows[-1]["cc_num"]
    service.stream_to(data, len(data.rows))
    answer = service.ask("card", card, "--limit", "200")
    assert answer["of"]["card"] == masked(card) and answer["of"]["edges"]
    assert answer["of"]["windows"][-1]["count"] == sum(pair["count"] for pair in answer["pairs"])
    met = {edge["merchant"] for edge in answer["of"]["edges"]}
    assert met <= names(answer, "merchant") or answer["left_out"] > 0
    assert card not in json.dumps(answer)
    out = service.print("card", card)
    assert out.startswith(f"card {card}, as of ") and out.count(card) == 1, out
    assert data.rows[-1]["merchant"] in out


def test_merchant(service, data):
    merchant = data.rows[-1]["merchant"]
    answer = service.ask("merchant", merchant, "--limit", "200")
    cards = [vertex for vertex in answer["vertices"] if vertex["kind"] == "card"]
    assert answer["of"]["cards"] >= len(cards) > 0
    assert answer["of"]["compromised_cards"] >= sum(card["compromised"] for card in cards)
    order = [card["compromised"] for card in cards]
    assert order == sorted(order, reverse=True)  # known frauds first
    out = service.print("merchant", merchant, "--limit", "2")
    assert out.startswith(f"merchant {merchant}: ") and "more (--limit)" in out, out


def test_paths(service, data):
    a = data.rows[-1]["cc_num"]
    b = next(row["cc_num"] for row in reversed(data.rows) if row["cc_num"] != a)
    answer = service.ask("paths", f"card:{a}", f"card:{b}", "--length", "6", "--limit", "3")
    assert 1 <= len(answer["paths"]) <= 3, answer
    for path in answer["paths"]:
        assert len(path["vertices"]) == path["length"] + 1 == len(path["pairs"]) + 1
        assert path["length"] == answer["paths"][0]["length"] and path["length"] % 2 == 0
        for at, pair in enumerate(path["pairs"]):
            assert {pair["card"], pair["merchant"]} == set(path["vertices"][at:at + 2])
    out = service.print("paths", f"card:{a}", f"card:{b}", "--length", "6")
    assert f"  card {a}" in out and f"  card {b}" in out, out
    near = service.ask("paths", f"card:{a}", "--to-fraud", "--limit", "5")
    ends = [path["vertices"][-1] for path in near["paths"]]
    known = {vertex["id"]: vertex for vertex in near["vertices"]}
    assert ends and all(known[end]["compromised"] for end in ends), near
    lengths = [path["length"] for path in near["paths"]]
    assert lengths == sorted(lengths)
    direct = service.ask("paths", f"card:{a}", f"merchant:{data.rows[-1]['merchant']}")
    assert [path["length"] for path in direct["paths"]] == [1]


def test_wrong_use(service, data):
    card = data.rows[-1]["cc_num"]
    where = service.where()
    service.refuses(2, "needs a card number", "card", "411x", *where)
    service.refuses(2, "missing NUMBER", "card", *where)
    service.refuses(2, "--limit", "card", card, "--limit", "201", *where)
    service.refuses(2, "--limit", "merchant", "x", "--limit", "0", *where)
    service.refuses(2, "--length", "paths", f"card:{card}", "merchant:x", "--length", "7", *where)
    service.refuses(2, "--limit", "paths", f"card:{card}", "merchant:x", "--limit", "-1", *where)
    service.refuses(2, "needs TO", "paths", f"card:{card}", *where)
    service.refuses(2, "either TO", "paths", f"card:{card}", "merchant:x", "--to-fraud", *where)
    service.refuses(2, "card:NUMBER or merchant:NAME", "paths", card, "merchant:x", *where)
    service.refuses(2, "card:NUMBER or merchant:NAME", "ring", card, *where)
    service.refuses(2, "unexpected argument", "ring", "merchant:x", "merchant:y", *where)
    service.refuses(1, "the same as from", "paths", f"card:{card}", f"card:{card}", *where)
    service.refuses(1, "404: no transaction of this card", "card", "4999999999999999", *where)
    service.refuses(1, "404: no transaction at this merchant", "ring", "merchant:nobody", *where)
    service.refuses(1, "401: it needs another API token", "card", card, "--url", service.url)
    service.refuses(1, "onnect", "card", card, "--url", "http://127.0.0.1:1")
    service.refuses(1, "not an address", "card", card, "--url", "127.0.0.1:8080")
    service.refuses(1, "token", "card", card, "--token-file", "/none", "--url", service.url)


TESTS = [test_rings_are_found, test_card, test_merchant, test_paths, test_wrong_use]


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        good("data", "generate", "--out", "d", "--cards", "100", "--days", "180", "--seed", "1",
             "--scenarios", "all")
        good("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", "m", "--param", "num_round=5",
             "--param", "nthread=1")
        with open("token", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(TOKEN + "\n")
        data, service = Data(), Service()
        try:
            status = tap.run("graph", TESTS, service, data)
        finally:
            ended = service.end()
        assert ended == 0 and data.rows[-1]["cc_num"] not in service.said, service.said
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
