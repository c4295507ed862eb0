"""What the tests of Kafka share: a real broker, its topics, haechi processes, and waiting until
something is so.

The broker is that of tools/services.py. Its run folder is HAECHI_TEST_SERVICES, or one within the
build; test files that use it take turns, so that one may crash it. Topics have names of their own for each
test. Who finds it running already leaves it running, without them; else its data go with it.

Where the broker cannot be had, a test is skipped; with HAECHI_REQUIRE_SERVICES=1 that is a failure."""

import contextlib
import csv
import fcntl
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICES = ROOT / "tools" / "services.py"
HAECHI = os.environ["HAECHI"]
TOOL = os.environ["KAFKA_TOOL"]
REQUIRED = os.environ.get("HAECHI_REQUIRE_SERVICES") == "1"
WAIT_SECONDS = 60  # for anything that a test waits for, unless it says otherwise
LOOK_SECONDS = 0.02  # between two looks whether it is so
# One thread: libxgboost's would fight with the broker for the cores.
ENV = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")


def wait_until(what, condition, seconds=WAIT_SECONDS):
    """Waits until condition() is true, and returns what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(LOOK_SECONDS)
    return found


def good(*words):
    """The output of a haechi command that must succeed."""
    done = subprocess.run([HAECHI, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env=ENV, timeout=250, check=False)
    assert done.returncode == 0, (words, done.stderr[-2000:])
    return done.stdout


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def murmur2(data):
    """Kafka's own: Austin Appleby's 32-bit MurmurHash2 with its producer's seed."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    if rest := data[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def partition_of(card, partitions):
    """Where Kafka's own producer places a key."""
    return (murmur2(card.encode()) & 0x7FFFFFFF) % partitions


class Broker:
    """The one Kafka broker, ours until close()."""

    def __init__(self):
        build = os.environ.get("MESON_BUILD_ROOT")
        folder = os.environ.get("HAECHI_TEST_SERVICES") or (build and os.path.join(build, "test-services"))
        self.own = None if folder else tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(folder or self.own.name)
        self.env = {**os.environ, "HAECHI_SERVICES_DIR": str(self.folder), "HAECHI_SERVICES_PORTS": "auto"}
        for name in [name for name in self.env if re.fullmatch(r"HAECHI_\w+_PORT", name)]:
            del self.env[name]
        self.lock = self.where = None
        self.found_running = False
        self.names = set()
        self.lacks = self._look()
        if not self.lacks:
            self._take()

    def _services(self, *words):
        done = subprocess.run([sys.executable, "-B", SERVICES, *words], env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def _look(self):
        """Why it cannot be had, or an empty text."""
        cache = pathlib.Path(os.environ.get("HAECHI_SERVICES_CACHE") or pathlib.Path(
            os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "haechi" / "services")
        if not REQUIRED and not (cache / "kafka").is_dir():
            return "the jars are not there; tools/services.py fetch gets them"
        if not REQUIRED and not (shutil.which("java") and shutil.which("openssl")):
            return "Java or openssl is not there; tools/setup.sh services installs them"
        status, text = self._services("fetch", "kafka")
        return "" if status == 0 else text.strip().splitlines()[-1]

    def _take(self):
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.lock = open(self.folder / "turn", "w", encoding="utf-8")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.found_running = self._services("status", "kafka")[0] == 0
        self.start()

    def start(self):
        status, text = self._services("start", "kafka")
        assert status == 0, text
        lines = self._services("env", "kafka")[1].splitlines()
        self.where = dict(line.split("=", 1) for line in lines)

    def stop(self):
        status, text = self._services("stop", "kafka")
        assert status == 0, text

    def kill(self):
        """SIGKILL, as a crash would."""
        status, text = self._services("kill", "kafka")
        assert status == 0, text

    def close(self):
        if self.lock and self.found_running:
            self.start()
            made = [topic for topic in self.tool("topics").split() if topic in self.names]
            if made:
                self.tool("topic-delete", *made)
        elif self.lock:
            self._services("stop", "kafka")
            shutil.rmtree(self.folder / "kafka" / "data", ignore_errors=True)
        if self.lock:
            self.lock.close()
        if self.own:
            self.own.cleanup()

    @property
    def address(self):
        return self.where["HAECHI_KAFKA"]

    def tool(self, *words, text=None):
        """Runs tests/kafka/kafka_tool.c; returns its output."""
        done = subprocess.run([TOOL, *map(str, words)], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env={**os.environ, "HAECHI_KAFKA": self.address},
                              timeout=120, check=False)
        assert done.returncode == 0, (words, done.stderr[-2000:])
        return done.stdout

    def name(self, word):
        """A topic's, a group's: one that was not used before."""
        name = f"{word}-{os.getpid()}-{len(self.names) + 1}"
        self.names.add(name)
        return name

    def make(self, topic, partitions, **config):
        """Makes a topic; `max_message_bytes=1` is Kafka's max.message.bytes."""
        self.tool("topic-make", topic, partitions,
                  *(f"{name.replace('_', '.')}={value}" for name, value in config.items()))
        return topic

    def new_topic(self, word, partitions, **config):
        return self.make(self.name(word), partitions, **config)

    def produce(self, topic, lines, *options):
        self.tool("produce", topic, *options, text="".join(line + "\n" for line in lines))

    def consume(self, topic, *options):
        """All that the topic holds now: dictionaries of partition, offset, key and value (text)."""
        return [json.loads(line) for line in self.tool("consume", topic, *options).splitlines()]

    def values(self, topic, *options):
        return [json.loads(message["value"]) for message in self.consume(topic, *options)]


def real(test):
    """A test that needs the broker, its first argument, and finds it running whatever the one before
    has done to it."""

    @functools.wraps(test)
    def wrapped(broker, *arguments):
        if broker.lacks and REQUIRED:
            raise AssertionError(broker.lacks)
        if broker.lacks:
            return f"SKIP {broker.lacks}"
        broker.start()
        return test(broker, *arguments)

    return wrapped


class Process:
    """A haechi command that runs beside the test, its standard error in a file."""

    def __init__(self, *words, folder="."):
        self.log = tempfile.NamedTemporaryFile("w+", dir=folder, suffix=".log", delete=False)
        self.out = tempfile.NamedTemporaryFile("w+", dir=folder, suffix=".out", delete=False)
        self.process = subprocess.Popen([HAECHI, *map(str, words)], stdin=subprocess.DEVNULL,
                                        stdout=self.out, stderr=self.log, env=ENV)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.log.close()
        self.out.close()

    @property
    def said(self):
        """What it wrote to standard error so far."""
        return pathlib.Path(self.log.name).read_text(encoding="utf-8", errors="replace")

    @property
    def printed(self):
        return pathlib.Path(self.out.name).read_text(encoding="utf-8")

    def runs(self):
        return self.process.poll() is None

    def wait_until_said(self, words, seconds=WAIT_SECONDS):
        def said():
            assert self.runs() or words in self.said, (words, self.process.returncode, self.said[-2000:])
            return words in self.said

        wait_until(f"it says {words!r}", said, seconds)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=WAIT_SECONDS):
        """The exit status, once it ended by itself."""
        return self.process.wait(timeout=seconds)

    def stop(self, seconds=WAIT_SECONDS):
        """Ends it in order; returns the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        """SIGKILL, whether it runs or not."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()


class Service(Process):
    """haechi serve --kafka on a port of its choosing."""

    METRIC = re.compile(r"^([a-zA-Z_:][\w:]*(?:\{[^}]*\})?) (\S+)")

    def __init__(self, broker, model, data_dir, settings, *words, folder="."):
        """`settings` is the group [kafka] of its configuration."""
        config = tempfile.NamedTemporaryFile("w", dir=folder, suffix=".conf", delete=False)
        with config:
            config.write("[kafka]\n" + "".join(f"{name}={value}\n" for name, value in settings.items()))
        super().__init__("serve", "--config", config.name, "--kafka", settings.get("brokers", broker.address),
                         "--model", model, "--data-dir", data_dir, "--listen", "127.0.0.1:0", *words,
                         folder=folder)

    def url(self):
        found = re.search(r"listening on (http://\S+?)/?\s", self.said)
        return found and found[1]

    def get(self, path):
        """(status, body), or None while it does not answer."""
        url = self.url()
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(url + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, TypeError):
            return None

    def is_ready(self):
        assert self.runs(), (self.process.returncode, self.said[-2000:])
        answer = self.get("/readyz")
        return answer is not None and answer[0] == 200

    def wait_ready(self, seconds=WAIT_SECONDS):
        wait_until("it is ready", self.is_ready, seconds)
        return self

    def metrics(self):
        """Each metric by its name with its labels, as Prometheus reads them."""
        answer = self.get("/metrics")
        found = map(self.METRIC.match, answer[1].splitlines()) if answer else ()
        return {match[1]: float(match[2]) for match in found if match}
