#!/usr/bin/env python3
"""One log, three ways through the program: replayed, live over HTTP, and recovered after kill -9 in
the middle. Every score is the same to its last digit. Speaks TAP."""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tap  # noqa: E402
from service import Service  # noqa: E402

HAECHI = os.environ["HAECHI"]
ENV = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")


def good(*words):
    return subprocess.run([HAECHI, *words], check=True, stdout=subprocess.PIPE, env=ENV,
                          timeout=250).stdout.decode()


def scores_of(service, numbers):
    return [service.get(f"/v1/transactions/{number}")["score"] for number in numbers]


def compare(found, expected):
    """Scores are floats written with 9 digits, which tell any two floats apart."""
    assert len(found) == len(expected)
    for number, (one, two) in enumerate(zip(found, expected)):
        assert f"{one:.9g}" == f"{two:.9g}", (number, one, two)


def test_live_equals_replay(numbers, expected):
    service = Service("live")
    report = json.loads(good("stream", "d/fraudTest.csv", "--to", service.url, "--rate", "0", "--json"))
    assert service.get("/v1/stats")["transactions"] == len(numbers), report
    assert service.get("/v1/stats")["frauds_labelled"] > 0
    found = scores_of(service, numbers)
    assert service.end() == 0
    compare(found, expected)


def test_recovered_equals_replay(numbers, expected):
    service = Service("killed")
    for part in (4, 2):
        good("stream", "d/fraudTest.csv", "--to", service.url, "--rate", "0", "--limit",
             str(len(numbers) // part))
        service.end(signal.SIGKILL)
        service = Service("killed")
    good("stream", "d/fraudTest.csv", "--to", service.url, "--rate", "0")
    assert service.get("/v1/stats")["transactions"] == len(numbers)
    found = scores_of(service, numbers)
    assert service.end() == 0
    compare(found, expected)


def test_restored_equals_replay(numbers, expected):
    """From the checkpoint of an orderly end, what is streamed next is scored as if nothing was."""
    service = Service("stopped")
    good("stream", "d/fraudTest.csv", "--to", service.url, "--rate", "0", "--limit",
         str(len(numbers) // 3))
    assert service.end() == 0
    assert os.path.getsize("stopped/checkpoint") > 0
    service = Service("stopped")
    good("stream", "d/fraudTest.csv", "--to", service.url, "--rate", "0")
    found = scores_of(service, numbers)
    assert service.end() == 0
    compare(found, expected)


TESTS = [test_live_equals_replay, test_recovered_equals_replay, test_restored_equals_replay]


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        good("data", "generate", "--out", "d", "--cards", "40", "--days", "120", "--seed", "5")
        good("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", "m", "--param", "num_round=30",
             "--param", "nthread=1")
        good("replay", "d/fraudTest.csv", "--model", "m", "--out", "scores.csv")
        with open("scores.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        numbers = [row["trans_num"] for row in rows]
        expected = [float(row["score"]) for row in rows]
        status = tap.run("live", TESTS, numbers, expected)
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
