#!/usr/bin/env python3
"""Uses the program as a data scientist would: makes data, trains, replays; then with wrong words,
bad rows and broken models. Speaks TAP."""

import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tap  # noqa: E402

HAECHI = os.environ["HAECHI"]
ENV = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")


def run(*words, stdin=None, limit=None, env=None):
    """Exit status, standard output, standard error."""
    command = [HAECHI, *words]
    if limit:
        command = ["bash", "-c", f"ulimit -f {limit}; exec \"$@\"", "-", *command]
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=250, env={**ENV, **(env or {})})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def good(*words, **more):
    status, out, err = run(*words, **more)
    assert status == 0, (words, status, err)
    return out


def refused(status, part, *words, **more):
    """The command fails with `status` and one line that holds `part`."""
    found, out, err = run(*words, **more)
    assert found == status, (words, found, err)
    assert out == "", out
    assert err.count("\n") == 1 and part in err, err


def scores(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def replay(file, *words):
    out = os.path.join(os.path.dirname(file) if file != "-" else ".", "out.csv")
    result = json.loads(good("replay", file, "--model", "m", "--json", "--out", out, *words))
    return result, scores(out)


def test_train_and_replay():
    """A model trained on Train finds the frauds of Test, and its figures are those of its scores."""
    result, rows = replay("d/fraudTest.csv", "--warmup", "d/fraudTrain.csv")
    assert rows[0] == ["trans_num", "score", "decision"]
    with open("d/fraudTest.csv", newline="") as file:
        truth = {row["trans_num"]: int(row["is_fraud"]) for row in csv.DictReader(file)}
    assert [row[0] for row in rows[1:]] == list(truth)
    assert result["transactions"] == len(truth) and result["frauds"] == sum(truth.values())
    assert result["rejected"] == 0
    assert result["average_precision"] > 0.9, result
    threshold = result["at_threshold"]["threshold"]
    flagged = [row for row in rows[1:] if row[2] != "approve"]
    assert all((float(row[1]) >= threshold - 1e-9) == (row[2] != "approve") for row in rows[1:])
    hits = sum(truth[row[0]] for row in flagged)
    assert abs(result["at_threshold"]["precision"] - hits / len(flagged)) < 1e-6
    assert abs(result["at_threshold"]["recall"] - hits / result["frauds"]) < 1e-6
    keys = {"seconds", "transactions_per_second", "latency_us", "roc_auc", "best_f1",
            "recall_at_precision_95", "balanced"}
    assert keys <= set(result), result
    assert set(result["latency_us"]) == {"p50", "p99", "p999", "max"}


def test_replay_is_a_fold():
    """Warm-up and file are one log: the same scores as one file of both."""
    _, apart = replay("d/fraudTest.csv", "--warmup", "d/fraudTrain.csv")
    with open("d/both.csv", "w") as both:
        for name in ("d/fraudTrain.csv", "d/fraudTest.csv"):
            with open(name) as part:
                lines = part.readlines()
                both.writelines(lines if name.endswith("Train.csv") else lines[1:])
    _, together = replay("d/both.csv")
    assert together[-len(apart) + 1:] == apart[1:]
    assert replay("d/both.csv")[1] == together


def test_labels_do_not_leak():
    """Without labels, and with labels that arrive later than the file ends, the scores are the same."""
    _, late = replay("d/fraudTest.csv", "--label-delay", "9999d")
    with open("d/fraudTest.csv", newline="") as file, open("d/unlabelled.csv", "w", newline="") as out:
        rows = list(csv.reader(file))
        csv.writer(out).writerows(row[:-1] for row in rows)
    result, without = replay("d/unlabelled.csv")
    assert without == late
    assert "average_precision" not in result and result["frauds"] == 0


def test_partitions():
    """One partition is no partition; several give the same scores twice, and nearly as good ones."""
    whole, alone = replay("d/fraudTest.csv", "--warmup", "d/fraudTrain.csv")
    assert (whole["partitions"], whole["exchange_seconds"]) == (1, 60)
    result, one = replay("d/fraudTest.csv", "--warmup", "d/fraudTrain.csv", "--partitions", "1", "--exchange", "0")
    assert one == alone and result["exchange_seconds"] == 0
    seen = []
    for exchange, seconds in (("0", 0), ("2h", 7200), ("never", None)):
        words = ["--warmup", "d/fraudTrain.csv", "--partitions", "3", "--exchange", exchange]
        result, rows = replay("d/fraudTest.csv", *words)
        assert (result["partitions"], result["exchange_seconds"]) == (3, seconds)
        assert result["cards"] == whole["cards"] and result["transactions"] == whole["transactions"]
        assert result["average_precision"] > 0.9, result
        assert [row[0] for row in rows] == [row[0] for row in alone]
        assert rows != alone and rows not in seen
        assert replay("d/fraudTest.csv", *words)[1] == rows
        seen.append(rows)
    assert "3 partitions" in good("replay", "d/fraudTest.csv", "--model", "m", "--partitions", "3")


def test_forms_of_input():
    """gzip, zstd and standard input give what the plain file gives."""
    _, plain = replay("d/fraudTest.csv")
    with open("d/fraudTest.csv", "rb") as file:
        data = file.read()
    with gzip.open("d/t.csv.gz", "wb") as file:
        file.write(data)
    assert replay("d/t.csv.gz")[1] == plain
    good("replay", "-", "--model", "m", "--out", "stdin.csv", stdin=data)
    assert scores("stdin.csv") == plain
    if shutil.which("zstd"):
        subprocess.run(["zstd", "-qf", "d/fraudTest.csv", "-o", "d/t.csv.zst"], check=True)
        assert replay("d/t.csv.zst")[1] == plain


def test_bad_rows():
    """A bad row costs itself alone, unless --strict."""
    with open("d/fraudTest.csv") as file:
        lines = file.readlines()
    bad = lines[:50] + ["broken\n"] + lines[50:100]
    with open("d/bad.csv", "w") as file:
        file.writelines(bad)
    with open("d/fine.csv", "w") as file:
        file.writelines(lines[:100])
    result, rows = replay("d/bad.csv")
    assert result["rejected"] == 1 and rows == replay("d/fine.csv")[1]
    with open("d/bad.csv.rejects") as file:
        assert file.readlines()[1].startswith("51,")
    assert not os.path.exists("d/fine.csv.rejects")
    refused(1, "line 51", "replay", "d/bad.csv", "--model", "m", "--strict")


def test_training_repeats():
    """The same data and seed give the same model, to the byte."""
    words = ["--train", "d/fraudTest.csv", "--param", "num_round=5", "--param", "nthread=1"]
    for out in ("m1", "m2"):
        good("train", "xgboost", "--out", out, *words)
    for name in ("xgboost.json", "suspicion.json"):
        with open(f"m1/{name}", "rb") as one, open(f"m2/{name}", "rb") as two:
            assert one.read() == two.read()
    result = json.loads(good("train", "xgboost", "--out", "m3", "--json", "--valid", "d/fraudTest.csv",
                             "--train", "d/fraudTrain.csv", *words[2:]))
    with open("m3/manifest.json") as file:
        manifest = json.load(file)
    assert result["rows"] == manifest["data"]["rows"]
    assert result["judged_rows"] == manifest["metrics"]["rows"]
    assert "validation" in manifest["threshold_choice"]
    assert manifest["parameters"]["num_round"] == "5"


def test_gcn():
    """A network trained on Train finds the frauds of Test, and says of each epoch how it went."""
    words = ("train", "gcn", "--train", "d/fraudTrain.csv", "--out", "m6", "--json", "--param", "batch=1024")
    status, out, err = run(*words, "--param", "nthread=2")
    assert status == 0, err
    assert "epoch 1: loss " in err and "(best)" in err, err
    assert json.loads(out)["average_precision"] > 0.5, out
    with open("m6/manifest.json") as file:
        manifest = json.load(file)
    assert manifest["members"][0]["kind"] == "gcn" and manifest["parameters"]["batch"] == "1024"
    with open("m6/gcn.json", "rb") as file:
        network = file.read()
    good(*words, "--param", "nthread=1")
    with open("m6/gcn.json", "rb") as file:
        assert file.read() == network
    result = json.loads(good("replay", "d/fraudTest.csv", "--warmup", "d/fraudTrain.csv", "--model", "m6", "--json"))
    assert result["average_precision"] > 0.5, result
    status, out, err = run(*words, "--refit", "--param", "epochs=2")
    assert status == 0 and err.count("epoch 2: loss ") == 2, err
    with open("m6/report.json") as file:
        report = json.load(file)
    assert [layer["outputs"] for layer in report["layers"]] == [64, 64, 1], report["layers"]
    for param, why in (("width=17", "multiple of 16"), ("dropout=1", "from 0 to 0.9"), ("depth=3", "no parameter 'depth'"),
                       ("layers=1.5", "whole number")):
        refused(1, why, *words, "--param", param)


def test_thresholds_for_an_aim():
    """The threshold serves the aim: on the file that chose it, no more alerts than were asked for, and
    the dearer an alert, the fewer."""
    thresholds = {}
    for aim in (("f1",), ("cost", "--review-cost", "0.01"), ("cost", "--review-cost", "5000"), ("alerts=0.1",)):
        result = json.loads(good("train", "xgboost", "--out", "m4", "--json", "--train", "d/fraudTrain.csv", "--valid",
                                 "d/fraudTest.csv", "--param", "num_round=5", "--aim", *aim))
        thresholds[aim] = result["threshold"]
        with open("m4/manifest.json") as file:
            assert json.load(file)["threshold"] == result["threshold"]
    assert thresholds[("cost", "--review-cost", "0.01")] < thresholds[("f1",)], thresholds
    assert thresholds[("cost", "--review-cost", "5000")] > thresholds[("f1",)], thresholds
    assert thresholds[("alerts=0.1",)] >= thresholds[("f1",)], thresholds
    words = ("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", "m5")
    refused(2, "--aim wants", *words, "--aim", "profit")
    refused(2, "--review-cost wants", *words, "--review-cost=-1")


def test_refit():
    """--refit keeps the judgement, and both stages learn from all rows: those that judged make a difference."""
    words = ["--train", "d/fraudTrain.csv", "--param", "num_round=5", "--param", "nthread=1", "--json"]
    held, whole = (json.loads(good("train", "xgboost", "--out", out, *words, *more))
                   for out, more in (("held", []), ("whole", ["--refit"])))
    for name in ("threshold", "average_precision", "rows", "judged_rows"):
        assert held[name] == whole[name], name
    for stage in ("xgboost.json", "suspicion.json"):
        covers = []
        for folder in ("held", "whole"):
            with open(f"{folder}/{stage}") as file:
                tree = json.load(file)["learner"]["gradient_booster"]["model"]["trees"][0]
            covers.append(tree["sum_hessian"][0])  # of the root: in proportion to the rows that it saw
        assert 1.05 < covers[1] / covers[0] < 1.2, (stage, covers)


def test_wrong_use():
    refused(2, "unknown command", "frobnicate")
    refused(2, "which one? 'data check', 'data download', 'data generate'", "data")
    refused(2, "--bogus", "replay", "--bogus")
    refused(2, "missing FILE", "replay", "--model", "m")
    refused(2, "unexpected argument 'b'", "replay", "a", "b", "--model", "m")
    refused(2, "--model", "replay", "d/fraudTest.csv")
    refused(2, "--label-delay", "replay", "d/fraudTest.csv", "--model", "m", "--label-delay", "soon")
    refused(2, "1 to 1024", "replay", "d/fraudTest.csv", "--model", "m", "--partitions", "0")
    refused(2, "1 to 1024", "replay", "d/fraudTest.csv", "--model", "m", "--partitions", "1025")
    refused(2, "--exchange", "replay", "d/fraudTest.csv", "--model", "m", "--exchange", "often")
    refused(2, "--out", "train", "xgboost", "--train", "d/fraudTest.csv")
    refused(2, "NAME=VALUE", "train", "xgboost", "--train", "d/fraudTest.csv", "--out", "x", "--param", "depth")
    refused(2, "twice", "train", "xgboost", "--train", "-", "--out", "x")
    assert "Usage" in good("--help") and "haechi" in good("--version")
    for command in (["data", "generate"], ["data", "check"], ["train", "xgboost"], ["replay"], ["serve"],
                    ["stream"], ["features"]):
        assert "Usage" in good(*command, "--help"), command
    assert json.loads(good("features", "--json"))["features"][0]["name"] == "amount"
    refused(2, "--name wants letters", "train", "xgboost", "--train", "d/fraudTest.csv", "--out", "x", "--name", "사기",
            env={"LC_ALL": "C"})


def test_failures():
    """One clear line each, and nothing half-written."""
    refused(1, "nowhere.csv", "replay", "nowhere.csv", "--model", "m")
    refused(1, "no such model folder", "replay", "d/fraudTest.csv", "--model", "nowhere")
    refused(1, "max_depth", "train", "xgboost", "--train", "d/fraudTest.csv", "--out", "x",
            "--param", "max_depth=deep")
    refused(1, "num_round", "train", "xgboost", "--train", "d/fraudTest.csv", "--out", "x",
            "--param", "num_round=0")
    for weight in ("1e38", "0", "heavy"):
        refused(1, "scale_pos_weight must be", "train", "xgboost", "--train", "nowhere.csv", "--out", "x",
                "--param", "scale_pos_weight=" + weight)
    for param in ("booster=dart", "objective=reg:squarederror", "eta=nan"):
        refused(1, "no model that can be used", "train", "xgboost", "--train", "nowhere.csv", "--out", "x",
                "--param", param)
    refused(1, "nowhere/.model-", "train", "xgboost", "--train", "nowhere.csv", "--out", "nowhere/x")
    refused(1, "Not a directory", "train", "xgboost", "--train", "nowhere.csv", "--out", "d/fine.csv")
    refused(2, "no regular file", "replay", "d/fraudTest.csv", "--model", "m", "--out", "/dev/null")
    with open("d/fine.csv") as file:
        rows = [line for line in file if not line.rstrip().endswith(",1")]
    with open("d/honest.csv", "w") as file:
        file.writelines(rows)
    refused(1, "nothing to learn from", "train", "xgboost", "--train", "d/honest.csv", "--out", "x")
    assert not os.path.exists("x")
    shutil.copytree("m", "broken")
    with open("m/xgboost.json", "rb") as file, open("broken/xgboost.json", "wb") as out:
        out.write(file.read()[:-100])
    refused(1, "xgboost.json", "replay", "d/fraudTest.csv", "--model", "broken")
    refused(1, "out.csv", "replay", "d/fraudTest.csv", "--model", "m", "--out", "nowhere/out.csv")
    refused(1, "cannot write", "replay", "d/fraudTest.csv", "--model", "m", "--out", "full.csv", limit=8)
    if os.path.exists("/dev/full"):
        for words in (["features"], ["replay", "d/fraudTest.csv", "--model", "m", "--json"], ["--help"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([HAECHI, *words], stdout=full, stderr=subprocess.PIPE, timeout=60)
            assert (done.returncode, b"cannot write the result" in done.stderr) == (1, True), words
    refused(2, "would overwrite", "replay", "d/fine.csv", "--model", "m", "--out", "./d/fine.csv")
    refused(1, 'no parameter "max_deph"', "train", "xgboost", "--train", "d/fraudTest.csv", "--out", "x",
            "--param", "max_deph=3", "--param", "num_round=2")
    refused(1, "validation file", "train", "xgboost", "--train", "d/fraudTest.csv", "--out", "x",
            "--valid", "d/unlabelled.csv")
    shutil.copy("d/bad.csv", "d/kept.csv")
    os.mkdir("d/kept.csv.rejects")
    status, out, err = run("replay", "d/kept.csv", "--model", "m", "--json")
    assert status == 1 and json.loads(out)["rejected"] == 1 and "kept.csv.rejects" in err, (status, err)
    assert not os.path.exists("full.csv") and not os.path.exists("full.csv.new")


def test_check():
    """A file that cannot be read costs itself alone."""
    whole = json.loads(good("data", "check", "d/fine.csv", "--json"))
    status, out, err = run("data", "check", "d/nowhere.csv", "d/fine.csv", "m/manifest.json", "--json")
    assert status == 1 and json.loads(out) == whole, (status, out)
    assert [name for name in ("d/nowhere.csv", "d/fine.csv", "m/manifest.json") if name in err] == [
        "d/nowhere.csv", "m/manifest.json"] and err.count("\n") == 2, err
    refused(1, "nowhere.csv", "data", "check", "d/nowhere.csv")


def test_generate():
    """It says as many cards as were asked for, and how many of them bought nothing."""
    words = ("data", "generate", "--out", "few", "--cards", "300", "--days", "1")
    used = json.loads(good(*words, "--json"))["cards"]
    said = good(*words)
    assert used < 300 and f"of 300 cards ({300 - used} of them unused) at" in said, (used, said)


def test_published_rows():
    """The published files' first rows, as they are, where they are at hand."""
    folder = os.path.join(ROOT, "..", "shared", "data", "kaggle-sample")
    if not os.path.isdir(folder):
        return "SKIP the published rows are not beside this checkout"
    for name, rows in (("fraudTrain-first-5038.csv", 5039), ("fraudTest-first-2144.csv", 2145)):
        shutil.copy(os.path.join(folder, name), name)
        result, _ = replay(os.path.abspath(name))
        assert result["rejected"] == 0 and result["transactions"] == rows, result
        assert result["roc_auc"] > 0.9, result
    return None


ROOT = os.getcwd()
TESTS = [test_train_and_replay, test_replay_is_a_fold, test_labels_do_not_leak, test_partitions, test_forms_of_input,
         test_bad_rows, test_training_repeats, test_gcn, test_refit, test_thresholds_for_an_aim,
         test_wrong_use, test_check, test_generate, test_failures, test_published_rows]


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        good("data", "generate", "--out", "d", "--cards", "150", "--days", "150", "--seed", "3")
        good("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", "m", "--param", "num_round=40",
             "--param", "nthread=1")
        status = tap.run("commands", TESTS)
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
