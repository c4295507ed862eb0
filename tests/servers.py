"""A real server for tests: Kafka's broker (tests/kafka/harness.py), Neo4j (tests/neo4j/server.py), MLflow
(tests/mlflow/server.py). All are tools/services.py's.

HAECHI_TEST_SERVICES names the run folder of servers that are there for tests: tools/test.sh starts
them once for all. They are used, crashed and started again, and left running; what was in them may be
lost. One script at a time has a server, the next waits. Without it a server of its own is started, and ended with its data.

Where a server cannot be had its tests are skipped, in one line; with HAECHI_REQUIRE_SERVICES=1, which
also fetches what is not there, that is a failure."""

import fcntl
import functools
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import tap

SERVICES = pathlib.Path(__file__).resolve().parents[1] / "tools" / "services.py"
REQUIRED = os.environ.get("HAECHI_REQUIRE_SERVICES") == "1"
WAIT_SECONDS = 60  # for anything that a test waits for, unless it says otherwise
LOOK_SECONDS = 0.02  # between two looks whether it is so


def wait_until(what, condition, seconds=WAIT_SECONDS):
    """Waits until condition() is true, and returns what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(LOOK_SECONDS)
    return found


def cache_folder(variable, name):
    """The folder of haechi's cache that an environment variable may name otherwise."""
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get(variable) or pathlib.Path(cache) / "haechi" / name)


class Server:
    """One of the services; a subclass says its name. `lacks` is why it cannot be had, or empty."""

    name = None

    def __init__(self):
        lent = os.environ.get("HAECHI_TEST_SERVICES")
        self.own = None if lent else tempfile.TemporaryDirectory(prefix="haechi-services-")
        self.folder = pathlib.Path(lent or self.own.name)
        self.hold = self._take_turn()
        self.env = {**os.environ, "HAECHI_SERVICES_DIR": str(self.folder), "HAECHI_SERVICES_PORTS": "auto"}
        self.where = None  # what `tools/services.py env` tells
        self.lacks = self._look()
        if not self.lacks:
            self.start()

    def _take_turn(self):
        """Waits until no other script has the server; it is given back when the file is closed, at the latest with
        this process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        hold = open(self.folder / f"{self.name}.in-use", "w", encoding="utf-8")  # pylint: disable=consider-using-with
        fcntl.flock(hold, fcntl.LOCK_EX)
        return hold

    def _services(self, verb):
        done = subprocess.run([sys.executable, "-B", SERVICES, verb, self.name], env=self.env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        return done.returncode, done.stdout

    def absent(self):
        """Why it is not on this machine yet, or empty: here, of one that is jars."""
        if not (cache_folder("HAECHI_SERVICES_CACHE", "services") / self.name).is_dir():
            return f"the jars of {self.name} are not there; tools/services.py fetch gets them"
        if not (shutil.which("java") and shutil.which("openssl")):
            return "Java or openssl is not there; tools/setup.sh services installs them"
        return ""

    def _look(self):
        absent = "" if REQUIRED else self.absent()
        if absent:
            return absent
        status, text = self._services("fetch")
        return "" if status == 0 else text.strip().splitlines()[-1]

    def call(self, verb):
        """Has tools/services.py do it; returns its output."""
        status, text = self._services(verb)
        assert status == 0, text
        return text

    def start(self):
        """Starts it if it does not run, and waits until it answers."""
        self.call("start")
        lines = self.call("env").splitlines()
        self.where = {name: shlex.split(value)[0] for name, value in (line.split("=", 1) for line in lines)}

    def stop(self):
        self.call("stop")

    def kill(self):
        """SIGKILL, as a crash would."""
        self.call("kill")

    def close(self):
        if not self.lacks and not self.own:
            self.start()
        elif not self.lacks:
            self.stop()
            self.own.cleanup()
        self.hold.close()


def run(prefix, tests, servers, *arguments):
    """tap.run() of tests that need the servers. Each finds them running, whatever the one before has
    done to them."""
    lacks = next((server.lacks for server in servers if server.lacks), None)

    def prepare(test):
        @functools.wraps(test)
        def prepared(*arguments):
            assert not (lacks and REQUIRED), lacks
            if lacks:
                return f"SKIP {lacks}"
            for server in servers:
                server.start()
            return test(*arguments)

        return prepared

    return tap.run(prefix, [prepare(test) for test in tests], *arguments)
