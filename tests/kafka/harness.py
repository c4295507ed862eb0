"""What the tests of Kafka share: the real broker (tests/servers.py), its topics, and haechi processes.
Topics have names of their own for each test."""

import contextlib
import csv
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import servers  # noqa: E402
from servers import WAIT_SECONDS, run, wait_until  # noqa: E402, F401

HAECHI = os.environ["HAECHI"]
TOOL = os.environ["KAFKA_TOOL"]
# One thread: libxgboost's would fight with the broker for the cores.
ENV = dict(os.environ, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")


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


class Broker(servers.Server):
    """The Kafka broker."""

    name = "kafka"

    def __init__(self):
        super().__init__()
        self.names = 0

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

    def new_name(self, word):
        """A topic's, a group's: one that was not used before."""
        self.names += 1
        return f"{word}-{os.getpid()}-{self.names}"

    def make(self, topic, partitions, **config):
        """Makes a topic; `max_message_bytes=1` is Kafka's max.message.bytes."""
        self.tool("topic-make", topic, partitions,
                  *(f"{name.replace('_', '.')}={value}" for name, value in config.items()))
        return topic

    def new_topic(self, word, partitions, **config):
        return self.make(self.new_name(word), partitions, **config)

    def produce(self, topic, lines, *options):
        self.tool("produce", topic, *options, text="".join(line + "\n" for line in lines))

    def consume(self, topic, *options):
        """All that the topic holds now: dictionaries of partition, offset, key and value (text)."""
        return [json.loads(line) for line in self.tool("consume", topic, *options).split("\n") if line]

    def values(self, topic, *options):
        return [json.loads(message["value"]) for message in self.consume(topic, *options)]


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
