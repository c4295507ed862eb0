#!/usr/bin/env python3
"""The analysts' desk of a running service: the queue is that of the alerts decided, a decision becomes a label
that flows back, two who decide at once are told, what was acknowledged survives a kill, and every change is
in the audit trail. Speaks TAP."""

import concurrent.futures
import contextlib
import csv
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tap  # noqa: E402
from service import ENV, Service as AnyService, wait_until  # noqa: E402

HAECHI = os.environ["HAECHI"]
FILE = "d/fraudTest.csv"


def haechi(*words):
    return subprocess.run([HAECHI, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV,
                          timeout=250, check=False)


def good(*words):
    done = haechi(*words)
    assert done.returncode == 0, done
    return done.stdout


class Service(AnyService):
    def call(self, method, path, body=None, kind="application/json"):
        """Status and body of an answer."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": kind} if data is not None else {},
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def alert(self, number):
        return self.get(f"/v1/alerts/{number}")

    def change(self, number, **body):
        status, answer = self.call("POST", f"/v1/alerts/{number}", body)
        assert status == 200, (number, body, status, answer)
        return answer

    def pages(self, **filters):
        """All alerts that fit, page by page."""
        alerts, after = [], None
        while True:
            words = dict(filters, **({"after": after} if after else {}))
            page = self.get("/v1/alerts?" + urllib.parse.urlencode(words))
            alerts += page["alerts"]
            after = page["next"]
            if after is None:
                return alerts, page["counts"]

    def stream(self, *words):
        return json.loads(good("stream", FILE, "--to", self.url, "--rate", "0", "--json", *words))

    def post_label(self, number, is_fraud):
        status, answer = self.call("POST", "/v1/labels", {"trans_num": number, "is_fraud": is_fraud})
        assert status == 200, answer


class World:
    def __init__(self):
        good("data", "generate", "--out", "d", "--cards", "100", "--days", "150", "--seed", "21")
        good("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", "m", "--param", "num_round=25", "--param",
             "nthread=1")
        with open(FILE, newline="", encoding="utf-8") as file:
            self.rows = {row["trans_num"]: row for row in csv.DictReader(file)}
        with Service("base") as service:
            service.stream("--no-labels")
            self.alerts = service.pages(status="all", limit=100)[0]
            assert service.end() == 0
        assert len(self.alerts) > 40, len(self.alerts)

    def folder(self, name):
        """A data folder in which all was decided and nothing was labelled."""
        shutil.copytree("base", name)
        return name


def loss(alert):
    return alert["score"] * alert["amount"]


def test_queue(world):
    """The alerts of the list are those of the transactions, in each order, and the filters are theirs."""
    with Service(world.folder("queue")) as service:
        stored = service.get("/v1/transactions?decision=review,decline&limit=500")["transactions"]
        every, counts = service.pages(status="all", limit=7)
        assert counts == {"open": len(stored), "in_review": 0, "fraud": 0, "not_fraud": 0}, counts
        by_number = {item["trans_num"]: item for item in stored}
        assert len(every) == len(stored) and {a["trans_num"] for a in every} == set(by_number)
        for alert in every:
            item = by_number[alert["trans_num"]]
            assert all(alert[name] == value for name, value in item.items()), (alert, item)
            assert (alert["status"], alert["assignee"], alert["notes"], alert["changed"]) == ("open", None, 0, None)
            assert abs(alert["expected_loss"] - loss(item)) < 0.0051, alert
        for order, key in (("expected_loss", loss), ("time", lambda a: a["time"]), ("score", lambda a: a["score"])):
            keys = [key(a) for a in service.pages(status="all", limit=9, order=order)[0]]
            assert len(keys) == len(stored) and keys == sorted(keys, reverse=True), order
        one = random.Random(3).choice(every)
        checks = (
            (dict(q=one["trans_num"][:6]), lambda a: a["trans_num"].startswith(one["trans_num"][:6])),
            (dict(q=one["merchant"][8:14].upper()), lambda a: one["merchant"][8:14].lower() in a["merchant"].lower()),
            (dict(q=one["card"][-4:]), lambda a: a["card"].endswith(one["card"][-4:])
             or a["trans_num"].startswith(one["card"][-4:]) or one["card"][-4:] in a["merchant"]),
            (dict(decision="decline"), lambda a: a["decision"] == "decline"),
            (dict(min_amount="250.5"), lambda a: a["amount"] >= 250.5),
            (dict(since=one["time"].rstrip("Z")), lambda a: a["time"] >= one["time"]),
            (dict(since=one["time"][:10], decision=one["decision"]),
             lambda a: a["time"] >= one["time"][:10] and a["decision"] == one["decision"]),
        )
        for filters, fits in checks:
            found = [a["trans_num"] for a in service.pages(limit=5, **filters)[0]]
            expected = {a["trans_num"] for a in every if fits(a)}
            assert set(found) == expected and len(found) == len(expected) > 0, (filters, len(found), len(expected))
        assert service.end() == 0


def watch(service, found, ready):
    """Collects the events of the live stream by name, until the service ends it."""
    with contextlib.suppress(OSError), urllib.request.urlopen(service.url + "/v1/stream", timeout=60) as stream:
        name = None
        for line in stream:
            ready.set()
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                found.setdefault(name, []).append(json.loads(line[6:]))


def test_decision_flows_back(world):
    """From open to fraud: the label is in the log when the answer comes, the card is known by it, others see it."""
    with Service(world.folder("decide")) as service:
        found, ready = {}, threading.Event()
        watcher = threading.Thread(target=watch, args=(service, found, ready))
        watcher.start()
        assert ready.wait(30)
        alert = service.get("/v1/alerts?limit=1")["alerts"][0]
        number = alert["trans_num"]
        before = service.get("/v1/stats")["frauds_labelled"]
        taken = service.change(number, status="in_review", assignee="kim", note="called 4613 3147 2196 6123:\nno answer",
                               expected={"status": "open", "assignee": None})
        assert (taken["status"], taken["assignee"], taken["is_fraud"]) == ("in_review", "kim", None), taken
        assert [n["text"] for n in taken["notes"]] == ["called **** **** **** 6123:\nno answer"], taken
        decided = service.change(number, status="fraud", expected={"status": "in_review"})
        assert (decided["status"], decided["is_fraud"], decided["label_waits"]) == ("fraud", True, False), decided
        assert service.get(f"/v1/transactions/{number}")["is_fraud"] is True
        wait_until("it counts", lambda: service.get("/v1/stats")["frauds_labelled"] == before + 1)
        status, card = service.call("POST", f"/v1/transactions/{number}/card", {})
        assert status == 200 and card == {"card": str(int(world.rows[number]["cc_num"]))}, card
        assert service.get(f"/v1/cards/{card['card']}")["compromised"] is True
        actions = [(e["action"], e["from"], e["to"]) for e in service.alert(number)["history"]]
        assert actions == [("card.shown", None, None), ("alert.status", "in_review", "fraud"),
                           ("alert.note", None, None), ("alert.assign", None, "kim"),
                           ("alert.status", "open", "in_review")], actions
        # Again, as after a lost answer: nothing is done twice.
        assert service.change(number, status="fraud", expected={"status": "in_review"})["history"][0]["seq"] == 5
        # Reopened, it keeps its label; decided otherwise, the label changes.
        reopened = service.change(number, status="open", assignee=None)
        assert (reopened["status"], reopened["is_fraud"], reopened["assignee"]) == ("open", True, None), reopened
        wait_until("its own label has come", lambda: service.get("/v1/stats")["labels"] == 1)
        time.sleep(0.3)
        assert service.alert(number)["status"] == "open"
        assert service.change(number, status="not_fraud")["is_fraud"] is False
        wait_until("it counts", lambda: service.get("/v1/stats")["frauds_labelled"] == before)
        metrics = service.text("/metrics")
        assert 'haechi_alerts{status="not_fraud"} 1\n' in metrics and "haechi_alert_labels_waiting 0\n" in metrics
        assert 'haechi_cases_closed_total{status="fraud"} 1\n' in metrics, metrics
        for name, count in (("alerts", 4), ("labels", 2)):
            wait_until("all are shown", lambda: sum(len(e["items"]) for e in found.get(name, [])) >= count)
        assert service.end() == 0
        watcher.join()
        shown = [(i["trans_num"], i["status"], i["assignee"]) for e in found["alerts"] for i in e["items"]]
        assert shown == [(number, "in_review", "kim"), (number, "fraud", "kim"), (number, "open", None),
                         (number, "not_fraud", None)], shown
        labels = [(i["trans_num"], i["is_fraud"]) for e in found["labels"] for i in e["items"]]
        assert labels == [(number, True), (number, False)], labels


def test_labels_from_elsewhere(world):
    """A label closes the case of its alert; what an analyst decided stands."""
    with Service(world.folder("labels")) as service:
        one, two, three = (alert["trans_num"] for alert in world.alerts[:3])
        approved = next(n for n in world.rows if n not in {a["trans_num"] for a in world.alerts})
        service.post_label(approved, True)
        service.change(one, status="in_review")
        for number, is_fraud in ((one, True), (two, False)):
            service.post_label(number, is_fraud)
            closed = wait_until("it is closed", lambda: (found := service.alert(number))["status"][-5:] == "fraud" and found)
            assert closed["status"] == ("fraud" if is_fraud else "not_fraud") and closed["is_fraud"] is is_fraud
            assert closed["history"][0]["by"] == "label", closed["history"]
        service.change(three, status="not_fraud")
        service.post_label(three, True)
        wait_until("it is told", lambda: service.alert(three)["history"][0]["action"] == "alert.label")
        differs = service.alert(three)
        assert (differs["status"], differs["is_fraud"]) == ("not_fraud", True), differs
        counts = service.get("/v1/alerts")["counts"]
        assert (counts["in_review"], counts["fraud"], counts["not_fraud"]) == (0, 1, 2), counts
        entries = service.get("/v1/audit")["entries"]
        people = [entry for entry in entries if entry["role"] != "service"]
        assert 0 < len(people) < len(entries), entries
        assert service.get("/v1/audit?people=true")["entries"] == people
        assert service.get(f"/v1/audit?people=true&limit=1&before={people[0]['seq']}")["entries"] == people[1:2]
        listed = json.loads(good("audit", "list", "--people", "--data-dir", "labels", "--json"))
        assert listed["entries"] == people
        status, problem = service.call("GET", f"/v1/alerts/{approved}")
        assert status == 404 and "approved" in problem["detail"], problem
        assert service.end() == 0


def test_two_at_once(world):
    """Of many who take the same alert, one gets it, and the others are told who."""
    with Service(world.folder("race")) as service, concurrent.futures.ThreadPoolExecutor(8) as pool:
        for alert in world.alerts[:5]:
            wishes = [pool.submit(service.call, "POST", f"/v1/alerts/{alert['trans_num']}",
                                  {"status": "in_review", "assignee": f"p{i}", "expected": {"status": "open"}})
                      for i in range(8)]
            answers = [wish.result() for wish in wishes]
            won = [answer for status, answer in answers if status == 200]
            lost = [answer for status, answer in answers if status == 409]
            assert len(won) == 1 and len(lost) == 7, answers
            assert all(won[0]["assignee"] in answer["detail"] for answer in lost), lost
            assert len(won[0]["history"]) == 2
        assert service.end() == 0


def test_bad_inputs(world):
    with Service(world.folder("bad")) as service:
        number = world.alerts[0]["trans_num"]
        at = f"/v1/alerts/{number}"
        bodies = (
            (400, b""), (400, b"{"), (400, b"[]"), (400, b'{"note":"\xff"}'), (400, b'{"note":"\xed\xa0\x80"}'),
            (422, {}), (422, {"expected": {"status": "open"}}), (422, {"status": "closed"}), (422, {"status": 2}),
            (422, {"status": "fraud\0"}), (422, {"status": None}), (422, {"assignee": ""}),
            (422, {"assignee": "a\nb"}), (422, {"assignee": "x" * 65}), (422, {"assignee": "4111 1111 1111 1111"}), (422, {"assignee": ["kim"]}),
            (422, {"note": ""}), (422, {"note": " \n"}), (422, {"note": "a\0b"}), (422, {"note": "\x1b[2J"}),
            (422, {"note": "x" * 4001}), (422, {"note": "가" * 1334}), (422, {"note": 7}), (422, {"text": "x"}),
            (422, {"status": "fraud", "expected": "open"}), (422, {"status": "fraud", "expected": {"who": "kim"}}),
            (413, {"note": "x" * 70000}),
        )
        for expected, body in bodies:
            status, problem = service.call("POST", at, body)
            assert status == expected and problem["status"] == expected, (body, status, problem)
        assert service.call("POST", at, {"status": "fraud"}, "text/plain")[0] == 415
        assert service.call("POST", "/v1/alerts/unheard-of", {"status": "fraud"})[0] == 404
        assert service.call("POST", f"/v1/transactions/{number}/card", {"x": 1})[0] == 422
        assert service.call("POST", "/v1/transactions/unheard-of/card", {})[0] == 404
        cursor = service.get("/v1/alerts?limit=1")["next"]
        queries = ("status=closed", "status=open,", "status=", "decision=approve", "decision=", "order=amount",
                   "limit=0", "limit=501", "limit=x", "limit=", "limit=1%00", "min_amount=-1", "min_amount=x",
                   "min_amount=1e30", "since=yesterday", "since=2020-13-01", "q=%ff", "q=a%00b", "q=" + "x" * 257,
                   "assignee=" + "x" * 65, "assignee=a%0ab", "after=", "after=x", "after=" + cursor[:-1] + "x",
                   "after=" + cursor[1:], "after=q" + cursor[1:], "order=time&after=" + cursor, "after=" + cursor + "%00",
                   "after=l7ff0000000000000.1", "after=lfff8000000000000.1", "after=l0000000000000000.0",
                   "after=l0000000000000000.99999999999999999999", "unheard=1", "before=1", "=", "limit=1&limt=2")
        for query in queries:
            status, problem = service.call("GET", "/v1/alerts?" + query)
            assert status == 400 and problem["detail"], (query, status, problem)
        for query in ("limit=1001", "before=0", "before=-1", "before=x", "after=1", "people=", "people=1"):
            assert service.call("GET", "/v1/audit?" + query)[0] == 400, query
        for query in ("limit=501", "limit=0", "before=1"):
            assert service.call("GET", f"/v1/transactions/{number}/card_history?{query}")[0] == 400, query
        for name in ("%25", "_", "'", '"', "%27%20OR%201", "\u0041%cc%81", "*", "fraud_%25"):
            service.get("/v1/alerts?q=" + urllib.parse.quote(name, safe="%"))
        assert service.get("/v1/audit")["entries"] == [] and service.alert(number)["status"] == "open"
        assert service.end() == 0


def test_card_history(world):
    """The transactions of the card around one, as the files have them, indexed and not yet indexed."""
    with open("d/fraudTrain.csv", newline="", encoding="utf-8") as file:
        every = list(world.rows.values()) + list(csv.DictReader(file))
    assert len(every) > 17000, len(every)  # the first 16,384 events are a segment of the index
    with Service(world.folder("cards")) as service:
        good("stream", "d/fraudTrain.csv", "--to", service.url, "--rate", "0", "--no-labels")
        asked = random.Random(5).sample(world.alerts, 12) + random.Random(6).sample(every, 12)
        for number in (row["trans_num"] for row in asked):
            card = next(row["cc_num"] for row in every if row["trans_num"] == number)
            rows = [row for row in every if row["cc_num"] == card]
            at = [row["trans_num"] for row in rows].index(number)
            for limit in (1, 10, 50, 500):
                found = service.get(f"/v1/transactions/{number}/card_history?limit={limit}")["transactions"]
                later = rows[at + 1:at + 1 + limit // 2]
                earlier = rows[max(0, at + 1 - (limit - len(later))):at + 1]
                expected = list(reversed(earlier + later))
                assert [f["trans_num"] for f in found] == [row["trans_num"] for row in expected], (limit, at)
                assert [f["trans_num"] for f in found if f["this"]] == [number]
                for item, row in zip(found, expected):
                    assert abs(item["amount"] - float(row["amt"])) < 0.005 and item["merchant"] == row["merchant"]
                    for name in ("lat", "long", "merch_lat", "merch_long"):
                        assert abs(item[name] - float(row[name])) < 1e-5, (item, row)
        assert service.call("GET", "/v1/transactions/unheard-of/card_history")[0] == 404
        assert service.end() == 0


def check_trail(folder):
    """It holds, and no card's number is in it."""
    return json.loads(good("audit", "verify", "--data-dir", folder, "--json"))


def test_audit_trail(world):
    """Every change is in the trail, as the API and the command say it; it refuses to be changed, and who changes it
    by other means is found."""
    folder = world.folder("audit")
    numbers = [alert["trans_num"] for alert in world.alerts[:10]]
    with Service(folder) as service:
        for i, number in enumerate(numbers):
            card = world.rows[number]["cc_num"]
            service.change(number, status="in_review", note=f"card {card}, note {i} 가나다")
            service.call("POST", f"/v1/transactions/{number}/card", {})
        entries = service.get("/v1/audit?limit=1000")["entries"]
        assert [e["seq"] for e in entries] == list(range(30, 0, -1))
        assert all((e["by"], e["role"]) == ("local", "admin") for e in entries)
        assert service.get("/v1/audit?limit=7&before=20")["entries"] == entries[11:18]
        assert json.loads(good("audit", "list", "--data-dir", folder, "--json"))["entries"] == entries
        listed = good("audit", "list", "--data-dir", folder, "--limit", "3").splitlines()
        assert len(listed) == 3 and "card.shown" in listed[-1], listed
        whole = check_trail(folder)
        assert whole == {"entries": 30, "hash": entries[0]["hash"]}, whole
        said = json.dumps(entries)
        assert not any(str(int(world.rows[number]["cc_num"])) in said for number in numbers)
        database = sqlite3.connect(f"{folder}/cases.db")
        for sql in ("UPDATE audit SET by='x'", "DELETE FROM audit WHERE seq=30"):
            try:
                database.execute(sql)
                raise AssertionError(f"it took: {sql}")
            except sqlite3.IntegrityError:
                database.rollback()
        database.close()
        assert service.end() == 0
    assert check_trail(folder) == whole
    noted = json.loads(good("audit", "verify", "--data-dir", folder, "--json", "--noted", entries[9]["hash"]))
    assert noted["noted_at"] == 21, noted
    database = sqlite3.connect(f"{folder}/cases.db")
    database.executescript("DROP TRIGGER audit_is_not_changed; UPDATE audit SET text='note' WHERE seq=17;")
    database.close()
    done = haechi("audit", "verify", "--data-dir", folder)
    assert done.returncode == 1 and "does not hold at entry 17" in done.stderr, done
    done = haechi("audit", "verify", "--data-dir", "nowhere")
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done
    assert haechi("audit", "verify", "--noted", "abc").returncode == 2
    assert haechi("audit", "list", "--limit", "0").returncode == 2


def decide_for_ever(service, numbers, acknowledged, seed):
    """Changes alerts until the service is gone; remembers what was answered."""
    choose = random.Random(seed)
    while True:
        number = choose.choice(numbers)
        status = choose.choice(["open", "in_review", "fraud", "not_fraud"])
        try:
            answer = service.change(number, status=status, note=f"n{choose.random()}")
        except (OSError, AssertionError, ValueError):
            return
        acknowledged[number] = (answer["status"], len(answer["notes"]), answer["history"][0]["hash"])


def test_kill(world):
    """Killed in the middle of changes, again and again: what was answered is there, the trail holds, and each
    decision's label is in the log."""
    folder = world.folder("kill")
    shares = [[a["trans_num"] for a in world.alerts[i:40:4]] for i in range(4)]
    acknowledged = [{} for _ in shares]
    for round_number in range(8):
        with Service(folder) as service, concurrent.futures.ThreadPoolExecutor(4) as pool:
            work = [pool.submit(decide_for_ever, service, share, known, round_number * 4 + i)
                    for i, (share, known) in enumerate(zip(shares, acknowledged))]
            time.sleep(random.uniform(0.1, 0.6))
            service.end(signal.SIGKILL)
            for one in work:
                one.result()
        check_trail(folder)
    with Service(folder) as service:
        wait_until("no label waits", lambda: "haechi_alert_labels_waiting 0\n" in service.text("/metrics"))
        hashes = {e["hash"]: e for e in json.loads(good("audit", "list", "--data-dir", folder, "--limit", "1000000",
                                                         "--json"))["entries"]}
        assert sum(map(len, acknowledged)) > 20
        for number, (status, notes, last) in [item for known in acknowledged for item in known.items()]:
            alert = service.alert(number)
            assert hashes[last]["subject"] == number
            newer = [e for e in alert["history"] if e["seq"] > hashes[last]["seq"]]
            assert len(alert["notes"]) >= notes, (number, notes)
            if not newer:  # else a change came after that was written and not answered
                assert alert["status"] == status, (number, status, alert["status"])
            decisions = [e["to"] for e in alert["history"] if e["action"] == "alert.status" and "fraud" in e["to"]]
            if decisions:
                assert alert["is_fraud"] is (decisions[0] == "fraud"), alert
        assert service.end() == 0


def test_label_is_sent_after_a_crash(world):
    """A decision that was written and whose label was not sent: the next start sends it."""
    folder = world.folder("outbox")
    number = world.alerts[0]["trans_num"]
    database = sqlite3.connect(f"{folder}/cases.db")
    with database:
        database.execute("INSERT INTO outbox(trans_num, is_fraud) VALUES(?, 1)", (number,))
        database.execute("INSERT INTO cases VALUES(?, 2, 1, NULL, 1, 0)", (number,))
        database.execute("UPDATE alerts SET status = 2 WHERE trans_num = ?", (number,))
    database.close()
    with Service(folder) as service:
        wait_until("it is labelled", lambda: service.alert(number)["is_fraud"] is True)
        wait_until("none waits", lambda: not service.alert(number)["label_waits"])
        assert service.alert(number)["status"] == "fraud" and service.alert(number)["history"] == []
        assert service.end() == 0


def test_nobody_waits_for_the_casebook(world):
    """While another program holds the casebook, transactions are decided; then all goes on."""
    folder = world.folder("held")
    number = world.alerts[0]["trans_num"]
    with Service(folder) as service:
        database = sqlite3.connect(f"{folder}/cases.db", isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            blocked = pool.submit(service.call, "POST", f"/v1/alerts/{number}", {"status": "in_review"})
            began = time.monotonic()
            row = dict(world.rows[number], trans_num="new-one")
            status, _ = service.call("POST", "/v1/transactions", {k: v for k, v in row.items() if k and k != "is_fraud"})
            assert status == 200 and time.monotonic() - began < 2, (status, time.monotonic() - began)
            assert service.get("/v1/stats")["transactions"] == len(world.rows) + 1
            status, problem = blocked.result()
            assert status == 500, problem
        database.execute("ROLLBACK")
        database.close()
        assert service.change(number, status="in_review")["status"] == "in_review"
        assert "cannot write the casebook" in service.said, service.said
        assert service.end() == 0


def test_casebook_is_made_anew(world):
    """Without its casebook a service has the queue from its log, with what labels closed."""
    folder = world.folder("anew")
    with Service(folder) as service:
        service.post_label(world.alerts[0]["trans_num"], True)
        wait_until("it is closed", lambda: service.get("/v1/alerts")["counts"]["fraud"] == 1)
        before = service.pages(status="all", limit=500)
        assert service.end() == 0
    os.unlink(f"{folder}/cases.db")
    with Service(folder) as service:
        wait_until("it is there", lambda: sum(service.get("/v1/alerts")["counts"].values()) == len(world.alerts))
        again = service.pages(status="all", limit=500)
        for alert in before[0] + again[0]:
            alert.pop("changed")
        assert again == before
        assert service.end() == 0


def test_models_are_audited(world):
    del world
    version = json.load(open("m/manifest.json", encoding="utf-8"))["version"]
    for name in (version, "20200101T000000Z-00000000"):
        shutil.copytree("m", f"shelf/card/{name}")
    path = "shelf/card/20200101T000000Z-00000000/manifest.json"
    text = open(path, encoding="utf-8").read().replace(version, "20200101T000000Z-00000000")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    good("models", "promote", f"card/{version}", "--models", "shelf")
    with Service("shelved", model="shelf/card/champion") as service:
        other = "/v1/models/card/20200101T000000Z-00000000"
        assert service.call("POST", f"{other}/promote", {})[0] == 200
        assert service.call("POST", f"{other}/promote", {})[0] == 200  # it is: nothing changes
        assert service.call("POST", "/v1/models/card/rollback", {})[0] == 200
        wait_until("it can go", lambda: service.call("DELETE", other)[0] == 200)
        told = [(e["action"], e["subject"], e["from"], e["to"]) for e in service.get("/v1/audit")["entries"]]
        old = "20200101T000000Z-00000000"
        assert told == [("model.delete", "card", old, None), ("model.rollback", "card", old, version),
                        ("model.promote", "card", version, old)], told
        assert service.end() == 0
    check_trail("shelved")


TESTS = [test_queue, test_decision_flows_back, test_labels_from_elsewhere, test_two_at_once, test_bad_inputs,
         test_card_history, test_audit_trail, test_kill, test_label_is_sent_after_a_crash,
         test_nobody_waits_for_the_casebook, test_casebook_is_made_anew, test_models_are_audited]


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        chosen = [test for test in TESTS if not sys.argv[1:] or re.search(sys.argv[1], test.__name__)]
        status = tap.run("serve/alerts", chosen, World())
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
