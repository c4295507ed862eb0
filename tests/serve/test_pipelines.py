#!/usr/bin/env python3
"""Pipelines over HTTP: a run outlives the service that began it, tells its progress, its log and the model it made;
metrics count it; two that keep the schedule run nothing twice. Speaks TAP."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap  # noqa: E402
from service import ENV, Service, children_of, wait_until  # noqa: E402

HAECHI = os.environ["HAECHI"]
OWN = """[slow]
description=Waits for a service that is not there
[slow/first]
run=features
[slow/wait]
run=stream d/fraudTest.csv --to http://127.0.0.1:1 --rate 1
after=first

[mend]
description=Fails until the file is there
argument.file=missing.csv
[mend/check]
run=data check ${file}

[large]
description=Takes a while, and says how far it is
[large/generate]
run=data generate --out large --cards 3000 --days 700
"""


def post(service, path, value=None):
    request = urllib.request.Request(service.url + path, json.dumps(value or {}).encode(),
                                     {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def begin(service, name, **arguments):
    """The path of a new run."""
    status, run = post(service, f"/v1/pipelines/{name}/run", {"arguments": arguments})
    assert status == 202, run
    return "/v1/pipelines/runs/" + run["id"]


def ended(service, path):
    return wait_until("it ends", lambda: (run := service.get(path))["state"] not in ("waiting", "running") and run)


def metric(service, name, **labels):
    """The value of a metric; None where it is not there."""
    key = f"haechi_pipeline_{name}{{" + ",".join(f'{k}="{v}"' for k, v in labels.items()) + "}"
    for line in service.text("/metrics").splitlines():
        if line.startswith(key + " "):
            return float(line.rpartition(" ")[2])
    return None


def status_of(data_dir, *words):
    done = subprocess.run([HAECHI, "pipeline", "status", "--json", "--data-dir", data_dir, *words],
                          stdout=subprocess.PIPE, check=True, env=ENV)
    return json.loads(done.stdout)


def test_train():
    """A model is trained; run, list, log and metrics tell of it, and the command line tells the same."""
    with Service("data") as service:
        before = {p["name"]: p for p in service.get("/v1/pipelines")["pipelines"]}
        assert before["train_xgboost"]["last_run"] is None and before["train_xgboost"]["success_ratio"] is None
        assert before["train_xgboost"]["arguments"][0] == {"name": "train", "value": "fraudTrain.csv"}
        assert metric(service, "runs_total", pipeline="train_xgboost", outcome="succeeded") == 0
        path = begin(service, "train_xgboost", train="d/fraudTrain.csv", rounds="4")
        run = ended(service, path)
        assert run["state"] == "succeeded" and run["by"] == "local", run
        version, = (v for v in os.listdir("models/xgboost") if v.startswith("2"))
        assert run["model"] == {"name": "xgboost", "version": version}, run
        assert [step["model"] for step in run["steps"]] == [None, run["model"], None]
        assert run["steps"][1]["last_line"] and run["steps"][1]["progress"] is None
        assert status_of("data", run["id"]) == run
        assert service.get("/v1/pipelines/runs?pipeline=train_xgboost")["runs"] == [run]
        assert service.get("/v1/pipelines/runs?pipeline=slow") == {"runs": []}
        listed = {p["name"]: p for p in service.get("/v1/pipelines")["pipelines"]}["train_xgboost"]
        assert listed["last_run"] == run and listed["runs"] == listed["succeeded"] == 1
        assert listed["success_ratio"] == 1 and listed["seconds_median"] > 0
        log = pathlib.Path(f"data/pipelines/{run['id']}/train.log").read_text()
        assert follow(service, path + "/steps/train/log") == log and "Trained models/xgboost/" in log
        wait_until("it is counted",
                   lambda: metric(service, "runs_total", pipeline="train_xgboost", outcome="succeeded") == 1)
        assert metric(service, "success_ratio", pipeline="train_xgboost") == 1
        took = run["steps"][1]["seconds"]
        assert abs(metric(service, "training_seconds", pipeline="train_xgboost") - took) < 0.01
        assert abs(metric(service, "last_success_timestamp_seconds", pipeline="train_xgboost") - time.time()) < 60
        assert metric(service, "last_duration_seconds", pipeline="train_xgboost") >= took
        assert metric(service, "training_seconds", pipeline="slow") is None
        assert f"asked over HTTP by local (admin): pipeline.run train_xgboost/{run['id']}" in service.said
        wait_until("it is in the trail", lambda: service.get("/v1/audit")["entries"])
        entry, = service.get("/v1/audit")["entries"]
        assert (entry["action"], entry["by"], entry["role"]) == ("pipeline.run", "local", "admin"), entry
        assert entry["subject"] == f"train_xgboost/{run['id']}", entry
        assert service.end() == 0


def follow(service, path):
    """A log, in pieces, as the page reads it."""
    text, at = "", 0
    while True:
        piece = service.get(f"{path}?from={at}")
        assert piece["from"] == at and piece["to"] <= piece["size"]
        text, at = text + piece["text"], piece["to"]
        if piece["ended"]:
            return text


def test_failure():
    """A failure is a run's, not the service's; it is resumed once it is mended."""
    with Service("data") as service:
        path = begin(service, "mend")
        run = ended(service, path)
        assert run["state"] == "failed" and "missing.csv" in run["steps"][0]["last_line"], run
        wait_until("it is counted", lambda: metric(service, "runs_total", pipeline="mend", outcome="failed") == 1)
        assert metric(service, "success_ratio", pipeline="mend") == 0
        os.link("d/fraudTrain.csv", "missing.csv")
        status, again = post(service, path + "/resume")
        assert status == 202 and again["attempt"] == 2, again
        assert ended(service, path)["state"] == "succeeded"
        wait_until("it is counted", lambda: metric(service, "runs_total", pipeline="mend", outcome="succeeded") == 1)
        assert metric(service, "success_ratio", pipeline="mend") == 1
        status, problem = post(service, path + "/resume")
        assert status == 409 and "nothing to resume" in problem["detail"]
        assert service.end() == 0


def test_addresses():
    """An address over HTTP is the file's own or none: what runs has the service's secrets."""
    with Service("data") as service:
        for name, argument in (("load_batch_into_neo4j", "neo4j"), ("stream_predictions", "to")):
            status, problem = post(service, f"/v1/pipelines/{name}/run",
                                   {"arguments": {argument: "http://127.0.0.1:1"}})
            assert status == 422 and f"argument '{argument}'" in problem["detail"], problem
        assert service.end() == 0


def test_outlives_service():
    """Whether the service is stopped or killed, a run goes on, and the next service knows it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with Service("data") as service:
            path = begin(service, "slow")
            wait_until("it waits", lambda: service.get(path)["steps"][1]["state"] == "running")
            assert children_of(service.process.pid) == [], "it is the service's child"
            service.end(number)
        with Service("data") as service:
            run = service.get(path)
            assert run["state"] == "running" and metric(service, "running", pipeline="slow") == 1, run
            assert post(service, path + "/cancel")[0] == 202
            assert ended(service, path)["state"] == "cancelled"
            wait_until("it is counted",
                       lambda: metric(service, "runs_total", pipeline="slow", outcome="cancelled") == 1)


def runners():
    """The processes that run pipelines of these tests."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if b"\0--detach\0" in (entry / "cmdline").read_bytes() and os.readlink(entry / "cwd") == os.getcwd():
                found.append(int(entry.name))
        except OSError:
            pass  # it has ended, or is none
    return found


def test_interrupted():
    """A runner that dies leaves a run that says so, is counted, and goes on when asked to."""
    with Service("data") as service:
        path = begin(service, "slow")
        wait_until("it waits", lambda: service.get(path)["steps"][1]["state"] == "running")
        runner, = runners()
        os.kill(runner, signal.SIGKILL)
        run = wait_until("it is seen", lambda: (run := service.get(path))["state"] == "interrupted" and run)
        assert [step["state"] for step in run["steps"]] == ["succeeded", "interrupted"]
        wait_until("it is counted", lambda: metric(service, "runs_total", pipeline="slow", outcome="interrupted") == 1)
        assert post(service, path + "/cancel")[0] == 409
        status, again = post(service, path + "/resume")
        assert status == 202 and again["attempt"] == 2 and again["steps"][0] == run["steps"][0], again
        wait_until("it waits again", lambda: service.get(path)["steps"][1]["state"] == "running")
        assert post(service, path + "/cancel")[0] == 202
        assert ended(service, path)["state"] == "cancelled"
        assert service.end() == 0


def test_progress():
    """Of a step that says how far it is, and of no other."""
    with Service("data") as service:
        path = begin(service, "large")
        seen = []

        def look():
            step, = service.get(path)["steps"]
            if step["progress"] is not None:
                seen.append((step["doing"], step["progress"]))
            return len(set(seen)) >= 2
        wait_until("it has told of two shares", look)
        assert all(doing and 0 <= share <= 1 for doing, share in seen), seen
        assert post(service, path + "/cancel")[0] == 202
        step, = ended(service, path)["steps"]
        assert step["progress"] is None and step["doing"] is None
        assert not pathlib.Path("large/fraudTrain.csv").exists()
        assert service.end() == 0


def test_many_at_once():
    """However fast they are asked for, eight run and the rest is refused; none is lost."""
    with Service("data") as service:
        before = len(service.get("/v1/pipelines/runs?limit=200")["runs"])
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(post(service, "/v1/pipelines/slow/run")))
                   for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(status for status, _ in answers) == [202] * 8 + [409] * 4, answers
        assert all("8 runs are under way" in answer["detail"] for status, answer in answers if status == 409)
        for status, run in answers:
            if status == 202:
                assert post(service, f"/v1/pipelines/runs/{run['id']}/cancel")[0] == 202
        for status, run in answers:
            if status == 202:
                assert ended(service, "/v1/pipelines/runs/" + run["id"])["state"] == "cancelled"
        assert len(service.get("/v1/pipelines/runs?limit=200")["runs"]) == before + 8
        assert service.end() == 0


def test_wrong_file():
    """It is told when somebody asks, and the service runs on."""
    file = pathlib.Path("data/pipelines.conf")
    file.write_text(OWN + "[bad]\n")
    try:
        with Service("data") as service:
            for group in ("bad", "bad", "worse", "bad"):
                file.write_text(OWN + f"[{group}]\n")
                try:
                    service.get("/v1/pipelines")
                    assert False, "it was not refused"
                except urllib.error.HTTPError as error:
                    assert error.code == 409 and f"[{group}] description" in json.load(error)["detail"]
            status, problem = post(service, "/v1/pipelines/slow/run")
            assert status == 409 and "[bad] description" in problem["detail"], problem
            told = [line for line in service.said.splitlines() if "] description" in line]
            assert [line.split("[")[1].split("]")[0] for line in told] == ["bad", "worse", "bad"], told
            file.write_text(OWN)
            assert service.get("/v1/pipelines")["pipelines"]
            file.write_text(OWN + "[bad]\n")
            assert service.get("/readyz")["status"] == "ready"
        scheduled = subprocess.run([HAECHI, "serve", "--data-dir", "data", "--model", "m", "--listen", "127.0.0.1:0",
                                    "--schedule"], stderr=subprocess.PIPE, text=True, env=ENV, check=False)
        assert scheduled.returncode == 1 and "[bad] description" in scheduled.stderr, scheduled
    finally:
        file.write_text(OWN)


def test_people():
    """Who runs something is kept with the run and in the audit trail; who may only look on may not."""
    tokens = {"kim": "kim0kim0kim0kim0", "lee": "lee0lee0lee0lee0"}
    with open("tokens", "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(f"kim admin {tokens['kim']}\nlee analyst {tokens['lee']}\n")

    def ask(name, path, value=None):
        request = urllib.request.Request(service.url + path, None if value is None else json.dumps(value).encode(),
                                         {"Content-Type": "application/json", "Authorization": f"Bearer {tokens[name]}"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
    with Service("data", "--token-file", "tokens") as service:
        status, run = ask("kim", "/v1/pipelines/slow/run", {})
        assert status == 202 and run["by"] == "kim", run
        path = "/v1/pipelines/runs/" + run["id"]
        assert ask("lee", path)[1]["id"] == run["id"]
        for refused in ("/v1/pipelines/slow/run", path + "/cancel", path + "/resume"):
            assert ask("lee", refused, {})[0] == 403
        assert ask("kim", path + "/cancel", {})[0] == 202
        wait_until("it ends", lambda: ask("kim", path)[1]["state"] == "cancelled")
        told = wait_until("both are told", lambda: (entries := [
            (entry["by"], entry["role"], entry["action"]) for entry in ask("lee", "/v1/audit")[1]["entries"]
            if entry["subject"] == f"slow/{run['id']}"]) and len(entries) == 2 and entries)
        assert told == [("kim", "admin", "pipeline.cancel"), ("kim", "admin", "pipeline.run")], told
        settings = {item["name"]: item["value"] for item in ask("kim", "/v1/config")[1]["settings"]
                    if item["section"] == "pipelines"}
        assert settings == {"file": "data/pipelines.conf", "schedule": "false"}, settings
        assert service.end() == 0


def is_zombie(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def test_first_of_container():
    """As process 1 the service inherits the runs, and buries them."""
    inside = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if subprocess.run([*inside, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return "SKIP no namespace of processes can be made here"
    with Service("data", before=inside) as service:
        first, = children_of(service.process.pid)
        for _ in range(5):
            assert ended(service, begin(service, "mend"))["steps"]
        wait_until("they are buried", lambda: not any(map(is_zombie, children_of(first))))
    return None


def test_schedule():
    """Begun with the tests: a command keeps the schedule, and a service beside it waits for its turn."""
    command, service = SCHEDULERS
    wait_until("a minute has begun", minutes)
    assert "another process runs the schedule" in service.said
    command.send_signal(signal.SIGTERM)
    _, said = command.communicate(timeout=60)
    assert command.returncode == 0 and "another process" not in said, said
    before = len(minutes())
    wait_until("it takes over", lambda: "schedule: minutely is due next" in service.said)
    due = time.monotonic() + 65
    while len(minutes()) == before and time.monotonic() < due:
        time.sleep(0.2)
    assert len(minutes()) > before, "the service did not go on with it"
    assert len(set(minutes())) == len(minutes()), "a pipeline was run twice"
    assert all(run["by"] == "schedule" for run in status_of("timed")["runs"])
    assert service.end() == 0


def minutes():
    """Those at which the pipeline was run."""
    return [run["created"][:16] for run in status_of("timed")["runs"]]


SCHEDULERS = []
TESTS = [test_train, test_failure, test_addresses, test_outlives_service, test_interrupted, test_progress, test_many_at_once,
         test_wrong_file, test_people, test_first_of_container, test_schedule]


def start_schedulers():
    os.mkdir("timed")
    pathlib.Path("timed/pipelines.conf").write_text(
        "[minutely]\ndescription=d\nschedule=* * * * *\n[minutely/s]\nrun=features\n")
    pathlib.Path("timed.conf").write_text("[pipelines]\nschedule=true\n")
    SCHEDULERS.append(subprocess.Popen([HAECHI, "pipeline", "schedule", "--data-dir", "timed"],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                       text=True, env=ENV))
    SCHEDULERS.append(Service("timed", "--config", "timed.conf"))


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        for words in (("data", "generate", "--out", "d", "--cards", "40", "--days", "40", "--seed", "3"),
                      ("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", "m", "--param", "num_round=2")):
            subprocess.run([HAECHI, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, env=ENV)
        os.mkdir("data")
        pathlib.Path("data/pipelines.conf").write_text(OWN)
        try:
            start_schedulers()
            status = tap.run("pipelines", TESTS)
        finally:
            for process in SCHEDULERS:
                process.__exit__() if isinstance(process, Service) else process.kill()
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
