#!/usr/bin/env python3
"""Debian's Prometheus, with deploy/prometheus, reads a haechi that decides transactions; the queries of all
rules and of all panels of deploy/grafana are asked of it, and each has an answer. Those of Kafka and Neo4j,
which are not there, are only parsed, and their metrics looked up in the source. Speaks TAP."""

import contextlib
import functools
import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tap  # noqa: E402
from service import ENV, Service, wait_until  # noqa: E402
import dashboards  # noqa: E402

HAECHI = os.environ["HAECHI"]
HERE = os.path.abspath("deploy/prometheus")
METERS = os.path.abspath("src/serve/meters.c")
LACKS = "" if shutil.which("prometheus") and shutil.which("promtool") else \
    "SKIP Prometheus is not there; tools/setup.sh test installs it"
ELSEWHERE = re.compile(r"haechi_((?:kafka|neo4j)_\w+)")  # metrics that are told of only beside these servers
COMPARISON = re.compile(r" (<|<=|>|>=) [0-9.]+$")


def good(*words):
    subprocess.run([HAECHI, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV,
                   timeout=250)


class Prometheus:
    """One of its own, on a free port of the loopback, that looks at `target` every second."""

    def __init__(self, target):
        shutil.copytree(HERE, "prometheus")
        with open("prometheus/prometheus.yml", encoding="utf-8") as file:
            text = file.read()
        assert text.count("127.0.0.1:8080") == 1 and text.count(": 15s") == 2, text
        with open("prometheus/prometheus.yml", "w", encoding="utf-8") as file:
            file.write(text.replace("127.0.0.1:8080", target).replace(": 15s", ": 1s"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{address}/api/v1/"
        self.log = open("prometheus.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            ["prometheus", "--config.file=prometheus/prometheus.yml", "--storage.tsdb.path=tsdb",
             f"--web.listen-address={address}"], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def get(self, path, **parameters):
        """The answer's data. Prometheus refuses a query that it cannot parse with status 400."""
        with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(parameters)}", timeout=30) as answer:
            return json.load(answer)["data"]

    def ask(self, query):
        """The numbers that it gives now; a quotient of nothing is none."""
        rows = self.get("query", query=query)["result"]
        return [value for value in (float(row["value"][1]) for row in rows) if math.isfinite(value)]

    def knows(self, query):
        """False until it listens, too."""
        with contextlib.suppress(OSError):
            assert self.process.poll() is None, "Prometheus has ended"
            return bool(self.ask(query))
        return False


def check(prometheus, what, query):
    """Whether the query could be answered here."""
    elsewhere = ELSEWHERE.findall(query)
    if not elsewhere:
        assert prometheus.ask(query), f"{what}: no data: {query}"
        return True
    prometheus.ask(query)
    with open(METERS, encoding="utf-8") as file:
        source = file.read()
    for name in elsewhere:
        assert f'"{name}"' in source, f"{what}: haechi has no metric {name}"
    return False


def test_promtool():
    for words in (("config", f"{HERE}/prometheus.yml"), ("rules", f"{HERE}/haechi.rules.yml")):
        done = subprocess.run(["promtool", "check", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_files_fit_together():
    """Each panel has a place, a title and a data source that is provisioned; no uid is there twice."""
    sources = dashboards.data_sources()
    assert sorted(sources) == [dashboards.NEO4J, dashboards.PROMETHEUS]
    boards = dashboards.dashboards()
    uids = [board["uid"] for board in boards] + [rule["uid"] for rule in dashboards.alert_rules()]
    assert len(boards) == 2 and len(set(uids)) == len(uids)
    for board in boards:
        assert board["schemaVersion"] >= 39 and len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        cells = [(x, y) for panel in board["panels"] for place in [panel["gridPos"]]
                 for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])]
        assert len(set(cells)) == len(cells) and max(x for x, _ in cells) < 24
        for panel in board["panels"]:
            assert panel["title"] and panel["targets"] and panel["datasource"]["uid"] in sources, panel
            assert panel["type"] == "table" or panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            assert all(target["datasource"] == panel["datasource"] for target in panel["targets"]), panel["title"]
    for rule in dashboards.alert_rules():
        asked, judged = rule["data"]
        assert asked["datasourceUid"] == dashboards.PROMETHEUS and rule["condition"] == judged["refId"], rule
        assert judged["model"]["expression"] == asked["refId"], rule


def test_rules(prometheus):
    """Each rule is evaluated without an error; what an alert compares is there, though it should not fire."""
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    answered = 0
    for rule in rules:
        assert rule["health"] == "ok", rule
        query, found = rule["query"], COMPARISON.search(rule["query"])
        assert bool(found) == (rule["type"] == "alerting"), rule
        answered += check(prometheus, rule["name"], query[:found.start()] if found else query)
        if not found:
            assert prometheus.ask(rule["name"]), rule
    assert answered >= 14, answered
    print(f"# {answered} of {len(rules)} rules answered; the others need Kafka or Neo4j")


def test_grafana_rules(prometheus):
    rules = dashboards.alert_rules()
    answered = sum(check(prometheus, rule["title"], rule["data"][0]["model"]["expr"]) for rule in rules)
    assert answered >= 7, answered


def test_panels(prometheus):
    panels = list(dashboards.promql())
    answered = sum(check(prometheus, *panel) for panel in panels)
    assert answered >= 30, answered
    print(f"# {answered} of {len(panels)} queries answered; the others need Kafka or Neo4j")


def test_instances(prometheus):
    """The dashboard's list of instances is not empty; and what is not there has no answer."""
    assert [row["metric"]["job"] for row in prometheus.get("query", query="haechi_build_info")["result"]] == ["haechi"]
    assert prometheus.ask("haechi_no_such_metric") == []


def on(prometheus, test):
    """The test as one without arguments; skipped where there is no Prometheus."""
    @functools.wraps(test)
    def prepared():
        return LACKS or test(*([prometheus] if test in SERVED else []))
    return prepared


SERVED = [test_rules, test_grafana_rules, test_panels, test_instances]


def run(prometheus):
    return tap.run("prometheus", [test_files_fit_together,
                                  *(on(prometheus, test) for test in [test_promtool, *SERVED])])


def main():
    if LACKS:
        return run(None)
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        good("data", "generate", "--out", "d", "--cards", "60", "--days", "60", "--seed", "4")
        good("train", "ensemble", "--train", "d/fraudTrain.csv", "--out", "m", "--members", "xgboost,gcn",
             *[word for item in ("xgboost.num_round=30", "xgboost.nthread=1", "gcn.epochs=2", "gcn.nthread=1",
                                 "gcn.width=16") for word in ("--param", item)])
        with Service("store") as service, Prometheus(service.url.removeprefix("http://")) as prometheus:
            wait_until("Prometheus reads haechi", lambda: prometheus.knows("haechi_build_info"))
            good("stream", "d/fraudTest.csv", "--to", service.url, "--rate", "600")
            good("pipeline", "run", "train_xgboost", "--data-dir", "store", "--set", "train=d/fraudTrain.csv", "--set",
                 "rounds=2")
            wait_until("the pipeline is told", lambda: prometheus.knows("haechi_pipeline_success_ratio"))
            wait_until("the rules are evaluated", lambda: prometheus.knows("haechi:member_agreement:ratio1h"))
            wait_until("drift is told", lambda: prometheus.knows("haechi_drift_psi"))
            status = run(prometheus)
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
