#!/usr/bin/env python3
"""Has CatBoost train models and predict, for tests/model/test_oblivious_trees.c to compare with.

    make_catboost.py FOLDER [ROWS]

Writes FOLDER/NAME.json, a model, and FOLDER/NAME.txt, a row a line: the features, CatBoost's raw prediction and its
Shapley values. The folder tests/model/catboost was made by it with 60 rows."""

import json
import pathlib
import sys

import catboost
import numpy

FEATURES = 6
MODELS = {
    "min": ({"iterations": 21, "depth": 4, "nan_mode": "Min"}, (1, None)),
    "max": ({"iterations": 9, "depth": 3, "nan_mode": "Max", "border_count": 20}, (1, 0.25)),
    "deep": ({"iterations": 2, "depth": 9}, (1, None)),
    "no_missing": ({"iterations": 8, "depth": 6}, (1, None)),
    "borders": ({"iterations": 120, "depth": 6, "border_count": 600, "learning_rate": 0.3}, (1, None)),
}
LARGE = ("borders",)  # not among those in the repository


def make_rows(random, rows, missing):
    values = random.normal(size=(rows, FEATURES)).astype(numpy.float32)
    values[:, 2] = numpy.round(values[:, 2])
    signal = values[:, 0] * values[:, 1] + values[:, 2] - numpy.abs(values[:, 3])
    labels = (signal + random.normal(size=rows) > 0).astype(numpy.float32)
    if missing:
        values[random.random(values.shape) < 0.15] = numpy.nan
    values[:, 4] = 7  # says nothing: CatBoost asks nothing of it
    return values, labels


def write(folder, name, rows, params, scale_and_bias):
    random = numpy.random.default_rng(len(name))
    values, labels = make_rows(random, 3000, name != "no_missing")
    pool = catboost.Pool(values, labels, feature_names=[f"f{i}" for i in range(FEATURES)])
    model = catboost.CatBoost(params | {"loss_function": "Logloss", "random_seed": 1, "thread_count": 1,
                                        "allow_writing_files": False, "logging_level": "Silent"})
    model.fit(pool)
    scale, bias = scale_and_bias
    if bias is not None:
        model.set_scale_and_bias(scale, bias)
    path = folder / f"{name}.json"
    model.save_model(str(path), format="json")
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({key: whole[key] for key in ("features_info", "oblivious_trees", "scale_and_bias")}))
    test, _ = make_rows(random, rows, True)
    borders = [split for tree in whole["oblivious_trees"] for split in tree["splits"]]
    for row, split in zip(test[::2], borders):  # exactly on a border is not over it
        row[split["float_feature_index"]] = split["border"]
    test[1, 0], test[3, 1] = numpy.inf, -numpy.inf
    raw = model.predict(test, prediction_type="RawFormulaVal", thread_count=1)
    shap = model.get_feature_importance(catboost.Pool(test), type="ShapValues", thread_count=1)
    with open(folder / f"{name}.txt", "w", encoding="ascii") as file:
        for row, prediction, parts in zip(test, raw, shap):
            print(*(f"{value:.9g}" for value in row), f"{prediction:.17g}", *(f"{part:.9g}" for part in parts),
                  file=file)


def main():
    folder = pathlib.Path(sys.argv[1])
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    for name, (params, scale_and_bias) in MODELS.items():
        if rows >= 2000 or name not in LARGE:
            write(folder, name, rows, params, scale_and_bias)


if __name__ == "__main__":
    main()
