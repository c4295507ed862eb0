#!/usr/bin/env python3
"""What open pages cost a service that scores as fast as it goes: its throughput without and with them, by turns.

    bench/pages.py BUILD [PAGES]

A page here is what one asks of the service: it follows the live stream, and asks for the board every two seconds.
What a browser does with the answers belongs to the machine of whoever looks, and is left out. Each turn is a new service
with an empty store on the same generated data. Beside the clock, the processor's time that the service took for a
transaction is told, which other work on the machine disturbs less."""

import json
import os
import pathlib
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
BUILD = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve()
os.environ["HAECHI"] = str(BUILD / "haechi")
import service  # noqa: E402

PAGES = int(sys.argv[2]) if len(sys.argv) > 2 else 20
TURNS = 5
TRANSACTIONS = 100_000
BOARD_EVERY_SECONDS = 2
PART_BYTES = 1 << 16


def haechi(*words):
    return subprocess.run([os.environ["HAECHI"], *words], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout


class Pages:
    """Clients of one service, all on one thread, which takes what comes and drops it."""

    def __init__(self, url, count):
        self.address = urllib.parse.urlsplit(url)
        self.stopping = False
        self.taken = 0
        self.streams = [self.ask("/v1/stream") for _ in range(count)]
        self.thread = threading.Thread(target=self.follow)
        self.thread.start()

    def ask(self, path):
        client = socket.create_connection((self.address.hostname, self.address.port))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {self.address.netloc}\r\n\r\n".encode())
        client.setblocking(False)
        return client

    def follow(self):
        """The boards' requests are spread over their period."""
        with selectors.DefaultSelector() as selector:
            boards = [self.ask("/healthz") for _ in self.streams]
            for client in self.streams + boards:
                selector.register(client, selectors.EVENT_READ)
            turn, due = 0, time.monotonic()
            while not self.stopping:
                for key, _ in selector.select(timeout=0.05):
                    self.taken += len(key.fileobj.recv(PART_BYTES))
                if boards and time.monotonic() >= due:
                    request = f"GET /v1/board?window=all HTTP/1.1\r\nHost: {self.address.netloc}\r\n\r\n"
                    boards[turn % len(boards)].sendall(request.encode())
                    turn, due = turn + 1, due + BOARD_EVERY_SECONDS / len(boards)
            for client in self.streams + boards:
                client.close()

    def end(self):
        self.stopping = True
        self.thread.join()
        return self.taken


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(turn, count):
    """Transactions a second, the service's microseconds for one, and bytes that the pages took."""
    with service.Service(f"store-{turn}-{count}") as running:
        pages = Pages(running.url, count)
        before = processor_seconds(running.process.pid)
        out = haechi("stream", "d/fraudTrain.csv", "--to", running.url, "--rate", "0", "--no-labels", "--limit",
                     str(TRANSACTIONS), "--json")
        used = processor_seconds(running.process.pid) - before
        taken = pages.end()
        assert running.end() == 0
    rate = json.loads(re.search(r"\{.*\}", out, re.DOTALL)[0])
    return rate["transactions"] / rate["seconds"], used / TRANSACTIONS * 1e6, taken


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        haechi("data", "generate", "--out", "d", "--cards", "500", "--days", "200", "--seed", "3")
        haechi("train", "xgboost", "--train", "d/fraudTrain.csv", "--out", "m", "--json")
        found = {0: [], PAGES: []}
        for turn in range(TURNS):
            for count in found if turn % 2 == 0 else reversed(found):
                found[count].append(measure(turn, count))
                print(f"{count:2} pages: {found[count][-1][0]:,.0f} a second, {found[count][-1][1]:.1f} us, "
                      f"{found[count][-1][2] / 1e6:.1f} MB taken", file=sys.stderr, flush=True)
        os.chdir("/")
    rates = {count: statistics.median(one[0] for one in rows) for count, rows in found.items()}
    costs = {count: statistics.median(one[1] for one in rows) for count, rows in found.items()}
    print(f"transactions a second, medians of {TURNS}: {rates[0]:,.0f} without pages, {rates[PAGES]:,.0f} with {PAGES}: "
          f"{100 * (1 - rates[PAGES] / rates[0]):.1f} % less")
    print(f"processor's time of the service for one: {costs[0]:.1f} us without, {costs[PAGES]:.1f} us with: "
          f"{100 * (costs[PAGES] / costs[0] - 1):.1f} % more")


if __name__ == "__main__":
    main()
