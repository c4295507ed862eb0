#!/usr/bin/env python3
"""haechi and a real Neo4j: files loaded, loads killed and gone on with, the service writing to it
while either of the two is killed. Speaks TAP."""

import csv
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import server  # noqa: E402

HAECHI = os.environ["HAECHI"]
KILLS = int(os.environ.get("HAECHI_TEST_KILLS", "10"))
ENV = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")
ENV.pop("NEO4J_PASSWORD", None)


def until(ready):
    server.wait_until("it came about", ready)


def run(*words, **more):
    done = subprocess.run([HAECHI, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=250, env=ENV, check=False, **more)
    return done.returncode, done.stdout, done.stderr


def good(*words, **more):
    status, out, err = run(*words, **more)
    assert status == 0, (words, status, err)
    return out


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def load(neo4j, *words):
    return json.loads(good("graph", "load", *words, "--json", *neo4j.words))


def check_graph(neo4j, rows):
    """Every row is an edge once, with its own values and between its own ends, in the rows' order."""
    found = neo4j.rows("MATCH (c:CreditCard)-[t:TRANSACTION]->(m:Merchant) RETURN t.trans_num, c.cc_num,"
                       " m.name, t.amt_cents, t.amt, t.category, t.is_fraud, t.merch_lat, t.merch_long,"
                       " toString(t.trans_date_trans_time), c.last, c.lat, c.dob ORDER BY t.place")
    assert len(found) == len(rows), (len(found), len(rows))
    for got, row in zip(found, rows):
        amount, when = row["amt"], row["trans_date_trans_time"].replace(" ", "T")
        assert got[:3] == [row["trans_num"], row["cc_num"], row["merchant"]], (got, row)
        assert got[3] == round(float(amount) * 100) and got[4] == float(amount), (got, row)
        assert got[5:7] == [row["category"], int(row["is_fraud"])], (got, row)
        assert got[7:9] == [float(row["merch_lat"]), float(row["merch_long"])], (got, row)
        assert when.startswith(got[9]) and got[10:] == [row["last"], float(row["lat"]), row["dob"]], (got, row)


def test_load_is_the_file(neo4j):
    neo4j.wipe()
    rows = read_csv("d/fraudTrain.csv")
    report = load(neo4j, "d/fraudTrain.csv")
    assert report["created"] == report["transactions"] == len(rows) and report["resumed"] == 0, report
    check_graph(neo4j, rows)
    names = {row[0] for row in neo4j.rows("SHOW CONSTRAINTS YIELD name")}
    assert {"haechi_card", "haechi_merchant", "haechi_transaction"} <= names, names


def test_load_twice_is_once(neo4j):
    rows = read_csv("d/fraudTrain.csv")
    again = load(neo4j, "d/fraudTrain.csv")
    assert (again["created"], again["resumed"]) == (0, len(rows)), again
    with open("d/fraudTrain.csv", encoding="utf-8") as file, open("d/copy.csv", "w", encoding="utf-8") as copy:
        copy.write(file.read() + "\n")
    copied = load(neo4j, "d/copy.csv")
    assert (copied["created"], copied["resumed"]) == (0, 0), copied
    check_graph(neo4j, rows)


def test_killed_load_goes_on(neo4j):
    neo4j.wipe()
    process = subprocess.Popen([HAECHI, "graph", "load", "d/fraudTrain.csv", *neo4j.words], env=ENV)
    until(lambda: neo4j.edges() > 0)
    process.kill()
    process.wait()
    half = neo4j.edges()
    rows = read_csv("d/fraudTrain.csv")
    assert 0 < half < len(rows), half
    report = load(neo4j, "d/fraudTrain.csv")
    assert report["resumed"] >= half and report["resumed"] + report["created"] == len(rows), report
    check_graph(neo4j, rows)


def test_load_waits_for_neo4j(neo4j):
    """Neo4j crashes under a load: it waits, and goes on."""
    neo4j.wipe()
    process = subprocess.Popen([HAECHI, "graph", "load", "d/fraudTrain.csv", "--json", *neo4j.words], env=ENV,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: neo4j.edges() > 0)
    neo4j.call("kill")
    neo4j.start()
    out, err = process.communicate(timeout=120)
    rows = read_csv("d/fraudTrain.csv")
    assert process.returncode == 0 and json.loads(out)["transactions"] == len(rows), err
    assert err.count("\n") == 1 and f"waiting: Neo4j at {neo4j.url}: writing" in err, err
    check_graph(neo4j, rows)


def test_writers_take_turns(neo4j):
    """Three loads at once, to the same merchants: none fails or waits for ever, and every place is its
    own."""
    neo4j.wipe()
    files = []
    for part in range(3):
        files.append(f"d/part{part}.csv")
        with open("d/fraudTrain.csv", encoding="utf-8") as file, open(files[-1], "w", encoding="utf-8") as out:
            out.writelines(line for number, line in enumerate(file) if number == 0 or number % 3 == part)
    loads = [subprocess.Popen([HAECHI, "graph", "load", name, *neo4j.words], env=ENV, stdout=subprocess.DEVNULL)
             for name in files]
    assert [process.wait(timeout=200) for process in loads] == [0, 0, 0]
    places = [row[0] for row in neo4j.rows("MATCH ()-[t:TRANSACTION]->() RETURN t.place")]
    assert len(places) == len(set(places)) == len(read_csv("d/fraudTrain.csv"))


def test_bad_rows_and_hostile_names(neo4j):
    """Whatever a name is, it stays a name; a bad row costs itself alone."""
    neo4j.wipe()
    rows = read_csv("d/fraudTest.csv")[:20]
    names = ["x'}) DETACH DELETE n //", 'y"}) RETURN 1 //', "`z`", "$rows", "\\u0027 \\", "가맹점 №1", "{}", "a\\'b"]
    for row, name in zip(rows, names):
        row.update(merchant=name, city=name, job=name, category=name)
    with open("d/hostile.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
        file.write("broken\n")
    report = load(neo4j, "d/hostile.csv")
    assert (report["created"], report["rejected"]) == (len(rows), 1), report
    check_graph(neo4j, rows)
    assert os.path.exists("d/hostile.csv.rejects")
    for row, name in zip(rows, names):
        got = neo4j.rows("MATCH (:CreditCard {cc_num: $card})-[t {trans_num: $number}]->(m) RETURN m.name",
                         card=row["cc_num"], number=row["trans_num"])
        assert got == [[name]], (got, name)


def test_longest_card_number(neo4j):
    neo4j.wipe()
    rows = read_csv("d/fraudTest.csv")[:3]
    for row, card in zip(rows, ("9999999999999999999", "1", "9007199254740993")):
        row["cc_num"] = card
    with open("d/cards.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert load(neo4j, "d/cards.csv")["created"] == 3
    check_graph(neo4j, rows)


def test_refusals(neo4j):
    """One line each, with the address, what was being done, and no password."""
    def refused(part, *words, **more):
        status, out, err = run("graph", "load", "d/hostile.csv", *words, **more)
        assert status == 1 and out == "" and err.count("\n") == 1 and part in err, (status, out, err)
        return err
    secret = "wrong-and-never-shown"
    with open("wrong", "w", encoding="utf-8") as file:
        file.write(secret + "\n")
    refused("others can read it", "--neo4j", neo4j.url, "--neo4j-password-file", "wrong")
    os.chmod("wrong", 0o600)
    line = refused("Unauthorized", "--neo4j", neo4j.url, "--neo4j-password-file", "wrong")
    assert neo4j.url in line and secret not in line, line
    line = refused("without user and password", "--neo4j", f"http://neo4j:{secret}@127.0.0.1:7474")
    assert secret not in line, line
    refused("DatabaseNotFound", *neo4j.words, "--neo4j-database", "nowhere")
    refused("no name of a Neo4j database", *neo4j.words, "--neo4j-database", "a/b")
    refused("certificate", *neo4j.words[2:], "--neo4j", neo4j.tls_url)
    report = load(neo4j, "d/hostile.csv", "--neo4j", neo4j.tls_url, "--neo4j-ca-file", neo4j.ca)
    assert report["transactions"] == 20, report


def test_training_from_the_graph(neo4j):
    """The log in Neo4j is the file's: the model is the same to the byte. Times that are equal or go
    backwards, what is missing, and holders that move are in it."""
    rows = read_csv("d/fraudTrain.csv")
    for i in range(50, len(rows), 97):
        rows[i], rows[i - 40] = rows[i - 40], rows[i]
    for i in range(0, len(rows), 31):
        rows[i].update(lat="41.123456789012345", city="Moved", job="", dob="")
    for i in range(0, len(rows), 53):
        rows[i].update(merch_lat="", merch_long="", is_fraud="", gender="", amt="98765432.10")
    with open("d/odd.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    words = ["--param", "num_round=8", "--param", "nthread=1", "--json"]
    for name in ("d/fraudTrain.csv", "d/odd.csv"):
        neo4j.wipe()
        load(neo4j, name)
        for delay in ("7d", "1h"):
            more = [*words, "--label-delay", delay]
            one = json.loads(good("train", "xgboost", "--train", name, "--out", "from-file", *more))
            two = json.loads(good("train", "xgboost", "--from", neo4j.url.replace("http:", "neo4j:"), "--out",
                                  "from-graph", *more, *neo4j.words[2:]))
            assert one["rows"] == two["rows"] and one["frauds"] == two["frauds"], (one, two)
            for part in ("xgboost.json", "suspicion.json"):
                with open(f"from-file/{part}", "rb") as a, open(f"from-graph/{part}", "rb") as b:
                    assert a.read() == b.read(), (name, delay, part)


def test_no_training_from_nothing(neo4j):
    neo4j.wipe()
    status, _, err = run("train", "xgboost", "--from", neo4j.url, "--out", "x", *neo4j.words[2:])
    assert status == 1 and "has no transactions" in err and err.count("\n") == 1, err
    status, _, err = run("train", "xgboost", "--from", neo4j.url, "--train", "d/odd.csv", "--out", "x")
    assert status == 2 and "--from takes the place" in err, err


class Service:
    """haechi serve that writes to Neo4j."""

    running = []  # those that a failed test has left

    def __init__(self, neo4j, data_dir, *words):
        self.said = open(f"{data_dir}.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [HAECHI, "serve", "--data-dir", data_dir, "--model", "m", "--listen", "127.0.0.1:0",
             *(words or neo4j.words)], stdout=subprocess.DEVNULL, stderr=self.said, env=ENV)
        Service.running.append(self)
        until(lambda: self.lines("listening on ") or self.process.poll() is not None)
        self.url = self.lines("listening on ")[-1].split()[-1].rstrip("/")

    def lines(self, part):
        with open(self.said.name, encoding="utf-8") as file:
            return [line for line in file.read().splitlines() if part in line]

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return answer.read().decode()

    def metric(self, name):
        return float(re.search(rf"^haechi_neo4j_{name} (\S+)$", self.get("/metrics"), re.MULTILINE)[1])

    def stream(self, *words):
        return json.loads(good("stream", "d/fraudTest.csv", "--to", self.url, "--json", *words))

    def caught_up(self):
        return self.metric("up") == 1 and self.metric("lag_events") == 0

    def end(self, number=signal.SIGTERM):
        Service.running.remove(self)
        self.process.send_signal(number)
        status = self.process.wait(timeout=60)
        self.said.close()
        return status


def as_float(number):
    """A score is a float: the same bits, however it was written."""
    return struct.pack("f", number)


def check_decisions(neo4j, service, rows):
    """Each transaction is there once, with the answer that was given, and the label that came."""
    found = neo4j.rows("MATCH (c)-[t:TRANSACTION]->(m) RETURN t.trans_num, t.score, t.decision,"
                       " t.model_version, t.pred_xgboost_is_fraud, t.is_fraud, c.cc_num, m.name ORDER BY t.place")
    assert [row[0] for row in found] == [row["trans_num"] for row in rows]
    for number, score, decision, version, flagged, is_fraud, card, merchant in found:
        answer = json.loads(service.get(f"/v1/transactions/{number}"))
        assert as_float(score) == as_float(answer["score"]), (number, score, answer)
        assert decision == answer["decision"] and flagged == (decision != "approve"), (number, decision, answer)
        assert version == answer["model"]["version"], (number, version, answer)
        label = answer.get("is_fraud")
        assert is_fraud == (None if label is None else int(label)), (number, is_fraud, answer)
    for row, got in zip(rows, found):
        assert got[6:] == [row["cc_num"], row["merchant"]], (row, got)


def test_service_writes(neo4j):
    neo4j.wipe()
    rows = read_csv("d/fraudTest.csv")
    service = Service(neo4j, "plain")
    service.stream("--rate", "0")
    until(service.caught_up)
    assert service.metric("written_total") == len(rows) and service.metric("failures_total") == 0
    assert service.metric("lag_seconds") == 0
    assert neo4j.value("MATCH ()-[t:TRANSACTION {is_fraud: 1}]->() RETURN count(t)") > 0
    check_decisions(neo4j, service, rows)
    assert service.end() == 0


def test_neo4j_away(neo4j):
    """Neo4j is away at the start, comes, crashes under load and comes back: all is there, once."""
    neo4j.wipe()
    neo4j.call("stop")
    address = neo4j.url
    service = Service(neo4j, "away")
    service.stream("--rate", "0", "--limit", "500")
    assert service.metric("up") == 0 and service.metric("lag_events") >= 500
    until(lambda: service.lines("decisions go on"))
    neo4j.start()
    assert neo4j.url == address
    until(lambda: service.lines(" is back after "))
    until(service.caught_up)
    sender = subprocess.Popen([HAECHI, "stream", "d/fraudTest.csv", "--to", service.url, "--rate", "1500", "--json"],
                              env=ENV, stdout=subprocess.PIPE)
    until(lambda: neo4j.edges() > 1500)
    neo4j.call("kill")
    time.sleep(1)
    assert service.metric("lag_seconds") > 0
    neo4j.start()
    assert json.loads(sender.communicate(timeout=120)[0])["transactions"] == len(read_csv("d/fraudTest.csv"))
    until(service.caught_up)
    check_decisions(neo4j, service, read_csv("d/fraudTest.csv"))
    assert service.metric("failures_total") > 0
    told = service.lines("Neo4j at ")
    assert len(told) == 4 and all(neo4j.url in line for line in told), told
    assert service.end() == 0


def test_killed_ten_times(neo4j):
    neo4j.wipe()
    rows = read_csv("d/fraudTest.csv")
    for round_ in range(KILLS):
        service = Service(neo4j, "killed")
        service.stream("--rate", "0", "--limit", str(len(rows) * (round_ + 1) // KILLS))
        time.sleep(0.05 * round_)
        service.end(signal.SIGKILL)
    service = Service(neo4j, "killed")
    until(service.caught_up)
    check_decisions(neo4j, service, rows)
    assert service.end() == 0


def test_emptied_neo4j(neo4j):
    """A Neo4j that lost what it had is filled up again, from the beginning."""
    neo4j.wipe()
    service = Service(neo4j, "emptied")
    service.stream("--rate", "0", "--limit", "900")
    until(service.caught_up)
    neo4j.wipe()
    service.stream("--rate", "0", "--limit", "1000")
    until(lambda: neo4j.edges() == 1000)
    check_decisions(neo4j, service, read_csv("d/fraudTest.csv")[:1000])
    assert service.lines("the load is at event 0 there")
    assert service.end() == 0


def test_store_from_a_backup(neo4j):
    """Neo4j knows more of the log than a store put back from a backup, and another log than one that has
    grown again since: in both, nothing is written."""
    neo4j.wipe()
    rows = read_csv("d/fraudTest.csv")
    service = Service(neo4j, "backed-up")
    service.stream("--rate", "0", "--limit", "100", "--no-labels")
    until(service.caught_up)
    assert service.end() == 0
    shutil.copytree("backed-up", "backup")
    service = Service(neo4j, "backed-up")
    service.stream("--rate", "0", "--limit", "200", "--no-labels")
    until(service.caught_up)
    assert service.end() == 0
    shutil.rmtree("backed-up")
    shutil.copytree("backup", "backed-up")
    with open("d/others.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows[300:600])
    for more in (50, 150):
        service = Service(neo4j, "backed-up")
        good("stream", "d/others.csv", "--to", service.url, "--rate", "0", "--limit", str(more), "--no-labels")
        until(lambda: service.lines("older copy"))
        assert service.metric("up") == 0 and neo4j.edges() == 200
        service.end(signal.SIGKILL)
    shutil.rmtree("backup")


def test_label_before_its_transaction(neo4j):
    """As of two services that share a Neo4j: the label waits for the edge, which then has it."""
    neo4j.wipe()
    service = Service(neo4j, "early")
    service.stream("--rate", "0", "--limit", "50", "--no-labels")
    until(service.caught_up)
    number = read_csv("d/fraudTest.csv")[7]["trans_num"]
    neo4j.rows("MATCH ()-[t:TRANSACTION {trans_num: $number}]->() DELETE t", number=number)
    body = json.dumps({"trans_num": number, "is_fraud": True}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{service.url}/v1/labels", body,
                                                  {"Content-Type": "application/json"})).close()
    until(service.caught_up)
    assert service.end() == 0
    assert neo4j.rows("MATCH (l:HaechiLabel) RETURN l.trans_num, l.is_fraud") == [[number, 1]]
    with open("d/fraudTest.csv", encoding="utf-8") as file, open("d/first.csv", "w", encoding="utf-8") as out:
        out.writelines(",".join(line.split(",")[:-1]) + "\n" for line in list(file)[:51])
    assert load(neo4j, "d/first.csv")["created"] == 1
    assert neo4j.rows("MATCH ()-[t:TRANSACTION]->() WHERE t.is_fraud = 1 RETURN t.trans_num") == [[number]]
    assert neo4j.value("MATCH (l:HaechiLabel) RETURN count(l)") == 0


def test_wrong_password(neo4j):
    """It is told once, decisions go on, and the service ends at once when told to."""
    service = Service(neo4j, "locked", "--neo4j", neo4j.url, "--neo4j-password-file", "wrong")
    assert service.stream("--rate", "0", "--limit", "300")["transactions"] == 300
    until(lambda: service.lines("Unauthorized"))
    assert len(service.lines("Neo4j at ")) == 1 and service.metric("up") == 0
    began = time.monotonic()
    assert service.end() == 0 and time.monotonic() - began < 5


def test_configuration_file(neo4j):
    neo4j.wipe()
    with open("haechi.conf", "w", encoding="utf-8") as file:
        file.write(f"[serve]\nmodel=m\n[neo4j]\nurl={neo4j.url}\npassword-file={neo4j.password_file}\n")
    service = Service(neo4j, "configured", "--config", "haechi.conf")
    service.stream("--rate", "0", "--limit", "100")
    assert service.end() == 0, "what was left is written at the end"
    assert neo4j.edges() == 100
    with open("haechi.conf", "a", encoding="utf-8") as file:
        file.write("colour=blue\n")
    status, _, err = run("serve", "--config", "haechi.conf")
    assert status == 1 and "unknown setting 'colour' in [neo4j]" in err, err


TESTS = [test_load_is_the_file, test_load_twice_is_once, test_killed_load_goes_on, test_load_waits_for_neo4j,
         test_writers_take_turns,
         test_bad_rows_and_hostile_names, test_longest_card_number, test_refusals,
         test_training_from_the_graph, test_no_training_from_nothing, test_service_writes,
         test_neo4j_away, test_killed_ten_times, test_emptied_neo4j, test_store_from_a_backup,
         test_label_before_its_transaction,
         test_wrong_password, test_configuration_file]


def main():
    neo4j = server.Neo4j()
    only = sys.argv[1:]  # for a person at one test
    tests = [test for test in TESTS if not only or any(word in test.__name__ for word in only)]
    try:
        with tempfile.TemporaryDirectory() as top:
            os.chdir(top)
            if not neo4j.lacks:
                good("data", "generate", "--out", "d", "--cards", "100", "--days", "180", "--seed", "11")
                good("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", "m", "--param", "num_round=10",
                     "--param", "nthread=1")
            status = server.run("neo4j", tests, [neo4j], neo4j)
            for service in list(Service.running):
                service.end(signal.SIGKILL)
            os.chdir("/")
    finally:
        neo4j.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
