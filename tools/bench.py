#!/usr/bin/env python3
"""Measures what docs/benchmarks.md promises, each figure as a ratio to its target, in one run.

    bench.py BUILD

BENCH_DATA names a folder with fraudTrain.csv and fraudTest.csv (or .zst, .gz) to train on and judge
by; without it, two years of 1000 cards are generated. A ratio of 1 or more meets the target. Prints
a Markdown table, and exits with status 1 if a measurement could not be made.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import python_env


class Table:
    """The rows measured so far; each is printed as soon as it is known."""

    def __init__(self):
        print("| what | measured | target | ratio |\n| --- | --- | --- | --- |", flush=True)

    def at_least(self, what, measured, target, unit=""):
        self.row(what, measured, f"at least {target:,}{unit}", measured / target, unit)

    def at_most(self, what, measured, target, unit=""):
        self.row(what, measured, f"at most {target:,}{unit}", target / measured, unit)

    def row(self, what, measured, target, ratio, unit):
        figure = f"{measured:,.0f}" if measured >= 1000 else f"{measured:.4g}"
        print(f"| {what} | {figure}{unit} | {target} | {ratio:.2f} |", flush=True)


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, **more):
    """(standard output, seconds, peak memory in MiB) of a command that must succeed."""
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        child = subprocess.Popen(command, stdout=out, **more)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        out.seek(0)
        text = out.read()
    if child.returncode != 0:
        sys.exit(f"bench: failed with status {child.returncode}: {' '.join(map(str, command))}\n{text}")
    return text, seconds, usage.ru_maxrss / 1024


def find(folder, name):
    for suffix in ("", ".zst", ".gz"):
        path = pathlib.Path(folder, name + suffix)
        if path.exists():
            return path
    sys.exit(f"bench: there is no {name} in {folder}")


def bench_data(table, haechi, work):
    """Generates data; returns the folder to train from."""
    say("generating two years of 1000 cards ...")
    made = work / "data"
    _, seconds, _ = run([haechi, "data", "generate", "--out", made, "--cards", "1000", "--days", "731"])
    rows = sum(1 for name in ("fraudTrain.csv", "fraudTest.csv") for _ in open(made / name, "rb"))
    table.at_least("data generate, rows a second", rows / seconds, 500_000)
    return pathlib.Path(os.environ.get("BENCH_DATA", made))


def bench_train(table, haechi, train, model):
    say("training ...")
    _, seconds, memory = run([haechi, "train", "xgboost", "--train", train, "--out", model])
    table.at_most("training, features included", seconds, 120, " s")
    table.at_most("training, peak memory", memory, 3072, " MiB")


def bench_replay(table, haechi, train, test, model):
    say("replaying ...")
    turns = [json.loads(run([haechi, "replay", test, "--model", model, "--warmup", train, "--json"])[0])
             for _ in range(3)]
    report = sorted(turns, key=lambda turn: turn["transactions_per_second"])[1]  # the median run
    table.at_least("average precision", report["average_precision"], 0.988)
    table.at_least("best F1", report["best_f1"], 0.970)
    table.at_least("recall at precision 0.95", report["recall_at_precision_95"], 0.965)
    table.at_least("replay, transactions a second", report["transactions_per_second"], 200_000)
    table.at_most("replay, 99th percentile", report["latency_us"]["p99"], 20, " µs")
    table.at_most("graph, bytes a card", report["graph_bytes"] / report["cards"], 8192)
    return report["transactions_per_second"]


def bench_evaluator(table, build):
    say("scoring against libxgboost ...")
    text, _, _ = run([build / "bench" / "bench_evaluator"], stderr=subprocess.DEVNULL)
    report = json.loads(text)
    for name, figures in report.items():
        if isinstance(figures, dict) and "times_faster" in figures:
            table.at_least(f"evaluator against libxgboost, {name.replace('_', ', ')}",
                           figures["times_faster"], figures["target"], " times")
    return report


def bench_shap(table, build):
    say("explaining against libxgboost ...")
    text, _, _ = run([build / "bench" / "bench_shap"])
    report = json.loads(text)
    table.at_most("Shapley values, a row", report["us_per_row"], report["target_us"], " µs")
    return report


def bench_oblivious(table, build):
    python = python_env.there("catboost")
    if not python:
        return say("CatBoost's environment is not here (make catboost): its trees are not measured")
    say("scoring against CatBoost ...")
    report = json.loads(run([python, "bench/oblivious.py", build])[0])
    for name, figures in report.items():
        if isinstance(figures, dict) and "times_faster" in figures and not name.endswith("portable"):
            table.at_least(f"evaluator against CatBoost's, {name.replace('_', ', ')}", figures["times_faster"], 1,
                           " times")
    return None


def bench_http(table, build, haechi, model):
    say("posting to the service ...")
    text, _, _ = run(["bench/http.sh", haechi, build / "bench" / "bench_echo", model])
    bare = re.search(r"bare.*?([\d.]+) requests a second", text).group(1)
    rate, p99, unit = re.search(r"POST.*?([\d.]+) requests a second, p99 ([\d.]+)(us|ms|s)", text).groups()
    table.at_least("POST /v1/transactions, a second", float(rate), 10_000)
    table.at_most("POST /v1/transactions, 99th percentile", float(p99) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit],
                  10, " ms")
    flush, _, _ = run([build / "bench" / "bench_flush", model.parent / "flush"])
    return float(rate) / float(bare), flush.strip()


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    haechi = build / "haechi"
    with tempfile.TemporaryDirectory(prefix="haechi-bench-") as folder:
        work = pathlib.Path(folder)
        model = work / "model"
        table = Table()
        data = bench_data(table, haechi, work)
        train, test = find(data, "fraudTrain.csv"), find(data, "fraudTest.csv")
        evaluator = bench_evaluator(table, build)
        bench_oblivious(table, build)
        shap = bench_shap(table, build)
        bench_train(table, haechi, train, model)
        rate = bench_replay(table, haechi, train, test, model)
        share, flush = bench_http(table, build, haechi, model)
        alone = evaluator["single_libxgboost_in_place"]["ns_per_row"] * rate / 1e9
        print(f"\nShapley values take libxgboost {shap['libxgboost_us_per_row']:.0f} µs a row, "
              f"{shap['times_faster']:.1f} times as long as\nhaechi; they differ by "
              f"{shap['largest_difference']:.1g} at most.")
        print(f"\nReplay, from CSV to decision, is {alone:.1f} times as fast as libxgboost only scoring\n"
              f"one row at a time. The service answers {share:.2f} of the requests that the same HTTP library\n"
              f"answers when it does nothing with them. The disk alone: {flush}.")


if __name__ == "__main__":
    main()
