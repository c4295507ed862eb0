#!/usr/bin/env python3
"""Uses the registry as a data scientist would: trains into it, lists, compares, promotes, rolls back,
deletes; then with wrong words and damaged versions. Speaks TAP."""

import csv
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tap  # noqa: E402

HAECHI = os.environ["HAECHI"]
ENV = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")
PICTURES = {"precision_recall", "roc", "reliability", "confusion_matrix", "importance", "shap_summary",
            "score_distribution", "cost_curve", "training_curve"}


def run(*words):
    """Exit status, standard output, standard error."""
    done = subprocess.run([HAECHI, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=250, env=ENV)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def good(*words):
    status, out, err = run(*words)
    assert status == 0, (words, status, err)
    return out


def refused(status, part, *words):
    """The command fails with `status` and one line that holds `part`."""
    found, out, err = run(*words)
    assert found == status, (words, found, err)
    assert out == "", out
    assert err.count("\n") == 1 and part in err, err


def asked(*words):
    return json.loads(good(*words, "--json"))


def train(*words):
    return asked("train", "xgboost", "--train", "d/fraudTrain.csv", "--valid", "d/fraudTest.csv", "--models",
                 "models", "--param", "nthread=1", *words)


def listed():
    return {m["version"]: m for m in asked("models", "list")["models"]}


def aliases():
    return {alias: m["version"] for m in listed().values() for alias in m["aliases"]}


def test_train_into_the_registry():
    """Each training adds a version, none replaces another, and it is the folder that --out would make."""
    FIRST.update(train("--param", "num_round=12"))
    SECOND.update(train("--param", "num_round=30", "--param", "eta=0.2", "--out", "alone"))
    versions = listed()
    assert list(versions) == [SECOND["version"], FIRST["version"]], versions
    assert SECOND["model"] == f"models/xgboost/{SECOND['version']}" and SECOND["name"] == "xgboost"
    assert aliases() == {}
    for name in os.listdir("alone"):
        with open(f"alone/{name}", "rb") as one, open(f"{SECOND['model']}/{name}", "rb") as two:
            assert one.read() == two.read(), name
    train("--name", "small", "--param", "num_round=2")
    assert len(listed()) == 3 and len(asked("models", "list", "small")["models"]) == 1
    manifest = versions[FIRST["version"]]["manifest"]
    assert manifest["parameters"]["num_round"] == "12" and manifest["data"]["rows"] == FIRST["rows"]


def png_size(path):
    """Width and height, once every chunk's checksum is right."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, size = 8, None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0]
        size = struct.unpack(">II", body[:8]) if kind == b"IHDR" else size
        at += 12 + length
    assert kind == b"IEND", path
    return size


def test_the_folder():
    """Every file is listed with its hash; the pictures are whole; the report says what training said."""
    folder = FIRST["model"]
    with open(f"{folder}/manifest.json") as file:
        manifest = json.load(file)
    assert set(manifest["files"]) | {"manifest.json"} == set(os.listdir(folder))
    for name, digest in manifest["files"].items():
        with open(f"{folder}/{name}", "rb") as file:
            assert hashlib.sha256(file.read()).hexdigest() == digest, name
    assert {name[:-4] for name in manifest["files"] if name.endswith(".png")} == PICTURES
    for name in PICTURES:
        assert png_size(f"{folder}/{name}.png") == (1200, 800)
    with open(f"{folder}/report.json") as file:
        report = json.load(file)
    assert report["version"] == FIRST["version"] and report["feature_hash"] == manifest["feature_hash"]
    assert report["metrics"]["average_precision"] == FIRST["average_precision"]
    assert report["judged"]["rows"] == FIRST["judged_rows"] and report["data"]["rows"] == FIRST["rows"]
    c = report["at_threshold"]
    assert sum(c[k] for k in c if k.endswith("tives")) == FIRST["judged_rows"]
    curves = {s["metric"]: s for s in report["training_curve"]}
    curve = curves["average precision, judging"]
    assert curve["step"] == list(range(1, 13))
    assert abs(curve["value"][-1] - FIRST["average_precision"]) < 1e-4
    features = [f["name"] for f in asked("features")["features"]]
    assert [f["feature"] for f in report["drift"]["features"]] == features
    assert sorted(f["feature"] for f in report["importance"]) == sorted(features)
    for spread in report["drift"]["features"] + [report["drift"]["score"]]:
        assert len(spread["shares"]) == len(spread["edges"]) + 1
        assert abs(sum(spread["shares"]) + spread["missing"] - 1) < 1e-4
    splits = sum(f["splits"] for f in report["importance"])
    with open(f"{folder}/xgboost.json") as file:
        trees = json.load(file)["learner"]["gradient_booster"]["model"]["trees"]
    assert splits == sum(sum(1 for left in t["left_children"] if left != -1) for t in trees)


def test_the_figures_of_the_report():
    """They are about those of a replay of the file that judged it, whose warm-up's suspicions are not out of fold."""
    result = asked("replay", "d/fraudTest.csv", "--warmup", "d/fraudTrain.csv", "--model", FIRST["model"])
    with open(f"{FIRST['model']}/report.json") as file:
        report = json.load(file)
    for key in ("average_precision", "roc_auc", "best_f1"):
        assert abs(report["metrics"][key] - result[key]) < 0.02, (key, result[key])
    with open("d/fraudTest.csv", newline="") as file:
        lost = sum(float(row["amt"]) for row in csv.DictReader(file) if row["is_fraud"] == "1")
    assert abs(report["cost"]["without_model"] - lost) < 0.01
    assert report["cost"]["least"] <= report["cost"]["at_threshold"] < lost


def test_promote_and_roll_back():
    one, two = FIRST["version"], SECOND["version"]
    assert asked("models", "promote", one) == {"name": "xgboost", "alias": "champion", "from": None, "to": one}
    assert asked("models", "promote", two, "--as", "challenger")["alias"] == "challenger"
    assert aliases() == {"champion": one, "challenger": two}
    assert asked("models", "promote", "xgboost@challenger") == {"name": "xgboost", "alias": "champion",
                                                                 "from": one, "to": two}
    assert aliases() == {"champion": two}
    assert "already" in good("models", "promote", "xgboost/" + two)
    assert good("models", "rollback", "xgboost") == f"xgboost/{one} is the champion now, after {two}.\n"
    refused(1, "no earlier champion", "models", "rollback", "xgboost")
    refused(1, "cannot challenge itself", "models", "promote", one, "--as", "challenger")
    assert os.readlink("models/xgboost/champion") == one
    result = asked("replay", "d/fraudTest.csv", "--model", "models/xgboost/champion")
    assert result["average_precision"] > 0.5
    with open("models/xgboost/history.jsonl") as file:
        changes = [json.loads(line) for line in file]
    assert [c["action"] for c in changes] == ["promote", "promote", "promote", "rollback"]


def test_list_and_show():
    table = good("models", "list").splitlines()
    assert table[0].split()[:4] == ["NAME", "VERSION", "KIND", "ALIASES"] and len(table) == 4
    champion = next(line for line in table if FIRST["version"] in line)
    assert " champion " in champion, champion
    found = float(champion.split()[4])
    assert abs(found - FIRST["average_precision"]) < 1e-4, (champion, FIRST)
    text = good("models", "show", "xgboost@champion")
    for part in (FIRST["version"], "num_round", "average_precision", "report.json", "shap_summary.png", " bytes"):
        assert part in text, part
    shown = asked("models", "show", FIRST["version"])
    assert shown["aliases"] == ["champion"] and shown["path"] == FIRST["model"]


def test_compare():
    text = good("models", "compare", FIRST["version"], SECOND["version"])
    differ = text[text.index("parameters that differ"):].splitlines()[1:]
    assert sorted(line.split()[0] for line in differ) == ["eta", "num_round"], differ
    more = SECOND["average_precision"] - FIRST["average_precision"]
    line = next(line for line in text.splitlines() if line.startswith("average_precision"))
    found = float(re.search(r"\(([+-][0-9.]+)\)", line)[1])
    assert abs(found - more) < 1e-4, line
    result = asked("models", "compare", FIRST["version"], SECOND["version"], "small@latest")
    assert result["parameters"]["num_round"] == ["12", "30", "2"]
    assert result["parameters"]["eta"] == ["0.1", "0.2", "0.1"] and "max_depth" not in result["parameters"]
    assert len(result["models"]) == 3 and len(result["metrics"]["average_precision"]) == 3


def test_wrong_use():
    refused(2, "which one? 'models list'", "models")
    refused(2, "missing MODEL", "models", "show")
    refused(2, "two MODELs or more", "models", "compare", "xgboost@champion")
    refused(2, "--as", "models", "promote", FIRST["version"], "--as", "king")
    refused(2, "missing NAME", "models", "rollback")
    refused(2, "unexpected argument", "models", "list", "a", "b")
    refused(1, "no such folder of models", "models", "list", "--models", "nowhere")
    refused(1, "no model is called", "models", "list", "nobody")
    refused(1, "no model is called", "models", "rollback", "nobody")
    refused(1, "no version", "models", "show", "1999")
    refused(1, "versions begin with", "models", "show", "2")
    refused(1, "no alias", "models", "show", "xgboost@king")
    refused(1, "has no challenger", "models", "show", "xgboost@challenger")
    for words in ("../d", "xgboost/../../d", "/etc", "..", "xgboost@../champion", "a\nb", "", "xgboost/"):
        refused(1, "is no version", "models", "delete", words, "--force")
    assert os.path.exists("d/fraudTrain.csv")
    refused(2, "--models DIR or --out DIR", "train", "xgboost", "--train", "d/fraudTest.csv")
    for name in ("../x", "a/b", ".", ".hidden", "", "x" * 65):
        refused(2, "--name", "train", "xgboost", "--train", "d/fraudTest.csv", "--models", "models", "--name", name)
    with open("file", "w"):
        pass
    refused(1, "Not a directory", "train", "xgboost", "--train", "d/fraudTest.csv", "--models", "file")
    refused(1, "cannot make", "train", "xgboost", "--train", "d/fraudTest.csv", "--models", "no/where")
    for command in ("list", "show", "compare", "promote", "rollback", "delete"):
        assert "--models" in good("models", command, "--help")


def test_no_such_version():
    for command in ("show", "promote", "delete"):
        refused(1, "models/xgboost: no version '2001'", "models", command, "xgboost/2001")
        refused(1, "models: no version '2001'", "models", command, "2001")
        refused(1, "'2001' is no alias (champion, challenger, latest); a version is written xgboost/2001",
                "models", command, "xgboost@2001")


def test_damaged():
    """A version that is damaged is named as such, and costs itself alone."""
    shutil.copytree("models", "broken")
    with open(f"broken/xgboost/{SECOND['version']}/manifest.json", "w") as file:
        file.write("{")
    table = good("models", "list", "--models", "broken")
    assert "damaged" in next(line for line in table.splitlines() if SECOND["version"] in line)
    models = {m["version"]: m for m in asked("models", "list", "--models", "broken")["models"]}
    assert "manifest" in models[FIRST["version"]] and "JSON" in models[SECOND["version"]]["error"]
    refused(1, "manifest.json", "models", "show", SECOND["version"], "--models", "broken")
    with open("broken/xgboost/history.jsonl", "a") as file:
        file.write("nonsense\n")
    refused(1, "line 5 is no record", "models", "promote", FIRST["version"], "--models", "broken")
    shutil.copytree("models/xgboost", "broken/whole")
    table = good("models", "list", "--models", "broken").splitlines()
    assert sum("damaged: broken/xgboost/history.jsonl: line 5" in line for line in table) == 2, table
    assert [line for line in table if line.startswith("whole")], table
    models = asked("models", "list", "--models", "broken")["models"]
    assert ["line 5" in m.get("error", "") for m in models if m["name"] == "xgboost"] == [True, True], models
    assert not [m for m in models if m["name"] == "whole" and "error" in m], models
    refused(1, "line 5 is no record", "models", "list", "xgboost", "--models", "broken")
    os.makedirs("odd/notes/pictures")
    assert asked("models", "list", "--models", "odd") == {"models": []}
    assert "no models yet" in good("models", "list", "--models", "odd")


def test_delete():
    one, two = FIRST["version"], SECOND["version"]
    refused(1, "is the champion", "models", "delete", one)
    small = asked("models", "show", "small@latest")["version"]
    spare = train("--param", "num_round=2", "--name", "spare")
    status, out, err = run("models", "delete", spare["version"], one)
    assert status == 1 and out == "Deleted 1 version.\n" and "is the champion" in err, (out, err)
    deleted = asked("models", "delete", two, "small@latest")["deleted"]
    assert deleted == [{"name": "xgboost", "version": two}, {"name": "small", "version": small}]
    assert list(listed()) == [one]
    assert good("models", "delete", "xgboost@champion", "--force") == "Deleted 1 version.\n"
    assert asked("models", "list") == {"models": []}
    assert not os.path.lexists("models/xgboost/champion")
    refused(1, "no earlier champion", "models", "rollback", "xgboost")


FIRST, SECOND = {}, {}
TESTS = [test_train_into_the_registry, test_the_folder, test_the_figures_of_the_report, test_promote_and_roll_back,
         test_list_and_show, test_compare, test_wrong_use, test_no_such_version, test_damaged, test_delete]


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        good("data", "generate", "--out", "d", "--cards", "150", "--days", "150", "--seed", "3")
        status = tap.run("models", TESTS)
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
