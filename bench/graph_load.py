#!/usr/bin/env python3
"""Measures how many edges a second reach Neo4j: by `haechi graph load`, and by one session for each
transaction, over HTTP and, where the package `neo4j` of PyPI is installed, through its driver.

    HAECHI=build/haechi bench/graph_load.py [--rows ROWS] [--json]

ROWS (100000) are generated. The server is one of its own (tests/neo4j/server.py), on the same machine.
Prints a line for each, and the memory that the load took at most."""

import argparse
import csv
import http.client
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
os.chdir(ROOT)
sys.path.insert(0, str(ROOT / "tests" / "neo4j"))
import server  # noqa: E402

HAECHI = os.path.abspath(os.environ.get("HAECHI", "build/haechi"))
SECONDS = 10  # for each way of one session a row
LATE_SHARE = 0.5  # sustained: the pace over the later half of the load

ONE_ROW = """
MERGE (c:CreditCard {cc_num: $cc_num})
SET c.first = $first, c.last = $last, c.gender = $gender, c.street = $street, c.city = $city, c.state = $state,
    c.zip = $zip, c.lat = $lat, c.long = $long, c.city_pop = $city_pop, c.job = $job, c.dob = $dob
MERGE (m:Merchant {name: $merchant}) SET m.merch_lat = $merch_lat, m.merch_long = $merch_long
MERGE (c)-[t:TRANSACTION {trans_num: $trans_num}]->(m)
SET t.trans_date_trans_time = $trans_date_trans_time, t.amt = $amt, t.category = $category, t.is_fraud = $is_fraud
"""


def generate(rows):
    """A file of so many rows; about 2.4 a day and card are made."""
    days = 300
    subprocess.run([HAECHI, "data", "generate", "--out", ".", "--cards", str(max(rows // 480, 50)), "--days",
                    str(days), "--seed", "8"], check=True, stdout=subprocess.DEVNULL)
    with open("fraudTrain.csv", encoding="utf-8") as file, open("rows.csv", "w", encoding="utf-8") as out:
        out.writelines(itertools.islice(file, rows + 1))


def parameters():
    with open("rows.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for name in ("lat", "long", "merch_lat", "merch_long", "amt"):
                row[name] = float(row[name])
            for name in ("city_pop", "is_fraud"):
                row[name] = int(row[name])
            yield {name: value for name, value in row.items() if name}


def pace(write):
    """Rows a second, one after the other."""
    began, count = time.monotonic(), 0
    for row in parameters():
        write(row)
        count += 1
        if time.monotonic() - began > SECONDS:
            break
    return count / (time.monotonic() - began)


def one_request_a_row(neo4j):
    def write(row):
        connection = http.client.HTTPConnection(neo4j.url.removeprefix("http://"))
        connection.request("POST", "/db/neo4j/query/v2", json.dumps({"statement": ONE_ROW, "parameters": row}),
                           {"Authorization": neo4j.login, "Content-Type": "application/json"})
        answer = json.load(connection.getresponse())
        assert "errors" not in answer, answer
        connection.close()
    return pace(write)


def one_session_a_row(neo4j):
    try:
        from neo4j import GraphDatabase
    except ImportError:
        return None
    with GraphDatabase.driver(neo4j.bolt_url, auth=("neo4j", neo4j.password)) as driver:
        def write(row):
            with driver.session() as session:
                session.run(ONE_ROW, row).consume()
        return pace(write)


def load(neo4j):
    """The report, the pace over the later part, and the greatest memory in MiB."""
    samples = []
    with open("report", "w+", encoding="utf-8") as out:
        process = subprocess.Popen([HAECHI, "graph", "load", "rows.csv", "--json", *neo4j.words], stdout=out)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            samples.append((time.monotonic(), neo4j.edges()))
            time.sleep(0.2)
        assert status == 0, status
        out.seek(0)
        report = json.load(out)
    later = [sample for sample in samples if sample[1] >= report["created"] * LATE_SHARE]
    sustained = (later[-1][1] - later[0][1]) / (later[-1][0] - later[0][0]) if len(later) > 2 else 0
    return report, sustained, usage.ru_maxrss / 1024


def measure(neo4j, rows):
    generate(rows)
    neo4j.wipe()
    report, later, memory = load(neo4j)
    one_by_one = {}
    for name, way in (("one HTTP request a row", one_request_a_row), ("the driver, a session a row", one_session_a_row)):
        neo4j.wipe()
        found = way(neo4j)
        if found:
            one_by_one[name] = found
    return {"rows": report["created"], "edges_per_second": report["edges_per_second"], "later_half": later,
            "peak_mib": memory, "one_by_one": one_by_one}


def show(found):
    rate, later = found["edges_per_second"], found["later_half"]
    print(f"haechi graph load: {rate:.0f} edges/s over {found['rows']} rows, {later:.0f} over the later "
          f"half; at most {found['peak_mib']:.0f} MiB")
    for name, pace in found["one_by_one"].items():  # these meet a server that the load has warmed
        print(f"{name}: {pace:.0f} edges/s, {rate / pace:.1f} times slower than the load, "
              f"{later / pace:.1f} than its later half")
    if len(found["one_by_one"]) < 2:
        print("the driver: not installed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100000)
    parser.add_argument("--json", action="store_true")
    words = parser.parse_args()
    neo4j = server.Neo4j()
    if neo4j.lacks:
        sys.exit(neo4j.lacks)
    try:
        with tempfile.TemporaryDirectory() as top:
            os.chdir(top)
            found = measure(neo4j, words.rows)
            os.chdir(ROOT)
    finally:
        neo4j.close()
    print(json.dumps(found)) if words.json else show(found)


if __name__ == "__main__":
    main()
