#!/usr/bin/env python3
"""Compare two data sets in the published columns, as Markdown tables.

    tools/compare_data.py REFERENCE_DIR OTHER_DIR

Each folder holds fraudTrain.csv and fraudTest.csv, plain or as .gz or .zst (the latter through the
zstd program). Shown are amounts and counts by category, shares by hour, weekday and month, frauds,
and the number of transactions of a card; last, the largest deviation of each kind. A share is
compared in percentage points, an amount in per cent of the reference.

Standard library only: it needs some ten seconds and about 100 MB for each million rows.
"""
import argparse
import collections
import csv
import datetime
import gzip
import os
import subprocess
import sys

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
WEEKDAYS = "Mon Tue Wed Thu Fri Sat Sun".split()


def open_csv(folder, name):
    """Returns the rows of folder/name, in whichever of its forms is there."""
    path = os.path.join(folder, name)
    if os.path.exists(path):
        return csv.reader(open(path, newline=""))
    if os.path.exists(path + ".gz"):
        return csv.reader(gzip.open(path + ".gz", "rt", newline=""))
    if os.path.exists(path + ".zst"):
        pipe = subprocess.Popen(["zstd", "-dcq", path + ".zst"], stdout=subprocess.PIPE, text=True)
        return csv.reader(pipe.stdout)
    sys.exit(f"compare_data: no {name}, {name}.gz or {name}.zst in '{folder}'")


class Side:
    """What is measured of one data set."""

    def __init__(self, folder):
        self.rows = 0
        self.amounts = (collections.defaultdict(list), collections.defaultdict(list))
        self.hours = (collections.Counter(), collections.Counter())
        self.days = collections.Counter()
        self.cards = collections.Counter()
        self.fraud_cards = collections.Counter()
        self.merchants = set()
        for name in ("fraudTrain.csv", "fraudTest.csv"):
            self.read(open_csv(folder, name))

    def read(self, rows):
        at = {name: i for i, name in enumerate(next(rows))}
        time, card, merchant = at["trans_date_trans_time"], at["cc_num"], at["merchant"]
        category, amount, fraud = at["category"], at["amt"], at["is_fraud"]
        for row in rows:
            self.rows += 1
            kind = int(row[fraud])
            self.amounts[kind][row[category]].append(float(row[amount]))
            self.hours[kind][row[time][11:13]] += 1
            self.days[row[time][:10]] += 1
            self.cards[row[card]] += 1
            self.fraud_cards[row[card]] += kind
            self.merchants.add(row[merchant])

    def frauds(self):
        return sum(self.hours[1].values())

    def by_day(self, key):
        """Shares of the rows, by key(date)."""
        sums = collections.Counter()
        for day, count in self.days.items():
            sums[key(datetime.date.fromisoformat(day))] += count
        return {k: v / self.rows for k, v in sums.items()}


def mean(values):
    return sum(values) / len(values) if values else 0.0


def deviation(values):
    middle = mean(values)
    return mean([(v - middle) ** 2 for v in values]) ** 0.5


def quantile(ordered, share):
    return ordered[int(share * (len(ordered) - 1))] if ordered else 0.0


class Report:
    """Prints tables of both sides, and remembers the largest deviation of each kind."""

    def __init__(self):
        self.largest = {}

    def note(self, kind, what, size, unit):
        if kind not in self.largest or size > self.largest[kind][1]:
            self.largest[kind] = (what, size, unit)

    def table(self, title, heads):
        print(f"\n**{title}**\n\n| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads))

    def shares(self, title, first, second, order, label=str):
        self.table(title, ["", "reference", "other"])
        for key in order:
            a, b = first.get(key, 0), second.get(key, 0)
            print(f"| {label(key)} | {100 * a:.2f} % | {100 * b:.2f} % |")
            self.note(title, label(key), 100 * abs(a - b), "points")

    def pair(self, kind, what, a, b):
        self.note(kind, what, 100 * abs(a - b) / a if a else 0.0, "%")
        return f"{a:.2f} / {b:.2f}"

    def summary(self):
        self.table("Largest deviations", ["of", "at", "size"])
        for kind, (what, size, unit) in self.largest.items():
            print(f"| {kind} | {what} | {size:.2f} {unit} |")


def compare_whole(report, a, b):
    report.table("The whole", ["", "reference", "other"])
    lines = [
        ("rows", a.rows, b.rows),
        ("frauds", a.frauds(), b.frauds()),
        ("cards", len(a.cards), len(b.cards)),
        ("cards with fraud", sum(v > 0 for v in a.fraud_cards.values()),
         sum(v > 0 for v in b.fraud_cards.values())),
        ("merchants", len(a.merchants), len(b.merchants)),
        ("days", len(a.days), len(b.days)),
    ]
    for name, x, y in lines:
        print(f"| {name} | {x} | {y} |")
    x, y = 100 * a.frauds() / a.rows, 100 * b.frauds() / b.rows
    print(f"| fraud share | {x:.3f} % | {y:.3f} % |")
    report.note("fraud share", "the whole", abs(x - y), "points")


def compare_amounts(report, title, a, b):
    """One table of mean, deviation and quantiles by category; each cell is reference / other."""
    report.table(title + " (reference / other)",
                 ["category", "share of rows, %", "mean", "deviation", "median", "95 %"])
    for side in (a, b):
        for values in side.values():
            values.sort()
    totals = [sum(map(len, side.values())) for side in (a, b)]
    for category in sorted(a):
        x, y = a[category], b.get(category, [])
        shares = 100 * len(x) / totals[0], 100 * len(y) / totals[1]
        report.note(title + ": share", category, abs(shares[0] - shares[1]), "points")
        cells = [f"{shares[0]:.2f} / {shares[1]:.2f}",
                 report.pair(title + ": mean", category, mean(x), mean(y)),
                 report.pair(title + ": deviation", category, deviation(x), deviation(y)),
                 report.pair(title + ": median", category, quantile(x, 0.5), quantile(y, 0.5)),
                 report.pair(title + ": 95 %", category, quantile(x, 0.95), quantile(y, 0.95))]
        print(f"| {category} | " + " | ".join(cells) + " |")


def compare_quantiles(report, title, a, b):
    report.table(title, ["quantile", "reference", "other"])
    a, b = sorted(a), sorted(b)
    for share in QUANTILES:
        x, y = quantile(a, share), quantile(b, share)
        print(f"| {100 * share:g} % | {x:g} | {y:g} |")
        report.note(title, f"{100 * share:g} %", 100 * abs(x - y) / x if x else 0.0, "%")


def all_amounts(side, kind):
    return [v for values in side.amounts[kind].values() for v in values]


def compare(a, b):
    report = Report()
    compare_whole(report, a, b)
    compare_amounts(report, "Honest amounts", a.amounts[0], b.amounts[0])
    compare_amounts(report, "Fraud amounts", a.amounts[1], b.amounts[1])
    compare_quantiles(report, "Amounts of all rows", all_amounts(a, 0) + all_amounts(a, 1),
                      all_amounts(b, 0) + all_amounts(b, 1))
    hours = [f"{h:02d}" for h in range(24)]
    for kind, title in ((0, "Honest rows by hour"), (1, "Frauds by hour")):
        shares = [{h: n / max(1, sum(side.hours[kind].values())) for h, n in side.hours[kind].items()}
                  for side in (a, b)]
        report.shares(title, *shares, hours)
    report.shares("Rows by weekday", a.by_day(datetime.date.weekday),
                  b.by_day(datetime.date.weekday), range(7), WEEKDAYS.__getitem__)
    month = lambda day: f"{day.year}-{day.month:02d}"  # noqa: E731
    x, y = a.by_day(month), b.by_day(month)
    report.shares("Rows by month", x, y, sorted(set(x) | set(y)))
    compare_quantiles(report, "Transactions of a card", a.cards.values(), b.cards.values())
    compare_quantiles(report, "Frauds of a card that has some",
                      [v for v in a.fraud_cards.values() if v], [v for v in b.fraud_cards.values() if v])
    report.summary()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("reference", help="folder with the data to compare with")
    parser.add_argument("other", help="folder with the data to judge")
    arguments = parser.parse_args()
    compare(Side(arguments.reference), Side(arguments.other))


if __name__ == "__main__":
    main()
