#!/usr/bin/env python3
"""Runs the demo itself, small: that it scores transactions and ends by itself, that a second start
reuses data and model, that it survives a stale data folder, and that Ctrl-C leaves no process behind.

HAECHI names the binary. Speaks TAP.
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

LIMIT = 240  # seconds for one run; reached only when something hangs
STOP_LIMIT = 30  # seconds from Ctrl-C to the end, with sanitizers on a busy machine


def environment(folder, **more):
    env = {**os.environ, "DEMO_DIR": str(folder), "DEMO_CARDS": "60", "DEMO_DAYS": "60", **more}
    env["HAECHI"] = os.path.abspath(os.environ["HAECHI"])
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        env.pop(name, None)
    return env


def default_signals():
    """A test runner may have been started in the background, where SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Demo:
    """One `make demo` in a process group of its own, its output in a file."""

    def __init__(self, folder, *arguments, **more):
        self.log = open(pathlib.Path(folder) / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            ["make", "--no-print-directory", "demo", *arguments], env=environment(folder, **more),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=default_signals)

    def output(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text(encoding="utf-8")

    def wait_for(self, text):
        """Waits until the output holds the text; false when the demo ended before."""
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            if text in self.output():
                return True
            if self.process.poll() is not None:
                return text in self.output()
            time.sleep(0.1)
        return False

    def interrupt(self):
        os.killpg(self.process.pid, signal.SIGINT)

    def wait(self, limit=LIMIT):
        """The exit status; None when it had to be killed."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return None


def processes_of(folder):
    """The command lines of processes that were started with this DEMO_DIR."""
    mark = f"DEMO_DIR={folder}".encode()
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it ended meanwhile
    return found


def check(good, what, demo=None):
    """One line of TAP; on failure with the demo's output."""
    check.number += 1
    print(f"{'ok' if good else 'not ok'} {check.number} /demo/{what}")
    if not good:
        check.failures += 1
        for line in demo.output().splitlines() if demo else []:
            print(f"# {line}")
    sys.stdout.flush()


check.number = check.failures = 0


def test_scores_and_ends(folder):
    demo = Demo(folder, "FOR=5s", "RATE=50")
    check(demo.wait() == 0, "first-run-ends-with-status-0", demo)
    check("transactions were scored" in demo.output(), "first-run-scored", demo)
    check("==> Training" in demo.output(), "first-run-trains", demo)
    check(processes_of(folder) == [], "first-run-leaves-no-process", demo)


def test_again(folder):
    demo = Demo(folder, "FOR=2s", "RATE=50")
    check(demo.wait() == 0, "second-run-ends-with-status-0", demo)
    check("==> Training" not in demo.output(), "second-run-reuses-the-model", demo)


def test_stale(folder):
    """What an interrupted run, or one by another version, leaves behind."""
    work = pathlib.Path(folder) / "made"
    (work / "store").mkdir(exist_ok=True)
    for path in (work / "store").iterdir():
        if path.is_file():
            path.write_bytes(b"not a store")
    (work / "data.part").mkdir()
    (work / "models" / "demo-key").write_text("another program's\n")
    demo = Demo(folder, "FOR=2s", "RATE=50")
    check(demo.wait() == 0, "stale-folder-ends-with-status-0", demo)
    check("==> Training" in demo.output(), "stale-model-is-trained-anew", demo)


def test_interrupt(folder):
    demo = Demo(folder, "RATE=20")
    started = demo.wait_for("Ctrl-C ends it all")
    check(started, "endless-run-starts", demo)
    second = Demo(pathlib.Path(folder) / "second", "FOR=1s", DEMO_DIR=str(folder))
    check(second.wait() != 0 and "another demo is running" in second.output(),
          "second-at-once-is-refused", second)
    demo.interrupt()
    check(demo.wait(STOP_LIMIT) not in (None, 0), "ctrl-c-ends-it", demo)
    check(processes_of(folder) == [], "ctrl-c-leaves-no-process", demo)


def test_wrong_use(folder):
    for number, (argument, word) in enumerate((("RATE=fast", "RATE"), ("FOR=soon", "FOR"),
                                               ("DATA=/nonexistent", "fraudTrain"))):
        demo = Demo(folder, argument, "FOR=1s") if word != "FOR" else Demo(folder, argument)
        check(demo.wait() != 0 and f"demo: " in demo.output() and word in demo.output(),
              f"wrong-use-is-told-{number + 1}", demo)


def main():
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "second").mkdir()
        test_scores_and_ends(folder)
        test_again(folder)
        test_stale(folder)
        test_interrupt(folder)
        test_wrong_use(folder)
    print(f"1..{check.number}")
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
