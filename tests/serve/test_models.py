#!/usr/bin/env python3
"""The models of a running service: another model takes over between two transactions, none of which is
lost, and from then on every score is the one it would have given had it decided from the first; a
challenger is compared on the same traffic. Speaks TAP."""

import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tap  # noqa: E402
from service import ENV, Service as AnyService, wait_until  # noqa: E402

HAECHI = os.environ["HAECHI"]
FILE = "d/fraudTest.csv"


def good(*words):
    return subprocess.run([HAECHI, *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENV,
                          timeout=250).stdout.decode()


class Service(AnyService):
    def __init__(self, data_dir, *words, model="live-model"):
        super().__init__(data_dir, *words, model=model)

    def live(self):
        """None while there is no challenger."""
        try:
            return self.get("/v1/models/live")
        except urllib.error.HTTPError as error:
            assert error.code == 404, error
            return None

    def stream(self, *words):
        return json.loads(good("stream", FILE, "--to", self.url, "--rate", "0", "--json", *words))

    def decisions(self, world):
        return [self.get(f"/v1/transactions/{number}") for number in world.numbers]


class World:
    """Data, two models, and what each scores."""

    def __init__(self):
        good("data", "generate", "--out", "d", "--cards", "100", "--days", "150", "--seed", "21")
        self.versions, self.scores = {}, {}
        for name, rounds in (("one", "25"), ("two", "6")):
            good("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", name, "--param", f"num_round={rounds}",
                 "--param", "nthread=1", "--name", name)
            with open(f"{name}/manifest.json", encoding="utf-8") as file:
                self.versions[name] = json.load(file)["version"]
            good("replay", FILE, "--model", name, "--out", "scores.csv")
            with open("scores.csv", newline="", encoding="utf-8") as file:
                self.scores[name] = {row["trans_num"]: row for row in csv.DictReader(file)}
        self.numbers = list(self.scores["one"])


def put(model):
    """Makes it the champion, as a deployment would: a link that leads to it from now on."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink("next")
    os.symlink(model, "next")
    os.replace("next", "live-model")


def check(world, decisions):
    """Each score is its model's own, as if that had decided from the first; returns how many each model
    has decided."""
    counts = {"one": 0, "two": 0}
    for decision in decisions:
        name = decision["model"]["name"]
        assert decision["model"]["version"] == world.versions[name]
        expected = world.scores[name][decision["trans_num"]]["score"]
        assert f"{decision['score']:.9g}" == f"{float(expected):.9g}", (name, decision, expected)
        counts[name] += 1
    return counts


def test_champion_changes_under_load(world):
    put("one")
    with Service("changed") as service:
        rate = str(len(world.numbers) // 6)
        sender = subprocess.Popen([HAECHI, "stream", FILE, "--to", service.url, "--rate", rate, "--json"],
                                  stdout=subprocess.PIPE, env=ENV)
        for model in ("two", "one", "two"):
            before = service.get("/v1/stats")["transactions"]
            wait_until("it decides", lambda: service.get("/v1/stats")["transactions"] > before + 100)
            put(model)
            wait_until(f"{model} decides", lambda: service.get("/v1/stats")["model"]["name"] == model)
        assert sender.wait(timeout=60) == 0
        assert json.loads(sender.stdout.read())["transactions"] == len(world.numbers)
        counts = check(world, service.decisions(world))
        assert counts["one"] > 100 and counts["two"] > 100, counts
        assert service.end() == 0
        assert service.said.count("is the champion") == 3, service.said


def test_killed_after_a_change(world):
    """Whatever is killed when, the state is the fold of the whole log by the model in use."""
    put("one")
    quarter = len(world.numbers) // 4
    with Service("killed") as service:
        service.stream("--limit", str(quarter))
        put("two")
        wait_until("two decides", lambda: service.get("/v1/stats")["model"]["name"] == "two")
        service.stream("--limit", str(2 * quarter))
        service.end(signal.SIGKILL)
    with Service("killed") as service:
        assert "0 scores differ" in service.said, service.said
        service.stream("--limit", str(3 * quarter))
        service.end(signal.SIGKILL)
    put("one")
    with Service("killed") as service:
        service.stream()
        counts = check(world, service.decisions(world))
        assert counts["two"] == 2 * quarter, counts
        assert service.end() == 0


def test_bad_model_changes_nothing(world):
    put("one")
    shutil.copytree("two", "damaged")
    with open("damaged/xgboost.json", "r+", encoding="utf-8") as file:
        file.write("{")
        file.truncate(100)
    with Service("damaged-data") as service:
        service.stream("--limit", "100")
        put("damaged")
        wait_until("it says so", lambda: "the model before goes on" in service.said)
        os.unlink("live-model")
        service.stream("--limit", "200")
        assert service.get("/v1/stats")["model"]["name"] == "one"
        put("two")
        wait_until("two decides", lambda: service.get("/v1/stats")["model"]["name"] == "two")
        assert service.end() == 0


def alerts(rows):
    return {number for number, row in rows.items() if row["decision"] != "approve"}


def test_challenger_is_compared(world):
    put("one")
    with Service("compared", "--challenger", "two") as service:
        service.stream()
        live = wait_until("it has seen all", lambda: (found := service.live()) and found["lag_events"] == 0 and found)
        assert (live["champion"]["name"], live["challenger"]["name"]) == ("one", "two")
        found, rows = live["comparison"], world.scores
        assert found["transactions"] == len(world.numbers)
        agreed = sum(rows["one"][n]["decision"] == rows["two"][n]["decision"] for n in world.numbers)
        assert abs(found["agreement"] - agreed / len(world.numbers)) < 1e-5
        for a, row in found["verdicts"].items():
            for b, count in row.items():
                assert count == sum(rows["one"][n]["decision"] == a and rows["two"][n]["decision"] == b
                                    for n in world.numbers), (a, b, count)
        gaps = [abs(float(rows["one"][n]["score"]) - float(rows["two"][n]["score"])) for n in world.numbers]
        assert abs(found["score_difference"]["mean"] - sum(gaps) / len(gaps)) < 1e-5
        assert abs(found["score_difference"]["max"] - max(gaps)) < 1e-5
        with open(FILE, newline="", encoding="utf-8") as file:
            frauds = {row["trans_num"] for row in csv.DictReader(file) if row["is_fraud"] == "1"}
        for role, name in (("champion", "one"), ("challenger", "two")):
            flagged, hits = alerts(rows[name]), found[role]
            assert hits["alerts"] == len(flagged)
            labelled = hits["true_positives"] + hits["false_negatives"]
            assert 0 < labelled <= len(frauds), hits
            assert hits["true_positives"] <= len(flagged & frauds), hits
        table = good("models", "compare", "--live", "--url", service.url)
        assert f"{len(world.numbers)} transactions" in table and world.versions["two"] in table, table
        assert json.loads(good("models", "compare", "--live", "--json", "--url", service.url)) == service.live()
        put("two")  # the challenger becomes the champion
        wait_until("two decides", lambda: service.get("/v1/stats")["model"]["name"] == "two")
        wait_until("there is no challenger", lambda: service.live() is None)
        assert service.end() == 0


def test_registry_decides(world):
    """promote and rollback change the service: its folders are the registry's links."""
    for name in ("one", "two"):
        os.makedirs("models/card", exist_ok=True)
        if not os.path.exists(f"models/card/{world.versions[name]}"):
            shutil.copytree(name, f"models/card/{world.versions[name]}")
    good("models", "promote", f"card/{world.versions['one']}")
    with Service("registered", "--challenger", "models/card/challenger", model="models/card/champion") as service:
        service.stream("--limit", "300")
        assert service.live() is None
        good("models", "promote", f"card/{world.versions['two']}", "--as", "challenger")
        live = wait_until("two follows", lambda: (found := service.live()) and found["lag_events"] == 0 and found)
        assert live["comparison"]["transactions"] == 300, live
        good("models", "promote", f"card/{world.versions['two']}")
        wait_until("two decides", lambda: service.get("/v1/stats")["model"]["name"] == "two")
        wait_until("there is no challenger", lambda: service.live() is None)
        good("models", "rollback", "card")
        wait_until("one decides", lambda: service.get("/v1/stats")["model"]["name"] == "one")
        assert service.end() == 0


TESTS = [test_champion_changes_under_load, test_killed_after_a_change, test_bad_model_changes_nothing,
         test_challenger_is_compared, test_registry_decides]


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        status = tap.run("serve/models", TESTS, World())
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
