#!/usr/bin/env python3
"""haechi train ensemble: several kinds of models on one data set, put together; how they are judged, scored,
replayed and served, and what is refused. Speaks TAP."""

import csv
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parents[1] / "tools"))
import python_env  # noqa: E402
import tap  # noqa: E402
from service import ENV, Service  # noqa: E402

HAECHI = os.environ["HAECHI"]
SMALL = ["--param", "xgboost.num_round=30", "--param", "xgboost.nthread=1", "--param", "gcn.epochs=2",
         "--param", "gcn.nthread=1", "--param", "gcn.width=16"]
WORDS = ["--train", "d/fraudTrain.csv", "--members", "xgboost,gcn", *SMALL]


def run(*words):
    """Exit status, standard output, standard error."""
    done = subprocess.run([HAECHI, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=250, env=ENV, check=False)
    return done.returncode, done.stdout, done.stderr


def good(*words):
    status, out, err = run(*words)
    assert status == 0, (words, status, err)
    return out


def read(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def scores(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def log_odds(probability):
    return math.log(probability / (1 - probability))


def test_manifest_and_report():
    """Weights and bias, each member's own threshold, metrics and parameters; a report of the whole."""
    manifest = read("e/manifest.json")
    assert manifest["name"] == "ensemble" and [m["kind"] for m in manifest["members"]] == ["xgboost", "gcn"]
    assert all(member["weight"] >= 0 and 0 <= member["threshold"] <= 1 for member in manifest["members"])
    assert sum(member["weight"] for member in manifest["members"]) > 0
    assert manifest["parameters"]["xgboost.num_round"] == "30" and manifest["parameters"]["gcn.width"] == "16"
    metrics = manifest["metrics"]
    assert metrics["xgboost.average_precision"] > 0.9 and metrics["gcn.average_precision"] > 0.3
    assert metrics["average_precision"] > 0.9, metrics
    report = read("e/report.json")
    assert report["kind"] == "ensemble" and report["layers"][-1]["name"] == "read-out"
    curves = {curve["metric"].split(":")[0] for curve in report["training_curve"]}
    assert curves == {"xgboost", "gcn"}, curves
    assert report["shap"]["method"].startswith("Shapley values of the trees")
    for row, score in zip(report["shap"]["contributions"], report["shap"]["scores"]):
        assert len(row) == len(report["shap"]["features"]) and 0 <= score <= 1
    assert pathlib.Path("e/reliability.png").stat().st_size > 1000


def test_score_is_the_stack():
    """Each score is the probability of the weighted log-odds of what the members say."""
    manifest = read("e/manifest.json")
    rows = scores("e.csv")
    assert list(rows[0]) == ["trans_num", "score", "decision", "xgboost", "gcn"]
    compared = 0
    for row in rows:
        own = [float(row[member["kind"]]) for member in manifest["members"]]
        if any(not 1e-5 < score < 0.99 for score in own):
            continue  # too near to 0 or 1 to tell the log-odds
        odds = manifest["bias"] + sum(m["weight"] * log_odds(score) for m, score in zip(manifest["members"], own))
        assert abs(log_odds(float(row["score"])) - odds) < 1e-2, row
        compared += 1
    assert compared > 20, compared


def test_replay_judges_members():
    report = json.loads(good("replay", "d/fraudTest.csv", "--warmup", "d/fraudTrain.csv", "--model", "e", "--json"))
    assert [member["kind"] for member in report["members"]] == ["xgboost", "gcn"]
    assert report["average_precision"] > 0.9 and report["members"][0]["average_precision"] > 0.9
    any_alerts = all_alerts = 0
    thresholds = {m["kind"]: m["threshold"] for m in read("e/manifest.json")["members"]}
    for row in scores("e.csv"):
        alerts = [float(row[kind]) >= threshold for kind, threshold in thresholds.items()]
        any_alerts += any(alerts)
        all_alerts += all(alerts)
    assert any_alerts > 0 and abs(report["agreement"] - all_alerts / any_alerts) < 1e-6, report
    text = good("replay", "d/fraudTest.csv", "--warmup", "d/fraudTrain.csv", "--model", "e")
    assert "members agree on" in text and "gcn       by itself" in text


def test_served():
    """What the members say of a transaction is answered, kept, and counted."""
    rows = {row["trans_num"]: row for row in scores("e-cold.csv")}
    thresholds = {m["kind"]: m["threshold"] for m in read("e/manifest.json")["members"]}
    with Service("served", model="e") as service:
        good("stream", "d/fraudTest.csv", "--to", service.url, "--rate", "0")
        any_alerts = all_alerts = 0
        for number, row in rows.items():
            found = service.get(f"/v1/transactions/{number}")
            assert f"{found['score']:.9g}" == f"{float(row['score']):.9g}"
            assert [member["kind"] for member in found["members"]] == ["xgboost", "gcn"]
            alerts = []
            for member in found["members"]:
                assert f"{member['score']:.9g}" == f"{float(row[member['kind']]):.9g}", (member, row)
                assert member["alert"] == (float(row[member["kind"]]) >= thresholds[member["kind"]])
                alerts.append(member["alert"])
            decided = found["decision"] != "approve"
            assert found["agreement"] == alerts.count(decided) / 2, found
            any_alerts += any(alerts)
            all_alerts += all(alerts)
        assert any_alerts > 0
        assert service.get("/v1/stats")["member_alerts"] == {"any": any_alerts, "all": all_alerts}
        metrics = service.text("/metrics").splitlines()
        assert f"haechi_member_alerts_any_total {any_alerts}" in metrics
        assert f"haechi_member_alerts_all_total {all_alerts}" in metrics
        service.end()


def test_with_catboost():
    """All three kinds are the default."""
    if not python_env.there("catboost"):
        return "SKIP CatBoost's environment is not here: make catboost"
    good("train", "ensemble", "--train", "d/fraudTrain.csv", "--out", "three", *SMALL, "--param",
         "catboost.iterations=30", "--param", "catboost.thread_count=1")
    manifest = read("three/manifest.json")
    assert [member["kind"] for member in manifest["members"]] == ["xgboost", "catboost", "gcn"]
    report = json.loads(good("replay", "d/fraudTest.csv", "--warmup", "d/fraudTrain.csv", "--model", "three", "--json"))
    assert report["average_precision"] > 0.9 and len(report["members"]) == 3, report
    return None


def test_refit():
    """Both stages learn from the judging rows too; weights, thresholds and metrics stay."""
    good("train", "ensemble", "--out", "again", "--refit", *WORDS)
    one, two = read("e/manifest.json"), read("again/manifest.json")
    assert one["members"] == two["members"] and one["bias"] == two["bias"]
    assert one["metrics"] == two["metrics"] and one["threshold"] == two["threshold"]
    for name in ("xgboost.json", "gcn.json", "suspicion.json"):
        assert one["files"][name] != two["files"][name], name


def test_without_features():
    """Nothing is learnt of them: no tree asks for them, and the score is the same whatever they are."""
    good("train", "ensemble", "--out", "blind", "--without", "gender_female", "--without", "merchant_*", *WORDS)
    report = read("blind/report.json")
    for feature in report["importance"]:
        hidden = feature["feature"] == "gender_female" or feature["feature"].startswith("merchant_")
        assert not hidden or feature["mean_contribution"] == 0, feature
    good("replay", "d/fraudTest.csv", "--model", "blind", "--out", "one.csv")
    with open("d/fraudTest.csv", newline="", encoding="utf-8") as file, \
            open("swapped.csv", "w", newline="", encoding="utf-8") as out:
        rows = csv.DictReader(file)
        writer = csv.DictWriter(out, rows.fieldnames)
        writer.writeheader()
        for row in rows:
            row["gender"] = {"F": "M", "M": "F"}[row["gender"]]
            writer.writerow(row)
    good("replay", "swapped.csv", "--model", "blind", "--out", "two.csv")
    assert scores("one.csv") == scores("two.csv")


def test_refused():
    for part, *words in (("--members wants some of xgboost,catboost,gcn", "--members", "xgboost,forest"),
                         ("--members wants some of", "--members", "gcn,gcn"),
                         ("--members wants some of", "--members", ""),
                         ("KIND.NAME=VALUE", "--param", "eta=0.1"),
                         ("KIND.NAME=VALUE", "--param", "catboost.depth=3", "--members", "xgboost"),
                         ("KIND.NAME=VALUE", "--param", "gcn.=3"),
                         ("nthread must be", "--param", "xgboost.nthread=3000", "--members", "xgboost"),
                         ("no parameter 'with'", "--param", "gcn.with=3", "--members", "gcn,xgboost"),
                         ("there is no feature 'sex'", "--without", "sex", "--members", "gcn")):
        status, out, err = run("train", "ensemble", "--out", "x", "--train", "d/fraudTrain.csv", *words)
        assert status in (1, 2) and out == "" and part in err and err.count("\n") == 1, (words, status, err)
        assert not os.path.exists("x")


TESTS = [test_manifest_and_report, test_score_is_the_stack, test_replay_judges_members, test_served,
         test_with_catboost, test_refit, test_without_features, test_refused]


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        good("data", "generate", "--out", "d", "--cards", "120", "--days", "150", "--seed", "4")
        good("train", "ensemble", "--out", "e", *WORDS)
        good("replay", "d/fraudTest.csv", "--warmup", "d/fraudTrain.csv", "--model", "e", "--out", "e.csv")
        good("replay", "d/fraudTest.csv", "--model", "e", "--out", "e-cold.csv")
        status = tap.run("ensemble", TESTS)
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
