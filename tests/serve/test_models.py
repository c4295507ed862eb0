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


def call(service, method, path, body=None, kind="application/json", **headers):
    """Status, content type and body of an answer."""
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        headers["Content-Type"] = kind
    request = urllib.request.Request(service.url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def asked(service, method, path, body=None):
    status, kind, text = call(service, method, path, body)
    assert (status, kind) == (200, "application/json"), (status, text)
    return json.loads(text)


def refused(service, status, part, method, path, body=None):
    found, kind, text = call(service, method, path, body)
    assert (found, kind) == (status, "application/problem+json"), (method, path, found, text)
    problem = json.loads(text)
    assert problem["status"] == status and part in problem["detail"], problem


def shelve(world, *names):
    """Copies of the models, in a registry of their own."""
    shutil.rmtree("shelf", ignore_errors=True)
    for name in names:
        shutil.copytree(name, f"shelf/card/{world.versions[name]}")


def test_library_answers_as_the_command(world):
    """The registry over HTTP says what the command says, and what is changed there decides here."""
    shelve(world, "one", "two")
    one, two = (world.versions[name] for name in ("one", "two"))
    good("models", "promote", f"card/{one}", "--models", "shelf")
    with Service("library", model="shelf/card/champion") as service:  # --models is where --model lies
        shelf = os.path.abspath("shelf")
        words = ("--models", shelf, "--json")
        assert asked(service, "GET", "/v1/models") == json.loads(good("models", "list", *words))
        assert asked(service, "GET", "/v1/models?name=card") == json.loads(good("models", "list", "card", *words))
        compared = asked(service, "GET", f"/v1/models/compare?models=card/{one},card/{two}")
        assert compared == json.loads(good("models", "compare", f"card/{one}", f"card/{two}", *words))
        shown = asked(service, "GET", f"/v1/models/card/{two}")
        with open("two/report.json", encoding="utf-8") as file:
            assert shown.pop("report") == json.load(file)
        assert shown == json.loads(good("models", "show", f"card/{two}", *words))
        assert asked(service, "GET", "/v1/models/card/champion")["version"] == one

        service.stream("--limit", "200")
        change = asked(service, "POST", f"/v1/models/card/{two}/promote", {})
        assert change == {"name": "card", "alias": "champion", "from": one, "to": two}, change
        wait_until("two decides", lambda: service.get("/v1/stats")["model"]["name"] == "two")
        assert asked(service, "POST", "/v1/models/card/rollback", {"as": "champion"})["to"] == one
        wait_until("one decides", lambda: service.get("/v1/stats")["model"]["name"] == "one")
        refused(service, 409, "in use by this service", "DELETE", f"/v1/models/card/{one}")
        assert asked(service, "DELETE", f"/v1/models/card/{two}") == {"deleted": [{"name": "card", "version": two}]}
        assert not os.path.exists(f"shelf/card/{two}")
        assert os.readlink("shelf/card/champion") == one
        assert f"asked over HTTP by local: card/{two} is the champion, after {one}" in service.said, service.said
        assert service.end() == 0


def test_only_what_can_serve_is_promoted(world):
    """A version that could not be loaded is refused, by HTTP and by command; the service would not come up with it."""
    shelve(world, "one", "two")
    good("models", "promote", f"card/{world.versions['one']}", "--models", "shelf")
    broken = f"shelf/card/{world.versions['two']}"
    os.rename(f"{broken}/xgboost.json", "away.json")
    with Service("guarded", model="shelf/card/champion") as service:
        refused(service, 409, "cannot serve", "POST", f"/v1/models/card/{world.versions['two']}/promote", {})
        done = subprocess.run([HAECHI, "models", "promote", f"card/{world.versions['two']}", "--models", "shelf"],
                              stderr=subprocess.PIPE, text=True, env=ENV, check=False)
        assert done.returncode == 1 and "cannot serve" in done.stderr and done.stderr.count("\n") == 1, done
        assert os.readlink("shelf/card/champion") == world.versions["one"]
        os.rename("away.json", f"{broken}/xgboost.json")
        assert asked(service, "POST", f"/v1/models/card/{world.versions['two']}/promote", {})["to"]
        wait_until("two decides", lambda: service.get("/v1/stats")["model"]["name"] == "two")
        assert service.end() == 0


def test_library_gives_listed_files_only(world):
    shelve(world, "one")
    version = world.versions["one"]
    folder = f"shelf/card/{version}"
    with open("shelf/card/outside", "w", encoding="utf-8") as file:
        file.write("secret")
    with open(f"{folder}/notes.txt", "w", encoding="utf-8") as file:
        file.write("unlisted")
    os.unlink(f"{folder}/roc.png")  # listed, and a link now
    os.symlink("../outside", f"{folder}/roc.png")
    os.unlink(f"{folder}/reliability.png")
    os.mkfifo(f"{folder}/reliability.png")
    with Service("files", "--models", "shelf", model="one") as service:
        at = f"/v1/models/card/{version}/files/"
        kinds = {"report.json": "application/json", "manifest.json": "application/json",
                 "xgboost.json": "application/json", "cost_curve.png": "image/png"}
        for name, kind in kinds.items():
            status, found, text = call(service, "GET", at + name)
            with open(f"{folder}/{name}", "rb") as file:
                assert (status, found, text) == (200, kind, file.read()), (name, status, found)
        for name in ("notes.txt", "..%2Foutside", "%2e%2e", ".", "manifest.json%2F", "x" * 300, "%00", "%0a", "a%22b"):
            status, kind, text = call(service, "GET", at + name)
            assert (status, kind) == (404, "application/problem+json") and b"secret" not in text, (name, status, text)
        for name in ("roc.png", "reliability.png"):
            refused(service, 500, "", "GET", at + name)
        for path in ("/v1/models/../files", "/v1/models/card/..%2F..", "/v1/models/%2e%2e/" + version,
                     "/v1/models/card/.lock", f"/v1/models/card/{version}/", f"/v1/models/card/{version}/files/",
                     f"/v1/models//{version}", f"/v1/models/card/{version[:12]}"):
            assert call(service, "GET", path)[0] == 404, path
        assert service.end() == 0


def test_library_is_safe_from_other_pages(world):
    """What a page of another site can have a browser send without asking changes nothing."""
    shelve(world, "one", "two")
    one, two = (world.versions[name] for name in ("one", "two"))
    good("models", "promote", f"card/{one}", "--models", "shelf")
    with Service("safe", model="shelf/card/champion") as service:
        up = f"/v1/models/card/{two}/promote"
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            assert call(service, "POST", up, {}, kind)[0] == 415, kind
        assert call(service, "POST", up, {}, Host="evil.example")[0] == 421
        assert call(service, "DELETE", f"/v1/models/card/{two}", Host="evil.example")[0] == 421
        request = urllib.request.Request(service.url + up, method="OPTIONS",
                                         headers={"Origin": "http://evil.example",
                                                  "Access-Control-Request-Method": "DELETE"})
        try:
            urllib.request.urlopen(request, timeout=30)
            raise AssertionError("a browser is allowed to ask")
        except urllib.error.HTTPError as error:
            with error:
                assert error.code == 403 and not any(k.lower().startswith("access-control") for k in error.headers)
        assert os.readlink("shelf/card/champion") == one and os.path.exists(f"shelf/card/{two}")
        assert service.end() == 0


def test_library_is_broken_alone(world):
    """A history or a manifest that cannot be read, and a registry that is gone, are told, and decisions go on."""
    shelve(world, "one", "two")
    two = world.versions["two"]
    with open(f"shelf/card/{two}/manifest.json", "w", encoding="utf-8") as file:
        file.write("{")
    with Service("broken", "--models", "shelf", model="one") as service:
        shown = asked(service, "GET", f"/v1/models/card/{two}")
        assert "manifest" not in shown and "manifest.json" in shown["error"] and shown["report"] is None, shown
        with open("shelf/card/history.jsonl", "w", encoding="utf-8") as file:
            file.write("[]\n")
        refused(service, 500, "history", "POST", "/v1/models/card/rollback", {})
        assert "history" in service.said
        shutil.rmtree("shelf")
        refused(service, 404, "no such folder of models", "GET", "/v1/models")
        assert service.stream("--limit", "50")["transactions"] == 50
        assert service.end() == 0


TESTS = [test_champion_changes_under_load, test_killed_after_a_change, test_bad_model_changes_nothing,
         test_challenger_is_compared, test_registry_decides,
         test_library_answers_as_the_command, test_only_what_can_serve_is_promoted,
         test_library_gives_listed_files_only, test_library_is_safe_from_other_pages,
         test_library_is_broken_alone]


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        status = tap.run("serve/models", TESTS, World())
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
