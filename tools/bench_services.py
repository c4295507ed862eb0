#!/usr/bin/env python3
"""Measures what docs/benchmarks.md promises of haechi with real servers beside it, each figure as a
ratio to its target, in one run.

    bench_services.py BUILD

Starts a Kafka broker of its own (tools/services.py), on free ports and in a folder that goes with
it, and measures haechi serve --kafka: transactions a second from topic to topic, beside what Kafka's
own perf tools reach with the same records; latency; how long a partition takes to move. Then, with
only a Neo4j beside it, edges a second (bench/graph_load.py).

The environment may set
    BENCH_DATA    a folder with fraudTrain.csv, of which the first 500,000 rows are taken; without it
                  they are generated
    BENCH_MODEL   the model's folder; without it one is trained
    BENCH_CARDS   cards in the partition that moves (100000)
    BENCH_DAYS    days that they pay (31); with the cards, more than a million transactions

A ratio of 1 or more meets the target. Prints a Markdown table, and exits with status 1 if a
measurement could not be made."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

TOOLS = pathlib.Path(__file__).resolve().parent
if len(sys.argv) != 2:
    sys.exit("usage: bench_services.py BUILD")
BUILD = pathlib.Path(sys.argv[1]).resolve()
# The tests' way to the broker and to processes asks for these two when it is imported.
os.environ.update(HAECHI=str(BUILD / "haechi"), KAFKA_TOOL=str(BUILD / "tests" / "kafka_tool"))
sys.dont_write_bytecode = True
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / "tests" / "kafka")]
import bench  # noqa: E402
import harness  # noqa: E402

ROWS = 500_000
PAYLOADS = 50_000  # records that the perf tools send over and over
WARM_UP = 100_000  # of the perf tools' records, for Java
TRANSACTION_MS = 100  # of the perf tool's producer
EDGE = 0.05  # of the transactions, left out at the start and at the end
LOOK_SECONDS = 0.2  # between two looks at the metrics
QUIET_SECONDS = 2  # in which a topic has not grown: nobody is writing to it
FILL_SECONDS = 1800  # for any number of transactions to be taken in


def fail(text):
    sys.exit(f"bench: {text}")


class Table(bench.Table):
    """With rows that have no target."""

    def only(self, what, measured, unit=""):
        figure = f"{measured:,.0f}" if measured >= 1000 else f"{measured:.4g}"
        print(f"| {what} | {figure}{unit} | | |", flush=True)


class Group:
    """A group with topics of its own. With `source` it reads the transactions of another's topic."""

    TOPICS = ("transactions", "labels", "decisions", "rejects", "progress", "merchants", "snapshots")

    def __init__(self, broker, partitions, work, model):
        self.broker, self.partitions, self.work, self.model = broker, partitions, work, model
        self.topics = {name: broker.new_name(name) for name in self.TOPICS}
        self.settings = {**self.topics, "group": broker.new_name("group")}
        for name in ("transactions", "labels"):
            broker.make(self.topics[name], partitions)

    def serve(self, store):
        folder = self.work / f"{self.settings['group']}-{store}"
        return harness.Service(self.broker, self.model, folder, self.settings, folder=self.work)

    def fill(self, file, *words):
        """Puts a file's rows into its topic of transactions."""
        haechi("stream", file, "--to", f"kafka://{self.broker.address}/{self.topics['transactions']}",
               "--labels-topic", self.topics["labels"], "--rate", "0", *words)

    def bytes_of(self, name):
        """What the broker keeps of one of its topics."""
        folders = (self.broker.folder / "kafka" / "data").glob(f"{self.topics[name]}-[0-9]*")
        return sum(file.stat().st_size for folder in folders for file in folder.glob("*.log"))


def haechi(*words):
    return bench.run([harness.HAECHI, *map(str, words)], env=harness.ENV, stderr=subprocess.DEVNULL)[0]


# ---------------------------------------------------------------- data


def make_data(work):
    """The rows to stream and train from."""
    given = os.environ.get("BENCH_DATA")
    if given:
        return bench.find(given, "fraudTrain.csv")
    bench.say("generating 310 days of 1000 cards ...")
    haechi("data", "generate", "--out", work / "data", "--cards", "1000", "--days", "310")
    return work / "data" / "fraudTrain.csv"


def make_model(work, rows):
    given = os.environ.get("BENCH_MODEL")
    if given:
        return pathlib.Path(given).resolve()
    bench.say("training ...")
    haechi("train", "xgboost", "--train", rows, "--out", work / "model", "--param", "num_round=200",
           "--param", "max_depth=6", "--param", "nthread=2")
    return work / "model"


# ---------------------------------------------------------------- throughput


def decided(metrics):
    return sum(value for name, value in metrics.items() if name.startswith("haechi_transactions_total"))


def catch_up(service, count):
    """Waits until `count` transactions are decided and nothing is left; returns the looks at it, as
    (seconds, decided)."""
    looks = []
    deadline = time.monotonic() + FILL_SECONDS
    while True:
        metrics = service.metrics()
        looks.append((time.monotonic(), decided(metrics)))
        if looks[-1][1] >= count and metrics.get("haechi_kafka_lag") == 0:
            return looks
        if not service.runs() or time.monotonic() > deadline:
            fail(f"the service decided {looks[-1][1]:.0f} of {count} transactions:\n{service.said[-2000:]}")
        time.sleep(LOOK_SECONDS)


def steady_rate(looks, count):
    """Transactions a second between the first and the last few percent."""
    steady = [look for look in looks if EDGE * count <= look[1] <= (1 - EDGE) * count]
    if len(steady) < 3:
        fail("it went too fast to be measured")
    (begun, first), (ended, last) = steady[0], steady[-1]
    return (last - first) / (ended - begun)


def throughput(group, rows, what, *words):
    """Transactions a second of one process that begins with nothing and has all to do."""
    bench.say(f"from topic to topic, {what} ...")
    group.fill(rows, "--limit", ROWS, *words)
    with group.serve("store") as service:
        rate = steady_rate(catch_up(service, ROWS), ROWS)
        if service.stop() != 0:
            fail(f"the service failed:\n{service.said[-2000:]}")
    return rate


def bench_throughput(table, one, four, labelled, rows):
    what = "Kafka in, decision, Kafka out"
    rate = throughput(one, rows, "1 partition", "--no-labels")
    table.at_least(f"{what}, 1 partition, a second", rate, 40_000)
    table.at_least(f"{what}, 4 partitions, a second", throughput(four, rows, "4 partitions", "--no-labels"), 40_000)
    table.only(f"{what}, 1 partition, each with a label, a second", throughput(labelled, rows, "each with a label"))
    return rate


# ---------------------------------------------------------------- Kafka's own tools


def perf_tool(broker, name, *words):
    return bench.run([sys.executable, "-B", TOOLS / "services.py", "run", "kafka",
                      f"org.apache.kafka.tools.{name}", "--bootstrap-server", broker.address, *map(str, words)],
                     env=broker.env, stderr=subprocess.DEVNULL)[0]


def perf_producer(group, name):
    """Records a second that Kafka's own producer writes exactly once: records of one of the group's
    topics, into one of as many partitions."""
    broker = group.broker
    path = group.work / f"{name}.payloads"
    with open(path, "w", encoding="utf-8") as file, subprocess.Popen(
            [harness.TOOL, "consume", group.topics[name], "--committed"], stdout=subprocess.PIPE, text=True,
            env={**os.environ, "HAECHI_KAFKA": broker.address}) as reader:
        for _, line in zip(range(PAYLOADS), reader.stdout):
            file.write(json.loads(line)["value"] + "\n")
        reader.kill()
    text = perf_tool(broker, "ProducerPerformance", "--topic", broker.new_topic("perf", group.partitions),
                     "--num-records", ROWS + WARM_UP, "--warmup-records", WARM_UP, "--throughput", "-1",
                     "--payload-file", path, "--transactional-id", broker.new_name("perf"),
                     "--transaction-duration-ms", TRANSACTION_MS,
                     "--command-property", "acks=all", "linger.ms=5", "batch.size=131072")
    return float(re.findall(r"([\d.]+) records/sec", text)[-1])


def perf_consumer(group, name):
    """Records a second that Kafka's own consumer reads of one of the group's topics."""
    text = perf_tool(group.broker, "ConsumerPerformance", "--topic", group.topics[name], "--num-records", ROWS,
                     "--command-property", "isolation.level=read_committed")
    head, *_, values = (line.split(", ") for line in text.strip().splitlines() if ", " in line)
    return float(dict(zip(head, values))["fetch.nMsg.sec"])


def bench_tools(table, group, rate):
    """The yardstick is what one process would reach that read the transactions as fast as Kafka's
    own consumer and then wrote the decisions as fast as its producer: their times add up."""
    bench.say("Kafka's own perf tools ...")
    consumer = perf_consumer(group, "transactions")
    producer = perf_producer(group, "decisions")
    table.only("ConsumerPerformance, the same transactions, a second", consumer)
    table.only("ProducerPerformance, the same decisions, in transactions, a second", producer)
    table.only("ProducerPerformance, the transactions instead", perf_producer(group, "transactions"))
    both = 1 / (1 / consumer + 1 / producer)
    table.only("both in one, 1 / (1 / consumer + 1 / producer)", both)
    table.at_least("haechi's share of that", rate / both, 0.5)


# ---------------------------------------------------------------- latency


def bench_latency(table, group):
    bench.say("latency at 1,000 a second ...")
    with group.serve("store") as service:
        service.wait_ready()
        text, _, _ = bench.run([BUILD / "bench" / "bench_kafka_latency", group.broker.address,
                                group.topics["transactions"], group.topics["decisions"], "1000", "30", "5"])
        service.stop()
    report = json.loads(text)
    table.at_most("produce to decision at 1,000 a second, median", report["p50_ms"], 15, " ms")
    table.at_most("the same, 99th percentile", report["p99_ms"], 100, " ms")
    table.only("the same, longest", report["max_ms"], " ms")


# ---------------------------------------------------------------- a partition that moves


def start_again(group, store):
    """(seconds until ready, what it said of the restore) of another process; it is ended again."""
    begun = time.monotonic()
    with group.serve(store) as service:
        service.wait_ready(FILL_SECONDS)
        seconds = time.monotonic() - begun
        if service.stop() != 0:
            fail(f"the service failed:\n{service.said[-2000:]}")
        return seconds, re.search(r"partition 0: (\d+) events from the checkpoint and (\d+) from the log in "
                                  r"([\d.]+) s; (\d+) steps", service.said)


def report_move(table, what, seconds, found):
    if found is None or int(found[4]) > 0:
        fail(f"the partition was not restored as it was: {found and found[0]}")
    table.only(f"a partition moves, {what}, until ready", seconds, " s")
    table.only("of that its restore", float(found[3]), " s")
    table.only("events of the checkpoint", int(found[1]))
    table.only("events from the log", int(found[2]))


def await_snapshot(group):
    """Until one is in the topic, whole: it has stopped growing."""
    def is_quiet():
        before = group.bytes_of("snapshots")
        time.sleep(QUIET_SECONDS)
        return before == group.bytes_of("snapshots") > 0

    harness.wait_until("a snapshot is published, as after each million transactions", is_quiet)


def peak_memory(service):
    """MiB."""
    status = pathlib.Path(f"/proc/{service.process.pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def bench_move(table, group):
    """Fills a partition with the month of many cards, then gives it to another process."""
    cards, days = os.environ.get("BENCH_CARDS", "100000"), os.environ.get("BENCH_DAYS", "31")
    bench.say(f"a partition with {days} days of {cards} cards ...")
    made = group.work / "many"
    report = json.loads(haechi("data", "generate", "--out", made, "--cards", cards, "--days", days, "--json"))
    count = report["train_rows"] + report["test_rows"]
    for name in ("fraudTrain.csv", "fraudTest.csv"):
        group.fill(made / name, "--no-labels")
        (made / name).unlink()
    with group.serve("first") as service:
        catch_up(service, count)
        await_snapshot(group)
        metrics, memory = service.metrics(), peak_memory(service)
        if service.stop() != 0:
            fail(f"the service failed:\n{service.said[-2000:]}")
    table.only("cards of the partition", metrics["haechi_cards"])
    table.only("edges in their windows", metrics["haechi_edges"])
    table.only("memory of its graph", metrics["haechi_graph_bytes"] / 2**20, " MiB")
    table.only("peak memory of the process", memory, " MiB")
    file = group.work / f"{group.settings['group']}-first" / "partition-0.checkpoint"
    table.only("its checkpoint", file.stat().st_size / 2**20, " MiB")
    table.only("writing one, on average, in which nothing is folded",
               metrics["haechi_checkpoint_seconds_total"] / metrics["haechi_checkpoints_total"], " s")
    report_move(table, "from the topic of snapshots", *start_again(group, "second"))
    report_move(table, "with its own checkpoint", *start_again(group, "first"))


# ---------------------------------------------------------------- Neo4j


def bench_neo4j(table):
    bench.say("Neo4j ...")
    python = bench.run([sys.executable, "-B", TOOLS / "python_env.py", "neo4j"])[0].strip()
    text, _, _ = bench.run([python, "-B", TOOLS.parent / "bench" / "graph_load.py", "--json"],
                           env={**os.environ, "HAECHI": harness.HAECHI})
    report = json.loads(text)
    table.at_least("graph load into Neo4j, edges a second", report["edges_per_second"], 3000)
    table.at_least("the same, over its later half", report["later_half"], 3000)
    table.at_most("the same, peak memory", report["peak_mib"], 200, " MiB")
    for name, pace in report["one_by_one"].items():
        table.only(f"{name}, edges a second", pace)
        table.at_least("the load against that", report["edges_per_second"] / pace, 20, " times")
        table.at_least("its later half against that, both on a warm server", report["later_half"] / pace, 20, " times")


# ---------------------------------------------------------------- the whole


def show_sizes(group):
    """What a transaction costs in each topic, as the broker keeps it."""
    sizes = ", ".join(f"{name} {group.bytes_of(name) / ROWS:.1f}"
                      for name in ("transactions", "labels", "decisions", "progress", "merchants"))
    print(f"\nBytes a transaction, as the broker keeps them (partitions: {group.partitions}): {sizes}.")


def measure(broker, work):
    rows = make_data(work)
    model = make_model(work, rows)

    def group(partitions):
        return Group(broker, partitions, work, model)

    table, one, four = Table(), group(1), group(4)
    rate = bench_throughput(table, one, four, group(1), rows)
    bench_tools(table, one, rate)
    bench_latency(table, group(1))
    bench_move(table, group(1))
    broker.stop()
    bench_neo4j(table)
    show_sizes(one)
    show_sizes(four)


def main():
    with tempfile.TemporaryDirectory(prefix="haechi-bench-") as folder:
        broker = harness.Broker()
        try:
            if broker.lacks:
                fail(broker.lacks)
            measure(broker, pathlib.Path(folder))
        except (AssertionError, KeyError, OSError, ValueError) as error:
            fail(f"a measurement could not be made: {error!r}")
        finally:
            broker.close()


if __name__ == "__main__":
    main()
