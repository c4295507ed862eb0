#!/usr/bin/env python3
"""haechi stream against a small HTTP service: order, pace, labels, waiting, refusal. Speaks TAP."""

import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

HAECHI = os.environ["HAECHI"]
HEADER = "trans_num,cc_num,merchant,amt,unix_time,is_fraud\n"
DAY = 86400


class Service(http.server.ThreadingHTTPServer):
    """Answers every record; `failures` statuses come first, then 200."""

    def __init__(self, failures=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.failures = list(failures)
        self.got = []
        self.tokens = set()
        self.back, self.first = 0, None  # it answers 503 for `back` seconds from its first post
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.tokens.add(self.headers.get("Authorization"))
        now = time.monotonic()
        self.server.first = self.server.first or now
        status = self.server.failures.pop(0) if self.server.failures else 200
        if now - self.server.first < self.server.back:
            status = 503
        answer = ""
        if status == 200:
            records = [json.loads(line) for line in body.splitlines()]
            kind = self.path.rsplit("/", 1)[1]
            self.server.got += [(kind, record) for record in records]
            answer = "".join(
                json.dumps({"trans_num": r["trans_num"], "decision": "approve"}) + "\n" for r in records
            )
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


def stream(rows, service, *options, folder=None):
    with tempfile.TemporaryDirectory() as own:
        path = os.path.join(folder or own, "rows.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(HEADER + rows)
        command = [HAECHI, "stream", path, "--to", service.url(), "--json", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def row(number, day, fraud=""):
    return f"t{number},7,shop,1.5,{day * DAY},{fraud}\n"


def test_order():
    service = Service()
    rows = row(1, 1, 1) + row(2, 2, 0) + row(3, 8, 0) + row(4, 9)
    status, report, _ = stream(rows, service, "--rate", "0")
    spelt = [(kind[0], record["trans_num"]) for kind, record in service.got]
    assert status == 0 and report["transactions"] == 4 and report["labels"] == 2, report
    assert spelt[:3] == [("t", "t1"), ("t", "t2"), ("l", "t1")], spelt
    assert {"trans_num": "t2", "is_fraud": False, "time": 9 * DAY} in [r for _, r in service.got]
    assert all("is_fraud" not in r for kind, r in service.got if kind == "transactions")
    assert service.got[0][1]["trans_date_trans_time"] == "1970-01-02 00:00:00"


def test_waits():
    service = Service(failures=[503, 429, 503])
    status, report, _ = stream(row(1, 1) + "bad\n" + row(2, 2), service, "--rate", "0")
    assert status == 0 and report["transactions"] == 2 and report["retries"] == 3, report
    assert report["rejected_rows"] == 1 and report["decisions"]["approve"] == 2, report


def test_warns():
    with tempfile.TemporaryDirectory() as folder:
        taken = os.path.join(folder, "rows.csv.rejects")
        with open(taken, "w", encoding="utf-8") as file:
            file.write("mine")
        status, report, message = stream("bad\n" + row(1, 1), Service(), "--rate", "0", folder=folder)
    assert status == 0 and report["rejected_rows"] == 1, report
    assert message.splitlines()[-1] == f"haechi stream: {taken}: File exists", message


def test_refused():
    status, report, message = stream(row(1, 1), Service(failures=[401]), "--rate", "0")
    assert status == 1 and report is None
    assert "answered 401: it needs another API token" in message, message


def test_pace_and_loop():
    service = Service()
    status, report, _ = stream(row(1, 1), service, "--rate", "20", "--limit", "11", "--loop")
    names = [r["trans_num"] for kind, r in service.got if kind == "transactions"]
    assert status == 0 and report["ended_by"] == "limit", report
    assert names == ["t1"] + [f"t1-{n}" for n in range(2, 12)], names
    assert report["seconds"] >= 0.5, report  # never faster than the schedule


def test_outage():
    """What an outage has held up is not made up for in a burst, which is how a service that comes back is lost again."""
    service = Service()
    service.back = 3  # seconds after the first post
    started = time.monotonic()
    rows = "".join(row(number, 1) for number in range(41))
    status, report, _ = stream(rows, service, "--rate", "10")
    assert status == 0 and report["transactions"] == 41 and report["retries"] > 0, report
    assert time.monotonic() - started > service.back + 4 - 1.2, report


def test_usage():
    for options in ([], ["--rate", "x"], ["--rate", "1", "--for", "soon"]):
        status, _, message = stream(row(1, 1), Service(), *options)
        assert status == 2 and message.count("\n") == 1, message


def main():
    tests = [test_order, test_waits, test_warns, test_refused, test_pace_and_loop, test_outage, test_usage]
    print(f"1..{len(tests)}")
    failed = 0
    for number, test in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {test.__name__[5:]}")
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {test.__name__[5:]}\n# {error!r}")
    return failed > 0


sys.exit(main())
