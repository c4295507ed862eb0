#!/usr/bin/env python3
"""Measures how good the models are, as docs/models.md tells it: the table of the kinds and their ensemble, what
each part of the features brings, and what the graph brings on compromised merchants and rings.

    HAECHI=build/haechi bench/models.py [--data DIR] [--only kinds|parts|scenarios]

DIR has fraudTrain.csv and fraudTest.csv (or .zst, .gz); without it they are generated. Every figure is of
transactions that no model has seen: of fraudTest.csv, replayed after fraudTrain.csv has warmed the graph up. Prints
Markdown. Takes about half an hour on two cores."""

import argparse
import contextlib
import csv
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import bench  # noqa: E402
import python_env  # noqa: E402

HAECHI = os.path.abspath(os.environ.get("HAECHI", "build/haechi"))
PRECISION = 0.95

# What each step of the ablation adds, as patterns of features' names; own fields come first.
PARTS = (("own fields", ()),
         ("+ the card's windows and habits", ("card_*",)),
         ("+ edges", ("edge_*",)),
         ("+ merchants", ("merchant_*", "exposure_*")),
         ("+ suspicion", ("suspicion", "*_suspicion_*", "*_evidence")))
GRAPH = ("edge_*", "merchant_*", "exposure_*")


def haechi(*words):
    bench.say(" ".join(map(str, words)))
    return json.loads(bench.run([HAECHI, *map(str, words), "--json"])[0])


def train(kind, data, out, *words):
    haechi("train", kind, "--train", data[0], "--out", out, *words)
    return out


def replay(data, model):
    """replay's report; the scores are in scores.csv."""
    return haechi("replay", data[1], "--warmup", data[0], "--model", model, "--out", "scores.csv")


@contextlib.contextmanager
def opened(path):
    """A CSV file, plain or compressed, as text."""
    if path.suffix == ".zst":
        with subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE, text=True) as unpacked:
            yield unpacked.stdout
    else:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
            yield file


def frauds_of(data):
    with opened(pathlib.Path(data[1])) as file:
        return {found["trans_num"] for found in csv.DictReader(file) if found["is_fraud"] == "1"}


def balanced_f1(column, threshold, frauds):
    """F1 to be expected on all frauds and as many other transactions drawn at random."""
    hits, alarms, rows = 0, 0, 0
    with open("scores.csv", newline="", encoding="utf-8") as file:
        for found in csv.DictReader(file):
            is_fraud = found["trans_num"] in frauds
            flagged = float(found[column]) >= threshold
            hits += is_fraud and flagged
            alarms += flagged and not is_fraud
            rows += 1
    recall, fall_out = hits / len(frauds), alarms / (rows - len(frauds))
    return 2 * recall / (recall + fall_out + 1)


def features():
    """Names of the features, and which are own fields."""
    return [(feature["name"], feature["own"]) for feature in haechi("features")["features"]]


def row(name, report, balanced):
    print(f"| {name} | {report['average_precision']:.4f} | {report['best_f1']:.4f} | "
          f"{report['recall_at_precision_95']:.4f} | {balanced:.4f} |", flush=True)


def head(first):
    print(f"\n| {first} | average precision | best F1 | recall at precision 0.95 | balanced F1 |\n"
          "| --- | --- | --- | --- | --- |", flush=True)


NAMES = {"xgboost": "XGBoost", "catboost": "CatBoost", "gcn": "GCN"}


def judge(name, data, model, frauds):
    """A line for the model, and before it one for each of several members."""
    report = replay(data, model)
    metrics = json.loads(pathlib.Path(model, "manifest.json").read_text(encoding="utf-8"))["metrics"]
    for member in report.get("members", ()):
        kind = member["kind"]
        balanced = balanced_f1(kind, metrics[f"{kind}.balanced_f1_threshold"], frauds)
        row(f"{NAMES[kind]}{name}", member, balanced)
    row(("ensemble" if "members" in report else "") + name, report,
        balanced_f1("score", metrics["balanced_f1_threshold"], frauds))
    return report


def kinds(data):
    """Each kind by itself and all together, learnt from all but the judging rows, and from those too."""
    members = ",".join(NAMES) if python_env.there("catboost") else "xgboost,gcn"
    frauds = frauds_of(data)
    head("")
    for words, what in (((), ""), (("--refit",), ", `--refit`")):
        report = judge(what, data, train("ensemble", data, "ensemble", "--members", members, *words), frauds)
        bench.say(f"{report['transactions_per_second']:,.0f} transactions a second with all of them; they agree on "
                  f"{100 * report['agreement']:.1f} % of what any would alert on")


def without(patterns):
    return [word for pattern in patterns for word in ("--without", pattern)]


def belongs(name, patterns):
    return any(pathlib.PurePath(name).match(pattern) for pattern in patterns)


def parts(data):
    """XGBoost with ever more of the features, and the GCN beside it."""
    frauds = frauds_of(data)
    head("features")
    known = [name for name, own in features() if own]
    others = [name for name, own in features() if not own]
    suspicion = PARTS[-1][1]
    for what, patterns in PARTS:
        known += [name for name in others if name not in known and belongs(name, patterns)
                  and (patterns is suspicion or not belongs(name, suspicion))]
        hidden = [name for name in others if name not in known]
        judge(what, data, train("xgboost", data, "part", *without(hidden)), frauds)
    assert not hidden, hidden
    report = replay(data, train("ensemble", data, "part", "--members", "xgboost,gcn"))
    metrics = json.loads(pathlib.Path("part/manifest.json").read_text(encoding="utf-8"))["metrics"]
    row("+ GCN", report, balanced_f1("score", metrics["balanced_f1_threshold"], frauds))


def recall_of(model, data, truth, wanted):
    """Recall of the scenario's frauds at the lowest threshold at which precision over all is PRECISION."""
    replay(data, model)
    frauds = frauds_of(data)
    with open("scores.csv", newline="", encoding="utf-8") as file:
        scores = sorted(((float(found["score"]), found["trans_num"]) for found in csv.DictReader(file)), reverse=True)
    hits, best = 0, 0
    for flagged, (score, number) in enumerate(scores, 1):
        hits += number in frauds
        last = flagged == len(scores) or scores[flagged][0] < score
        if last and hits >= PRECISION * flagged:
            best = flagged
    caught = {number for _, number in scores[:best]}
    these = {number for number in frauds if truth.get(number) in wanted}
    return len(these & caught) / len(these), len(these)


def scenarios(_):
    """What edges and merchants bring where only who met whom gives the fraud away."""
    haechi("data", "generate", "--out", "scenarios", "--cards", "1000", "--days", "365", "--scenarios", "all",
           "--seed", "11")
    data = ("scenarios/fraudTrain.csv", "scenarios/fraudTest.csv")
    with open("scenarios/truth.csv", newline="", encoding="utf-8") as file:
        truth = {found["trans_num"]: found["scenario"] for found in csv.DictReader(file)}
    models = {"with": train("xgboost", data, "with"), "without": train("xgboost", data, "without", *without(GRAPH))}
    print("\n| frauds | how many | recall with the graph's features | without them |\n| --- | --- | --- | --- |")
    names = ("compromised_merchant", "ring")
    for wanted in ((name,) for name in names + ("card_testing", "stolen_card")):
        found = {which: recall_of(model, data, truth, wanted) for which, model in models.items()}
        print(f"| {wanted[0].replace('_', ' ')} | {found['with'][1]} | {found['with'][0]:.3f} | "
              f"{found['without'][0]:.3f} |", flush=True)
    found = {which: recall_of(model, data, truth, names) for which, model in models.items()}
    print(f"| compromised merchants and rings together | {found['with'][1]} | {found['with'][0]:.3f} | "
          f"{found['without'][0]:.3f} |", flush=True)


MEASURES = {"kinds": kinds, "parts": parts, "scenarios": scenarios}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data")
    parser.add_argument("--only", choices=MEASURES)
    words = parser.parse_args()
    folder = words.data and os.path.abspath(words.data)
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        if not folder:
            folder = "generated"
            haechi("data", "generate", "--out", folder)
        data = [bench.find(pathlib.Path(folder), name) for name in ("fraudTrain.csv", "fraudTest.csv")]
        for name, measure in MEASURES.items():
            if words.only in (None, name):
                measure(data)
        os.chdir(ROOT)


if __name__ == "__main__":
    sys.exit(main())
