"""What the tests of MLflow do with the program: a folder with data, in which it trains, sends and replays."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.request

HAECHI = os.environ["HAECHI"]


class Service:
    """haechi serve on a port of its choosing, which looks an alias up again every second."""

    def __init__(self, world, model, *words, **env):
        self.log = open(world.top / "serve.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [HAECHI, "serve", "--data-dir", "served", "--model", model, "--mlflow-every", "1s", "--listen",
             "127.0.0.1:0", *words], cwd=world.top, env={**world.env, **env}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=self.log)
        self.wait("it listens", lambda: "listening on " in self.said)
        self.url = self.said.split("listening on ")[1].split()[0].rstrip("/")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()

    def wait(self, what, condition):
        deadline = time.monotonic() + 60
        while not (found := condition()):
            assert self.process.poll() is None and time.monotonic() < deadline, (what, self.said)
            time.sleep(0.05)
        return found

    @property
    def said(self):
        return (pathlib.Path(self.log.name)).read_text(encoding="utf-8")

    def get(self, path):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url + path, timeout=30) as answer:
            return json.load(answer)

    @property
    def version(self):
        return self.get("/v1/stats")["model"]["version"]

    def end(self):
        """How many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=60) == 0, self.said
        return time.monotonic() - began


class World:
    """A folder with a trained model `m`, and state and cache folders of its own."""

    def __init__(self, top):
        self.top = pathlib.Path(top)
        self.outbox = self.top / "state" / "haechi" / "mlflow"
        self.cache = self.top / "cache" / "haechi" / "mlflow"
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        self.env |= {"XDG_STATE_HOME": str(self.top / "state"), "XDG_CACHE_HOME": str(self.top / "cache"),
                     "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
        self.good("data", "generate", "--out", "d", "--cards", "30", "--days", "120")
        self.good("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", "m", "--param", "num_round=3")
        assert not self.outbox.exists()

    def run(self, *words, **env):
        done = subprocess.run([HAECHI, *words], cwd=self.top, env={**self.env, **env}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=200, check=False)
        return done.returncode, done.stdout, done.stderr

    def good(self, *words, **env):
        """Standard output and standard error."""
        status, out, err = self.run(*words, **env)
        assert status == 0, (words, status, err)
        return out, err

    def refused(self, *words, status=1, **env):
        """The one line on standard error of a command that fails."""
        found, out, err = self.run(*words, **env)
        assert found == status and err.count("\n") == 1 and not out, (words, found, out, err)
        return err

    def train(self, *words, rounds=3, **env):
        """Trains; returns what it told, as JSON, and its standard error."""
        out, err = self.good("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", "m", "--json",
                             "--param", f"num_round={rounds}", *words, **env)
        return json.loads(out), err

    def waiting(self):
        """The names of the records in the outbox."""
        return sorted(path.name for path in self.outbox.glob("[!.]*")) if self.outbox.exists() else []

    def forget(self):
        shutil.rmtree(self.outbox, ignore_errors=True)
        shutil.rmtree(self.cache, ignore_errors=True)
