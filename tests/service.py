"""A running `haechi serve`, for the tests that are Python scripts."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

ENV = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")
WAIT_SECONDS = 60


def wait_until(what, condition):
    """The condition's value once it is true; `what` says what did not come in time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {WAIT_SECONDS} s: {what}"
        time.sleep(0.05)
    return found


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


class Service:
    """On a port of its choosing, with the data folder `data_dir`; what it says goes to `data_dir`.log. `before` are the
    words of a command that runs it."""

    def __init__(self, data_dir, *words, model="m", before=()):
        self.log = open(f"{data_dir}.log", "a", encoding="utf-8")
        self.start = self.log.tell()
        self.process = subprocess.Popen([*before, os.environ["HAECHI"], "serve", "--data-dir", data_dir, "--model", model,
                                         "--listen", "127.0.0.1:0", *words], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.log, env=ENV)
        wait_until("it listens", lambda: "listening on " in self.said or self.process.poll() is not None)
        assert self.process.poll() is None, self.said
        self.url = self.said.split("listening on ")[1].split()[0].rstrip("/")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        self.log.close()

    @property
    def said(self):
        """All of this run."""
        with open(self.log.name, encoding="utf-8") as file:
            file.seek(self.start)
            return file.read()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def text(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return answer.read().decode()

    def end(self, number=signal.SIGTERM):
        """Its exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)
