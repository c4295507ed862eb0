#!/usr/bin/env python3
"""haechi pipeline: runs, their order, records and logs; a step that fails, is cancelled, does not want to end; a
runner that is killed; and what is refused. Speaks TAP."""

import csv
import json
import os
import pathlib
import pwd
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap  # noqa: E402
from service import ENV, Service, children_of, wait_until  # noqa: E402

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

[pair]
description=Two steps at once, then a third
argument.left=d/fraudTest.csv
argument.right=d/fraudTest.csv
[pair/left]
run=stream ${left} --to http://127.0.0.1:1 --rate 1
[pair/right]
run=stream ${right} --to http://127.0.0.1:1 --rate 1
[pair/last]
run=features
after=left;right

[beside]
description=One fails while another goes on
argument.file=nowhere.csv
parallel=8
[beside/slow]
run=data generate --out beside --cards 400 --days 200
[beside/bad]
run=data check ${file}
[beside/never]
run=features
after=bad
[beside/also]
run=features
after=slow

[alone]
description=One at a time, though they could be two
parallel=1
[alone/a]
run=data check d/fraudTrain.csv
[alone/b]
run=data check d/fraudTrain.csv

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
        self.step, = wait_until("its step is there", lambda: children_of(self.process.pid))

    def at_wait(self):
        latest = (asked("status")["runs"] or [{"pipeline": None}])[0]
        return latest["pipeline"] == "slow" and states(latest)["wait"] == "running" and latest["id"]

    def end(self):
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err


def test_list():
    told = {p["name"]: p for p in asked("list")["pipelines"]}
    assert {"demo_data", "get_kaggle_data", "load_batch_into_neo4j", "train_xgboost", "train_catboost", "train_gcn", "train_ensemble",
            "stream_predictions", "mend", "slow", "sent", "print", "pair", "beside", "alone"} == set(told)
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
    version, = (name for name in os.listdir("models/xgboost") if name.startswith("2"))
    assert told["model"] == {"name": "xgboost", "version": version} == told["steps"][1]["model"], told
    assert told["steps"][0]["model"] is None and f"made the model xgboost/{version}" in good("status", told["id"])
    assert told["by"] == pwd.getpwuid(os.getuid()).pw_name
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
    good("run", "print", "--set", "word=d/fraudTest.csv")  # later, and over
    told = asked("cancel")
    assert told["id"] == slow.id and told["state"] == "cancelled"
    assert states(told) == {"first": "succeeded", "wait": "cancelled", "last": "waiting"}
    status, err = slow.end()
    assert status == 1 and "cancelled at the step wait" in err, err
    assert not is_alive(slow.step)
    refused(1, "is not running: its state is cancelled", "cancel", slow.id)


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


def both_wait():
    run = asked("status")["runs"][0]
    return run["pipeline"] == "pair" and states(run) == {"left": "running", "right": "running", "last": "waiting"} and run


def test_at_once():
    """Steps that do not wait for each other run together, and are cancelled together."""
    pair = subprocess.Popen([HAECHI, "pipeline", "run", "pair"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, env=ENV)
    run = wait_until("both run", both_wait)
    wait_until("both are there", lambda: len(children_of(pair.pid)) == 2)
    steps = children_of(pair.pid)
    os.kill(steps[0], signal.SIGSTOP)  # one has to be killed, the other ends when asked
    told = asked("cancel", run["id"])
    assert told["state"] == "cancelled"
    assert states(told) == {"left": "cancelled", "right": "cancelled", "last": "waiting"}
    assert not any(is_alive(step) for step in steps)
    assert pair.wait(timeout=60) == 1
    pair.stderr.close()


def test_killed_at_once():
    """Both steps die with the runner; resumed, both are run again."""
    pair = subprocess.Popen([HAECHI, "pipeline", "run", "pair"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, env=ENV)
    run = wait_until("both run", both_wait)
    steps = children_of(pair.pid)
    pair.kill()
    pair.wait()
    wait_until("they have ended", lambda: not any(is_alive(step) for step in steps))
    told = asked("status", run["id"])
    assert told["state"] == "interrupted"
    assert states(told) == {"left": "interrupted", "right": "interrupted", "last": "waiting"}
    good("resume", run["id"], "--detach")
    again = wait_until("both run again", both_wait)
    assert again["id"] == run["id"] and again["attempt"] == 2
    assert asked("cancel", run["id"])["state"] == "cancelled"


def test_fails_beside():
    """What runs beside a step that fails goes on to its end; nothing else is begun until it is resumed."""
    status, _, err = run("run", "beside")
    assert status == 1 and "failed at the step bad" in err, err
    told = asked("status")["runs"][0]
    assert states(told) == {"slow": "succeeded", "bad": "failed", "never": "waiting", "also": "waiting"}, told
    ended = {step["name"]: step["ended"] for step in told["steps"]}
    assert ended["bad"] <= ended["slow"]
    os.link("d/fraudTest.csv", "nowhere.csv")
    again = asked("resume", told["id"])
    assert again["state"] == "succeeded" and again["steps"][0] == told["steps"][0]


def test_one_at_a_time():
    events = run("run", "alone")[2].splitlines()[1:]
    assert [line.split(":")[0].split()[1] for line in events] == ["a", "a", "b", "b"], events


def test_follow():
    """Logs are printed as they grow, with each step's title, and the command ends with the run."""
    name = good("run", "beside", "--set", "file=d/fraudTest.csv", "--detach").strip()
    followed = good("logs", name, "--follow")
    assert asked("status", name)["state"] == "succeeded"
    for log in asked("logs", name)["logs"]:
        assert f"==> {log['step']}\n" in followed and log["log"], log
        assert set(log["log"].splitlines()) <= set(followed.splitlines()), log
    assert good("logs", name, "--follow", "--step", "bad") == good("logs", name, "--step", "bad")
    refused(1, "no step 'x'", "logs", name, "--follow", "--step", "x")
    refused(2, "--follow has no --json", "logs", name, "--follow", "--json")


def test_odd_folder():
    """A run in a folder whose name is no UTF-8 is kept, shown and resumed there."""
    folder = b"odd \xff\\;\n"
    os.mkdir(folder)

    def here(*words):
        return subprocess.run([HAECHI, "pipeline", *words, "--data-dir", "../haechi-data"], cwd=folder, env=ENV,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    failed = here("run", "mend", "--set", "file=beside.csv")
    assert failed.returncode == 1, failed.stderr
    told = asked("status")["runs"][0]
    assert told["state"] == "failed" and told["arguments"]["file"] == "beside.csv"
    os.link("d/fraudTest.csv", folder + b"/beside.csv")
    # Its first step was not done there either: the folder is the run's, wherever it is resumed from.
    os.mkdir(folder + b"/d")
    os.link("d/fraudTest.csv", folder + b"/d/fraudTest.csv")
    assert asked("resume", told["id"])["state"] == "succeeded"


def test_large_record():
    """The longest commands that a definition allows make a record that is read again; longer ones are refused."""
    value = "a" * 3800
    steps = "".join(f"[wide/s{i}]\nrun=features --none ${{a}}{' ${a}' * 7}\n" for i in range(32))
    pathlib.Path("wide.conf").write_text("[wide]\ndescription=d\nargument.a=\n" + steps)
    assert run("run", "wide", "--set", "a=" + ";" * 3800, "--pipelines", "wide.conf")[0] == 1
    told = asked("status")["runs"][0]
    assert told["pipeline"] == "wide" and told["state"] == "failed" and len(told["steps"]) == 32
    assert told["steps"][0]["words"][2] == ";" * 3800
    before = asked("status")["runs"][0]["id"]
    refused(2, "the command of the step s0 is too long", "run", "wide", "--set", "a=" + value + "b" * 296, "--pipelines",
            "wide.conf")
    assert asked("status")["runs"][0]["id"] == before, "a run was made"


def test_secrets():
    """No password is kept in a record, whatever it is a part of."""
    refused(2, "an address with a user", "run", "print", "--set", "word=http://me:word@host/")
    pathlib.Path("split.conf").write_text(
        "[split]\ndescription=d\nargument.a=\nargument.b=\n[split/s]\nrun=data check ${a}${b} ${b}\n")
    refused(2, "an address with a user", "run", "split", "--set", "a=http://me", "--set", "b=:word@host", "--pipelines",
            "split.conf")
    refused(2, "card number", "run", "split", "--set", "a=41111111", "--set", "b=11111111", "--pipelines", "split.conf")
    pathlib.Path("zone.conf").write_text(
        "[z]\ndescription=d\nschedule=* * * * *\ntime-zone=/etc/passwd\n[z/s]\nrun=features\n")
    refused(1, "zone.conf: [z] time-zone: no such time zone here", "list", "--pipelines", "zone.conf")


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
    refused(1, "its state is interrupted", "cancel", slow.id)
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
         test_at_once, test_killed_at_once, test_fails_beside, test_one_at_a_time, test_follow, test_odd_folder,
         test_secrets, test_interrupt, test_cancel_what_does_not_end, test_killed_runner, test_killed_often, test_detached, test_card_numbers,
         test_pruned, test_refused, test_large_record, test_damaged_record, test_full_disk, test_schedule]


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
