#!/usr/bin/env python3
"""haechi train catboost: with CatBoost itself where its environment has been made, and everywhere with Pythons that
are not there, lack it, or misbehave. Speaks TAP."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parents[1] / "tools"))
import python_env  # noqa: E402
import tap  # noqa: E402

HAECHI = os.environ["HAECHI"]
PYTHON = python_env.there("catboost")
ENV = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")
SKIP = "SKIP CatBoost's environment is not here: make catboost"
WORDS = ["--train", "d/fraudTrain.csv", "--param", "iterations=30", "--param", "thread_count=1"]


def run(*words, **env):
    """Exit status, standard output, standard error."""
    done = subprocess.run([HAECHI, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=250, env=dict(ENV, **env), check=False)
    return done.returncode, done.stdout, done.stderr


def good(*words):
    status, out, err = run(*words)
    assert status == 0, (words, status, err)
    return out


def refused(part, *words, **env):
    """Training fails with one line that holds `part`, and makes no model."""
    status, out, err = run("train", "catboost", "--out", "x", *WORDS, *words, **env)
    assert (status, out, err.count("\n")) == (1, "", 1) and part in err, (words, status, err)
    assert not os.path.exists("x")


def test_train_and_replay():
    """A model that finds the frauds of later transactions, and the same bytes when trained again."""
    if not PYTHON:
        return SKIP
    for out in ("m1", "m2"):
        result = json.loads(good("train", "catboost", "--out", out, "--json", *WORDS))
        assert result["average_precision"] > 0.9, result
    for name in ("catboost.json", "suspicion.json"):
        assert pathlib.Path("m1", name).read_bytes() == pathlib.Path("m2", name).read_bytes(), name
    manifest = json.loads(pathlib.Path("m1", "manifest.json").read_text())
    assert [member["kind"] for member in manifest["members"]] == ["catboost"]
    assert manifest["parameters"]["iterations"] == "30" and manifest["name"] == "catboost"
    report = json.loads(pathlib.Path("m1", "report.json").read_text())
    curve = report["training_curve"][0]
    assert curve["metric"] == "log loss, training" and curve["step"] == list(range(1, 31))
    assert all(loss > later for loss, later in zip(curve["value"], curve["value"][1:]))
    assert report["importance"][0]["mean_contribution"] > 0 and report["shap"]["contributions"]
    replayed = json.loads(good("replay", "d/fraudTest.csv", "--warmup", "d/fraudTrain.csv", "--model", "m1", "--json"))
    assert replayed["average_precision"] > 0.9, replayed
    return None


def test_first_stage_is_shared():
    """Trained on the same data on one thread, XGBoost and CatBoost have the same first stage."""
    if not PYTHON:
        return SKIP
    good("train", "catboost", "--out", "m1", *WORDS)
    good("train", "xgboost", "--out", "mx", "--train", "d/fraudTrain.csv", "--param", "num_round=3",
         "--param", "nthread=1")
    assert pathlib.Path("m1/suspicion.json").read_bytes() == pathlib.Path("mx/suspicion.json").read_bytes()
    return None


def test_wrong_parameters():
    """Told in one line, before the data is read."""
    refused("iterations must be 1 to", "--param", "iterations=0")
    refused("loss_function must be Logloss", "--param", "loss_function=RMSE")
    if not PYTHON:
        return SKIP
    refused("Unknown option {dept}", "--param", "dept=3")
    refused('"depth" with value: "deep"', "--param", "depth=deep")
    refused("not symmetric", "--param", "grow_policy=Lossguide")
    return None


def python(name, text):
    path = pathlib.Path(name).absolute()
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_no_python():
    """Each way in which there may be no CatBoost is one line."""
    refused("make catboost", HAECHI_PYTHON_ENVS="/nowhere", HAECHI_PYTHON="")
    refused("cannot start Python", "--python", "/nowhere/python")
    refused("cannot start Python", HAECHI_PYTHON="/nowhere/python")
    refused("has no module named catboost", "--python", python("bare", 'exec python3 -I "$@"'))


def test_python_misbehaves():
    """A child that dies, chatters or sends rubbish."""
    refused("ended early: out of luck", "--python", python("dies", "echo out of luck >&2"))
    refused("ended early: it said nothing", "--python", python("silent", "exit 0"))
    refused("ended by signal 9", "--python", python("killed", "kill -9 $$"))
    refused("not expected", "--python", python("chatters", "cat >/dev/null; echo hello"))
    refused("not expected", "--python", python("long", "cat >/dev/null; head -c 100000 /dev/zero | tr '\\0' x"))
    for told, part in (('{"bytes": 5}\nno', "ended early"), ('{"bytes": 99999999999}', "ask for fewer trees"),
                       ('{"bytes": 2}\nxx', "JSON: "), ('{"bytes": 2}\n{}', "features_info"),
                       ('{"error": "two\\nlines"}', "two lines"), ('{"bytes": "x"}\n', "JSON: ")):
        refused(part, "--python", python("odd", f"cat >/dev/null\nprintf '%s' '{told}'"))


def children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def gone(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for(what):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(what)


def test_dies_with_haechi():
    """When haechi is killed, the child is."""
    slow = python("slow", "exec sleep 600")
    with subprocess.Popen([HAECHI, "train", "catboost", "--out", "x", *WORDS, "--python", slow], env=ENV) as haechi:
        child, = wait_for(lambda: children(haechi.pid))
        haechi.send_signal(signal.SIGKILL)
    wait_for(lambda: gone(child))


TESTS = [test_train_and_replay, test_first_stage_is_shared, test_wrong_parameters, test_no_python,
         test_python_misbehaves, test_dies_with_haechi]


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        good("data", "generate", "--out", "d", "--cards", "150", "--days", "150", "--seed", "3")
        status = tap.run("catboost", TESTS)
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
