#!/usr/bin/env python3
"""haechi pipeline: runs, their order, records and logs; a step that fails, is cancelled, does not want to end; a
runner that is killed; and what is refused. Speaks TAP."""

import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap  # noqa: E402
from service import ENV, Service, wait_until  # noqa: E402

HAECHI = os.environ["HAECHI"]
OWN = """# ours
[mend]
description=Fails until the file is there
argument.file=missing.csv

[mend/last]
run=features --json
after=check

[mend/check]
run=data check ${file}
after=first

[mend/first]
run=data check d/fraudTest.csv

[slow]
description=Waits for a service that is not there
[slow/first]
run=data check d/fraudTest.csv
[slow/wait]
run=stream d/fraudTest.csv --to http://127.0.0.1:1 --rate 1
after=first
[slow/last]
run=features
after=wait

[sent]
description=Sends, and says so
argument.to=
[sent/send]
run=stream d/fraudTest.csv --to ${to} --rate 20
[sent/after]
run=features
after=send

[print]
description=Says what it is told
argument.word=
[print/say]
run=data check ${word}
"""


def run(*words):
    """Exit status, standard output, standard error."""
    done = subprocess.run([HAECHI, "pipeline", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=200, env=ENV, check=False)
    return done.returncode, done.stdout, done.stderr


def good(*words):
    status, out, err = run(*words)
    assert status == 0, (words, status, err)
    return out


def asked(*words):
    return json.loads(good(*words, "--json"))


def refused(status, part, *words):
    """The command fails with `status` and one line that holds `part`."""
    found, out, err = run(*words)
    assert found == status and out == "", (words, found, out, err)
    assert err.count("\n") == 1 and part in err, err


def states(told):
    return {step["name"]: step["state"] for step in told["steps"]}


def children_of(pid):
    """Processes whose parent is `pid`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.name))
        except OSError:
            pass  # it has ended
    return found


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Slow:
    """A run of the pipeline `slow`, at its step `wait`."""

    def __init__(self):
        self.process = subprocess.Popen([HAECHI, "pipeline", "run", "slow"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=ENV)
        self.id = wait_until("it waits", self.at_wait)
        self.step, = children_of(self.process.pid)

    def at_wait(self):
        latest = (asked("status")["runs"] or [{"pipeline": None}])[0]
        return latest["pipeline"] == "slow" and states(latest)["wait"] == "running" and latest["id"]

    def end(self):
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err


def test_list():
    told = {p["name"]: p for p in asked("list")["pipelines"]}
    assert {"demo_data", "load_batch_into_neo4j", "train_xgboost", "train_catboost", "train_gcn", "train_ensemble",
            "stream_predictions", "mend", "slow", "sent", "print"} == set(told)
    assert [step["name"] for step in told["mend"]["steps"]] == ["first", "check", "last"]
    assert told["mend"]["arguments"] == {"file": "missing.csv"} and told["print"]["arguments"] == {"word": None}
    text = good("list")
    assert "--set word=VALUE (needed)" in text and "2. check: data check ${file}" in text
    assert "no pipeline was run yet" in good("status") and asked("status") == {"runs": []}
    refused(1, "no pipeline was run yet", "logs")


def test_data_then_model():
    """Data are made, and a model is trained on them; the steps are told as they come."""
    status, out, err = run("run", "demo_data", "--set", "out=made", "--set", "cards=60", "--set", "days=60")
    assert status == 0 and "succeeded" in out, err
    assert [line.split(":")[0] for line in err.splitlines()[1:]] == ["[1/2] generate"] * 2 + ["[2/2] check"] * 2, err
    told = asked("run", "train_xgboost", "--set", "train=made/fraudTrain.csv", "--set", "rounds=5")
    assert told["state"] == "succeeded" and told["attempt"] == 1 and told["arguments"]["rounds"] == "5"
    assert states(told) == {"check": "succeeded", "train": "succeeded", "list": "succeeded"}
    assert all(step["exit_status"] == 0 and step["seconds"] > 0 for step in told["steps"])
    assert told["started"] <= told["ended"] and told["seconds"] >= sum(s["seconds"] for s in told["steps"]) - 0.01
    assert asked("status", told["id"]) == told and asked("status")["runs"][0] == told
    version, = os.listdir("models/xgboost")[:1]
    logs = {log["step"]: log["log"] for log in asked("logs", told["id"])["logs"]}
    assert "Trained models/xgboost/" in logs["train"] and "xgboost" in logs["list"], (logs, version)
    assert good("logs", "--step", "train") == logs["train"]
    assert "==> check\n" in good("logs")
    refused(1, "no step 'x'", "logs", "--step", "x")


def test_failing_step():
    """The step's own words are told, what waits for it is not run, and the run goes on from it once mended."""
    status, out, err = run("run", "mend")
    assert status == 1 and out == "" and "failed at the step check: haechi data check: " in err, err
    told = asked("status")["runs"][0]
    assert states(told) == {"first": "succeeded", "check": "failed", "last": "waiting"} and told["state"] == "failed"
    assert told["steps"][1]["exit_status"] == 1 and told["steps"][1]["signal"] is None
    os.link("d/fraudTrain.csv", "missing.csv")
    os.mkdir("elsewhere")
    moved = subprocess.run([HAECHI, "pipeline", "resume", told["id"], "--data-dir", "../haechi-data", "--json"],
                           cwd="elsewhere", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV,
                           check=False)
    assert moved.returncode == 0, moved.stderr
    again = json.loads(moved.stdout)
    assert again["state"] == "succeeded" and again["attempt"] == 2 and again["id"] == told["id"]
    assert again["steps"][0] == told["steps"][0], "the step that had succeeded was run again"
    assert "first" not in moved.stderr
    refused(1, "nothing to resume", "resume", told["id"])


def test_cancel():
    slow = Slow()
    refused(1, "is running", "resume", slow.id)
    told = asked("cancel")
    assert told["id"] == slow.id and told["state"] == "cancelled"
    assert states(told) == {"first": "succeeded", "wait": "cancelled", "last": "waiting"}
    status, err = slow.end()
    assert status == 1 and "cancelled at the step wait" in err, err
    assert not is_alive(slow.step)
    refused(1, "is not running: it is cancelled", "cancel", slow.id)


def test_cancel_what_ends_well():
    """A stream ends with status 0 when it is asked to; it was cancelled all the same."""
    subprocess.run([HAECHI, "train", "xgboost", "--train", "d/fraudTrain.csv", "--out", "m", "--param", "num_round=2"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, env=ENV)
    with Service("receiver", model="m") as service:
        sending = subprocess.Popen([HAECHI, "pipeline", "run", "sent", "--set", f"to={service.url}"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=ENV)
        wait_until("it sends", lambda: service.get("/v1/stats")["transactions"] > 0)
        told = asked("cancel")
        assert told["state"] == "cancelled" and states(told) == {"send": "cancelled", "after": "waiting"}, told
        assert sending.wait(timeout=60) == 1


def test_interrupt():
    """Ctrl-C cancels, and the exit status says so."""
    slow = Slow()
    slow.process.send_signal(signal.SIGINT)
    assert slow.end()[0] == 130
    assert asked("status", slow.id)["state"] == "cancelled" and not is_alive(slow.step)


def test_cancel_what_does_not_end():
    slow = Slow()
    os.kill(slow.step, signal.SIGSTOP)  # takes no SIGTERM
    told = asked("cancel", slow.id)
    assert told["state"] == "cancelled" and told["steps"][1]["signal"] == signal.SIGKILL
    assert told["steps"][1]["seconds"] > 5
    assert slow.end()[0] == 1 and not is_alive(slow.step)


def test_killed_runner():
    """The step dies with it, the run is seen as interrupted, and goes on where it was."""
    slow = Slow()
    slow.process.kill()
    slow.end()
    wait_until("the step has ended", lambda: not is_alive(slow.step))
    told = asked("status", slow.id)
    assert told["state"] == "interrupted" and told["ended"] is None and told["seconds"] is None
    assert states(told) == {"first": "succeeded", "wait": "interrupted", "last": "waiting"}
    refused(1, "it is interrupted", "cancel", slow.id)
    assert good("resume", slow.id, "--detach").strip() == slow.id
    resumed = wait_until("it waits again", lambda: slow.at_wait() and asked("status", slow.id))
    assert resumed["attempt"] == 2 and resumed["steps"][0] == told["steps"][0]
    assert asked("cancel", slow.id)["state"] == "cancelled"


def test_killed_often():
    """Killed at any moment, a run is whole, interrupted or as it ended, and can be brought to its end."""
    for delay in range(0, 60, 6):
        process = subprocess.Popen([HAECHI, "pipeline", "run", "mend", "--set", "file=d/fraudTest.csv"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=ENV)
        try:
            process.wait(delay / 1000)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for told in asked("status")["runs"]:
            assert told["state"] in ("succeeded", "interrupted", "cancelled"), told
            if told["state"] == "interrupted":
                assert asked("resume", told["id"])["state"] == "succeeded"


def test_detached():
    """Outlives who started it; several may run at once."""
    ids = [good("run", "mend", "--set", "file=d/fraudTrain.csv", "--detach").strip() for _ in range(3)]
    assert len(set(ids)) == 3
    for name in ids:
        wait_until("it has ended", lambda name=name: asked("status", name)["state"] == "succeeded")


def test_card_numbers():
    """None is kept in a log, whatever a step says, and none may be an argument."""
    number = "4111111111111234"
    with open("d/fraudTest.csv", newline="", encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    with open("rows.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow({**row, "category": number})
    said = subprocess.run([HAECHI, "data", "check", "rows.csv"], stdout=subprocess.PIPE, text=True, env=ENV, check=True)
    assert number in said.stdout, "the command does not say it by itself: nothing is tested here"
    good("run", "mend", "--set", "file=rows.csv")
    log = good("logs", "--step", "check")
    assert log == said.stdout.replace(number, "************1234"), log
    refused(2, "card number", "run", "mend", "--set", f"file={number}")


def test_pruned():
    """At most 200 runs are kept: the oldest go."""
    runs = pathlib.Path("pruned/pipelines")
    for i in range(205):
        (runs / f"20200101-000000-{i:06}").mkdir(parents=True)
        (runs / f"20200101-000000-{i:06}" / "x.log").touch()
    told = asked("run", "mend", "--set", "file=d/fraudTest.csv", "--data-dir", "pruned", "--pipelines",
                 "haechi-data/pipelines.conf")
    left = sorted(path.name for path in runs.iterdir() if path.is_dir())
    assert len(left) == 200 and left[-1] == told["id"] and left[0] == "20200101-000000-000006", left[:2]


def test_refused():
    refused(2, "NAME", "run")
    refused(1, "no pipeline is called 'none'", "run", "none")
    refused(2, "no argument 'x'", "run", "mend", "--set", "x=1")
    refused(2, "needs --set word=VALUE", "run", "print")
    refused(2, "begins with '-'", "run", "print", "--set", "word=--json")
    refused(1, "no run's name", "status", "../../etc")
    refused(1, "there is no run", "status", "20200101-000000-000000")
    refused(1, "cannot read none.conf", "list", "--pipelines", "none.conf")
    pathlib.Path("bad.conf").write_text("[a]\ndescription=d\n[a/b]\nrun=features\nafter=b\n")
    refused(1, "bad.conf: [a/b] after: steps wait for one another", "run", "a", "--pipelines", "bad.conf")
    pathlib.Path("unknown.conf").write_text("[a]\ndescription=d\n[a/b]\nrun=nonsense\n")
    status, _, err = run("run", "a", "--pipelines", "unknown.conf")
    assert status == 1 and "unknown command 'nonsense'" in err, err


def test_damaged_record():
    """It costs itself alone."""
    told = asked("run", "mend", "--set", "file=d/fraudTest.csv")
    record = pathlib.Path(f"haechi-data/pipelines/{told['id']}/record")
    text = record.read_text()
    others = asked("status")["runs"][1:]
    for wrong in ("", "x", text[:len(text) // 2].rpartition("[step")[0] + "[step ../x]\nstate=failed\n",
                  text.replace("state=succeeded", "state=odd"), text.replace("words=", "word="),
                  text.replace("folder=/", "folder=")):
        record.write_text(wrong)
        refused(1, "the record is damaged", "status", told["id"])
        assert asked("status")["runs"] == others
    record.write_text(text)
    assert asked("status")["runs"][0] == told


def test_full_disk():
    """A log that cannot be written fails the run, and says so."""
    limited = subprocess.run(["sh", "-c", f"ulimit -f 4; exec {HAECHI} pipeline run mend --set file=d/fraudTest.csv "
                              "--pipelines long.conf"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env=ENV, check=False)
    assert limited.returncode == 1, limited
    assert "cannot write the log of last: File too large" in limited.stderr, limited.stderr
    assert states(asked("status")["runs"][0])["last"] == "failed"


def test_schedule():
    """Started with the tests: within a minute it has run what is due every minute, and nothing else."""
    told = wait_until("a minute has begun", lambda: asked("status", "--data-dir", "timed")["runs"])[-1]
    assert told["pipeline"] == "minutely" and told["created"][17:19] in ("00", "01", "02"), told
    wait_until("it succeeded", lambda: asked("status", told["id"], "--data-dir", "timed")["state"] == "succeeded")
    minutely, yearly = asked("list", "--data-dir", "timed")["pipelines"][-2:]
    assert minutely["schedule"] == "* * * * *" and minutely["next"][17:] == "00Z" and minutely["time_zone"]
    assert yearly["next"][5:] == "12-31T15:00:00Z" and yearly["time_zone"] == "Asia/Seoul"
    assert "at 0 0 1 1 * (Asia/Seoul), next: 2" in good("list", "--data-dir", "timed")
    assert "next" not in asked("list")["pipelines"][0]
    SCHEDULER["process"].send_signal(signal.SIGTERM)
    _, err = SCHEDULER["process"].communicate(timeout=60)
    assert SCHEDULER["process"].returncode == 0, err
    lines = err.splitlines()
    assert lines[0].startswith("minutely is due next: ") and lines[1].startswith("yearly is due next: "), err
    assert lines[2] == f"run {told['id']} of minutely: succeeded" and "yearly" not in "".join(lines[2:]), err
    refused(1, "no pipeline has a schedule", "schedule")


def start_scheduler():
    os.mkdir("timed")
    pathlib.Path("timed/pipelines.conf").write_text(
        "[minutely]\ndescription=d\nschedule=* * * * *\n[minutely/s]\nrun=features\n"
        "[yearly]\ndescription=d\nschedule=0 0 1 1 *\ntime-zone=Asia/Seoul\n[yearly/s]\nrun=features\n")
    return subprocess.Popen([HAECHI, "pipeline", "schedule", "--data-dir", "timed"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=ENV)


SCHEDULER = {}
TESTS = [test_list, test_data_then_model, test_failing_step, test_cancel, test_cancel_what_ends_well,
         test_interrupt, test_cancel_what_does_not_end, test_killed_runner, test_killed_often, test_detached, test_card_numbers,
         test_pruned, test_refused, test_damaged_record, test_full_disk, test_schedule]


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        subprocess.run([HAECHI, "data", "generate", "--out", "d", "--cards", "40", "--days", "40", "--seed", "3"],
                       stdout=subprocess.DEVNULL, check=True, env=ENV)
        os.mkdir("haechi-data")
        pathlib.Path("haechi-data/pipelines.conf").write_text(OWN)
        pathlib.Path("long.conf").write_text(OWN)
        SCHEDULER["process"] = start_scheduler()
        try:
            status = tap.run("pipeline", TESTS)
        finally:
            SCHEDULER["process"].kill()
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
