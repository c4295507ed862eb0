#!/usr/bin/env python3
"""Training runs in a real MLflow (tests/servers.py), and models from it: what is recorded is what the model's
folder says; no loss of a request or an answer, wherever it comes, makes a run twice or half; what is loaded
scores as the folder it came from. Skipped where MLflow cannot be had. Speaks TAP."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from misbehaving import Spoiler  # noqa: E402
from server import MLflow, run  # noqa: E402
from world import HAECHI, Service, World  # noqa: E402

RECORDED = re.compile(r"recorded in MLflow at (\S+): run (\w+), version (\d+) of the model (\S+)\n")


def recorded(text):
    """Run, version and name that a command told of."""
    found = RECORDED.fullmatch(text)
    assert found, text
    return found[2], found[3], found[4]


def listed(items):
    return {item["key"]: item["value"] for item in items}


def artifacts(server, run_id):
    answer = server.ask("artifacts/list", run_id=run_id, path="model")
    return {item["path"]: item["file_size"] for item in answer["files"]}


def runs(server, experiment, version):
    number = server.ask("experiments/get-by-name", experiment_name=experiment)["experiment"]["experiment_id"]
    return server.ask("runs/search", {"experiment_ids": [number], "run_view_type": "ALL",
                                      "filter": f"tags.`haechi.model_version` = '{version}'"}).get("runs", [])


def versions(server, name):
    return server.ask("model-versions/search", filter=f"name = '{name}'").get("model_versions", [])


def test_a_training_run_is_recorded(world, server):
    told, err = world.train("--name", "first", MLFLOW_TRACKING_URI=server.url)
    run_id, version, name = recorded(err)
    assert (version, name) == ("1", "first") and world.waiting() == []
    manifest = json.loads((world.top / "m" / "manifest.json").read_text())
    got = server.ask("runs/get", run_id=run_id)["run"]
    info, data = got["info"], got["data"]
    assert info["status"] == "FINISHED" and info["run_name"] == f"first {told['version']}"
    assert abs(info["end_time"] - info["start_time"] - manifest["training_seconds"] * 1000) <= 1, info
    assert listed(data["params"]) == manifest["parameters"]
    metrics = listed(data["metrics"])
    for key, value in manifest["metrics"].items():
        assert metrics[key] == value, key
    assert metrics["threshold"] == manifest["threshold"]
    assert metrics["training_seconds"] == manifest["training_seconds"]
    assert metrics["training_rows"] == manifest["data"]["rows"]
    tags = listed(data["tags"])
    assert tags["haechi.version"] in subprocess.run([HAECHI, "--version"], stdout=subprocess.PIPE, text=True,
                                                    check=True).stdout
    assert tags["haechi.feature_hash"] == manifest["feature_hash"]
    assert (tags["haechi.data_from"], tags["haechi.data_to"]) == (manifest["data"]["from"], manifest["data"]["to"])
    assert (tags["haechi.model_name"], tags["haechi.model_version"]) == ("first", told["version"])
    assert tags["haechi.members"] == "xgboost" and tags["haechi.threshold_choice"] == manifest["threshold_choice"]
    sizes = {path.name: path.stat().st_size for path in (world.top / "m").iterdir()}
    assert artifacts(server, run_id) == {f"model/{name}": size for name, size in sizes.items()}
    for curve in json.loads((world.top / "m" / "report.json").read_text())["training_curve"]:
        key = re.sub(r"[^\w. :/-]", "_", curve["metric"])
        points = server.ask("metrics/get-history", run_id=run_id, metric_key=key)["metrics"]
        assert [(point["step"], point["value"]) for point in points] == list(zip(curve["step"], curve["value"])), curve
    found = server.ask("registered-models/alias", name="first", alias="challenger")["model_version"]
    assert found["version"] == "1" and found["run_id"] == run_id


def test_the_experiment_is_of_the_environments_name(world, server):
    told, err = world.train("--name", "named", MLFLOW_TRACKING_URI=server.url, MLFLOW_EXPERIMENT_NAME="야간 & 'night'")
    recorded(err)
    assert len(runs(server, "야간 & 'night'", told["version"])) == 1


def curve_of(name, count):
    return {"metric": name, "step": list(range(1, count + 1)), "value": [1 / step for step in range(1, count + 1)]}


def put_aside(world):
    """A record that waits, with a long training curve and other files beside: the name of its folder."""
    world.train("--name", "curve", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    entry = world.outbox / world.waiting()[0]
    report = {"training_curve": [curve_of("judging aucpr", 1700), curve_of("loss (train)", 900), {"metric": 5}, 7,
                                 {"metric": "short", "step": [1, 2, 3], "value": [0.5, None]}]}
    (entry / "report.json").unlink()  # and not over it: it is a link to the model's
    (entry / "report.json").write_text(json.dumps(report))
    (entry / "more.png").write_bytes(os.urandom(300000))
    (entry / ".hidden").write_text("x")
    (entry / "folder").mkdir()
    (entry / "link.txt").symlink_to("/etc/hostname")
    return entry


def check_curve(server, run_id, entry):
    sizes = {path.name: path.stat().st_size for path in entry.iterdir()
             if path.is_file() and not path.is_symlink() and path.name[0] != "."}
    assert {"more.png", "xgboost.json", "report.json"} < sizes.keys()
    assert artifacts(server, run_id) == {f"model/{name}": size for name, size in sizes.items()}
    for key, count in (("judging aucpr", 1700), ("loss _train_", 900), ("short", 1)):
        history = server.ask("metrics/get-history", run_id=run_id, metric_key=key, max_results=25000)["metrics"]
        assert [point.get("step") for point in history] == list(range(1, count + 1)), (key, len(history))
        if count > 1:
            assert [point["value"] for point in history] == [1 / step for step in range(1, count + 1)]


def test_curves_and_all_files_are_recorded(world, server):
    entry = put_aside(world)
    kept = world.top / "kept"
    shutil.copytree(entry, kept, symlinks=True)
    (entry / "folder").rmdir()
    out, _ = world.good("mlflow", "send", MLFLOW_TRACKING_URI=server.url)
    run_id, _, _ = recorded(out)
    check_curve(server, run_id, kept)
    assert world.waiting() == []
    assert world.good("mlflow", "send", MLFLOW_TRACKING_URI=server.url)[0] == "nothing waits\n"
    shutil.rmtree(kept)


def test_more_than_a_batch_of_parameters(world, server):
    """251 parameters and a value over MLflow's length go in batches of 100, and cut."""
    world.train("--name", "many", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    entry = world.outbox / world.waiting()[0]
    manifest = json.loads((entry / "manifest.json").read_text())
    manifest["parameters"] = {f"p{i}": str(i) for i in range(250)} | {"긴 <long>": "값" * 3000}
    (entry / "manifest.json").unlink()
    (entry / "manifest.json").write_text(json.dumps(manifest))
    run_id, _, _ = recorded(world.good("mlflow", "send", MLFLOW_TRACKING_URI=server.url)[0])
    params = listed(server.ask("runs/get", run_id=run_id)["run"]["data"]["params"])
    assert len(params) == 251 and params["p249"] == "249"
    long = next(value for key, value in params.items() if key.endswith(" _long_"))
    assert long == "값" * (500 // 3), long


def wait_and_count(world, server):
    """A record that waits, and how many requests it takes to send one like it."""
    world.train("--name", "spoilt", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    saved = world.top / "saved"
    entry = world.outbox / world.waiting()[0]
    shutil.copytree(entry, saved)
    with Spoiler(server.url) as whole:
        world.good("mlflow", "send", MLFLOW_TRACKING_URI=whole.url)
        return saved, whole.count


def again(world, saved, number):
    """Lets a record wait that is the saved one, with a version of its own."""
    manifest = json.loads((saved / "manifest.json").read_text())
    version = f"20300101T{number:06}Z-deadbeef"
    entry = world.outbox / f"{version}@spoilt"
    shutil.copytree(saved, entry)
    (entry / "manifest.json").write_text(json.dumps({**manifest, "version": version}))
    return version


def test_no_loss_of_an_answer_makes_a_run_twice(world, server):
    """Each request of a record in turn is refused with 500, or its answer is lost or cut in half; what waits is
    then sent again. One run and one version come of it each time, whole."""
    saved, count = wait_and_count(world, server)
    assert count > 10
    failed = 0
    files = {f"model/{path.name}" for path in saved.iterdir() if path.name[0] != "."}
    for at in range(1, count + 1):
        how = ("cut", "half", "refuse")[at % 3]
        version = again(world, saved, at)
        with Spoiler(server.url, at, how) as spoiler:
            status, _, err = world.run("mlflow", "send", MLFLOW_TRACKING_URI=spoiler.url)
            assert status == len(world.waiting()), "a question may be repeated, where that does no harm"
            failed += status
            assert status == 0 or (err.count("\n") == 1 and "1 not sent" in err), (at, how, err)
            assert status == 1 or how == "cut", (at, how)
        world.good("mlflow", "send", MLFLOW_TRACKING_URI=server.url)
        found = runs(server, "haechi", version)
        assert len(found) == 1 and found[0]["info"]["status"] == "FINISHED", (at, how, found)
        run_id = found[0]["info"]["run_id"]
        assert artifacts(server, run_id).keys() == files
        of_run = [one for one in versions(server, "spoilt") if one["run_id"] == run_id]
        assert len(of_run) == 1, (at, how, of_run)
    assert failed >= count - count // 3, failed
    shutil.rmtree(saved)


def test_what_waits_goes_out_with_the_next_training(world, server):
    told, err = world.train("--name", "late", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert "1 wait in" in err
    later, err = world.train("--name", "late", rounds=5, MLFLOW_TRACKING_URI=server.url)
    assert len(RECORDED.findall(err)) == 2, err
    assert [len(runs(server, "haechi", version)) for version in (told["version"], later["version"])] == [1, 1]
    assert [one["version"] for one in versions(server, "late")] == ["2", "1"]


def test_a_deleted_run_is_not_made_again(world, server):
    world.train("--name", "gone", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    entry = world.outbox / world.waiting()[0]
    saved = world.top / "saved"
    shutil.copytree(entry, saved)
    run_id, _, _ = recorded(world.good("mlflow", "send", MLFLOW_TRACKING_URI=server.url)[0])
    server.ask("runs/delete", {"run_id": run_id})
    shutil.copytree(saved, entry)
    assert "already" in world.good("mlflow", "send", MLFLOW_TRACKING_URI=server.url)[0]
    assert len(versions(server, "gone")) == 1
    shutil.rmtree(saved)


def scores(world, model, **env):
    world.good("replay", "d/fraudTest.csv", "--model", model, "--out", "scores.csv", **env)
    return (world.top / "scores.csv").read_bytes()


def test_a_model_is_loaded_from_the_registry(world, server):
    at = {"MLFLOW_TRACKING_URI": server.url}
    world.train("--name", "served", **at)
    first = scores(world, "m")
    world.train("--name", "served", rounds=6, **at)
    second = scores(world, "m")
    assert first != second
    assert scores(world, "mlflow:served/1", **at) == first
    assert scores(world, "mlflow:served@challenger", **at) == second
    assert "no" in world.refused("replay", "d/fraudTest.csv", "--model", "mlflow:served@champion", **at)
    assert world.good("mlflow", "alias", "served@champion", "1", **at)[0] == "served@champion is version 1\n"
    assert scores(world, "mlflow:served@champion", **at) == first
    world.good("mlflow", "alias", "served@champion", "2", **at)
    assert scores(world, "mlflow:served@champion", **at) == second
    for model in ("served/3", "nobody@champion", "nobody/1"):
        assert "answered 40" in world.refused("replay", "d/fraudTest.csv", "--model", "mlflow:" + model, **at)
    server.stop()
    out, err = world.good("replay", "d/fraudTest.csv", "--model", "mlflow:served@champion", "--json", **at)
    assert "the version it meant the last time is used" in err and json.loads(out)["transactions"] > 0
    assert "Failed to connect" in world.refused("replay", "d/fraudTest.csv", "--model", "mlflow:first/1", **at)


def test_the_service_loads_a_model_from_the_registry(world, server):
    at = {"MLFLOW_TRACKING_URI": server.url}
    told, err = world.train("--name", "live", **at)
    recorded(err)
    service = subprocess.Popen(
        [HAECHI, "serve", "--data-dir", str(world.top / "data"), "--model", "mlflow:live@challenger", "--listen",
         "127.0.0.1:0"], env={**world.env, **at}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        lines = []
        for line in service.stderr:
            lines.append(line)
            if "listening on " in line:
                break
        assert f"model live {told['version']}\n" in lines, lines
        with urllib.request.urlopen(lines[-1].split("listening on ")[1].strip() + "healthz", timeout=30) as answer:
            assert answer.status == 200
    finally:
        service.send_signal(signal.SIGTERM)
        service.stderr.close()
        assert service.wait(60) == 0


def test_an_alias_that_is_moved_changes_what_serves(world, server):
    """There and back, with transactions in between; and while the server is away everything stays."""
    at = {"MLFLOW_TRACKING_URI": server.url}
    first = world.train("--name", "moved", **at)[0]["version"]
    second = world.train("--name", "moved", rounds=6, **at)[0]["version"]
    world.good("mlflow", "alias", "moved@champion", "1", **at)
    with Service(world, "mlflow:moved@champion", "--challenger", "mlflow:moved@challenger", **at) as service:
        assert service.version == first
        service.wait("the challenger follows", lambda: f"{second} follows in the shadow" in service.said)
        world.good("stream", "d/fraudTest.csv", "--to", service.url, "--rate", "0", "--limit", "200")
        world.good("mlflow", "alias", "moved@champion", "2", **at)
        service.wait("the second decides", lambda: service.version == second)
        world.good("stream", "d/fraudTest.csv", "--to", service.url, "--rate", "0", "--limit", "400")
        world.good("mlflow", "alias", "moved@champion", "1", **at)
        service.wait("the first decides", lambda: service.version == first)
        server.stop()
        service.wait("it says so", lambda: "the model stays as it is" in service.said)
        time.sleep(3)
        assert service.said.count("mlflow:moved@champion: the model stays as it is") == 1, service.said
        assert service.version == first and service.get("/v1/stats")["transactions"] == 400
        server.start()
        at = {"MLFLOW_TRACKING_URI": server.url}
        service.wait("it says so", lambda: "mlflow:moved@champion can be looked up again" in service.said)
        world.good("mlflow", "alias", "moved@champion", "2", **at)
        service.wait("the second decides", lambda: service.version == second)
        assert service.end() < 10
        assert service.said.count("is the champion") == 3, service.said


def test_two_that_send_at_once_send_each_record_once(world, server):
    world.train("--name", "both", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    version = world.waiting()[0].split("@")[0]
    ways = [subprocess.Popen([HAECHI, "train", "xgboost", "--train", "d/fraudTrain.csv", "--out", f"m{n}", "--name",
                              "both", "--param", f"num_round={7 + n}"], cwd=world.top, text=True,
                             env={**world.env, "MLFLOW_TRACKING_URI": server.url}, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE) for n in range(2)]
    said = "".join(way.communicate(timeout=200)[1] for way in ways)
    assert [way.returncode for way in ways] == [0, 0], (said, ways)
    assert len(RECORDED.findall(said)) == 3 and "warning" not in said, said
    of_both = versions(server, "both")
    assert len(of_both) == 3 and len({one["run_id"] for one in of_both}) == 3, of_both
    assert len(runs(server, "haechi", version)) == 1, version
    assert world.waiting() == []


TESTS = [
    test_a_training_run_is_recorded, test_the_experiment_is_of_the_environments_name,
    test_curves_and_all_files_are_recorded, test_more_than_a_batch_of_parameters,
    test_no_loss_of_an_answer_makes_a_run_twice, test_what_waits_goes_out_with_the_next_training,
    test_a_deleted_run_is_not_made_again, test_a_model_is_loaded_from_the_registry,
    test_the_service_loads_a_model_from_the_registry, test_an_alias_that_is_moved_changes_what_serves, test_two_that_send_at_once_send_each_record_once,
]


def main():
    server = MLflow()
    try:
        with tempfile.TemporaryDirectory() as top:
            return run("mlflow/mlflow", TESTS, [server], World(top), server)
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
