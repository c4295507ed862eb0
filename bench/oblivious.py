#!/usr/bin/env python3
"""Our evaluator of CatBoost's trees against CatBoost's own on one model and the same rows, one thread: nanoseconds a
row. To be run by the Python of `make catboost`:

    oblivious.py BUILD     prints one JSON object, with how many times faster ours is

CatBoost's batch is a prepared Pool: its C++ alone, but for one call. Its single rows come as a program in Python would
give them, a NumPy row a call, most of which is Python's; so that figure says what one gets, not what C++ takes."""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import catboost
import numpy

FEATURES, TRAIN_ROWS, TREES, DEPTH, BATCH, TURNS = 100, 20000, 200, 6, 1024, 41


def per_row(turn, rows):
    """Median nanoseconds a row over the turns, after one to warm up."""
    times = []
    for _ in range(TURNS + 1):
        begun = time.perf_counter_ns()
        turn()
        times.append((time.perf_counter_ns() - begun) / rows)
    return statistics.median(times[1:])


def main():
    random = numpy.random.default_rng(1)
    values = random.normal(size=(TRAIN_ROWS, FEATURES)).astype(numpy.float32)
    values[random.random(values.shape) < 0.05] = numpy.nan
    signal = numpy.nan_to_num(values[:, 0] * values[:, 1]) + numpy.nan_to_num(values[:, 2:12]).sum(axis=1)
    model = catboost.CatBoost({"loss_function": "Logloss", "iterations": TREES, "depth": DEPTH, "random_seed": 1,
                               "thread_count": 1, "allow_writing_files": False, "logging_level": "Silent"})
    model.fit(catboost.Pool(values, (signal > 0).astype(numpy.float32)))
    rows = numpy.ascontiguousarray(values[:BATCH])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        model.save_model(str(path / "model.json"), format="json")
        rows.tofile(path / "rows.f32")
        text = subprocess.run([pathlib.Path(sys.argv[1]) / "bench" / "bench_oblivious", path / "model.json",
                               path / "rows.f32"], check=True, stdout=subprocess.PIPE, text=True).stdout
    ours = json.loads(text)
    pool = catboost.Pool(rows)
    theirs = {
        "batch": per_row(lambda: model.predict(pool, thread_count=1), BATCH),
        "single": per_row(lambda: [model.predict(row, thread_count=1) for row in rows[:64]], 64),
    }
    report = {"trees": TREES, "depth": DEPTH, "features": FEATURES, "batch": BATCH,
              "batch_catboost": {"ns_per_row": round(theirs["batch"])},
              "single_catboost": {"ns_per_row": round(theirs["single"])}}
    for name, nanoseconds in ours.items():
        report[name] = {"ns_per_row": nanoseconds,
                        "times_faster": round(theirs[name.split("_")[0]] / nanoseconds, 1)}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
