#!/usr/bin/env python3
"""Adds up a test run: how many single tests passed, failed and were skipped over all programs.

    count_tests.py TESTLOG TESTS STATUS

TESTLOG is Meson's testlog.json (one JSON object a line and program), TESTS what `meson introspect
--tests` says there is, STATUS the exit status of `meson test`. A program that speaks TAP counts as
its points, any other as one. A program that went wrong beyond its points (crash, time-out, bad
plan) counts as one failure more, and so does a program that was never run. Prints
`N passed, N failed[, N skipped]` and exits with status 1 unless something passed and nothing failed.
"""

import json
import re
import sys

POINT = re.compile(r"(?P<not>not )?ok\b(?P<rest>[^#]*)(# *(?P<directive>SKIP|TODO)\b)?", re.I)
PLAN = re.compile(r"^1\.\.\d", re.M)


def count_points(tap):
    """(passed, failed, skipped) of one program's TAP output."""
    passed = failed = skipped = 0
    for line in tap.splitlines():
        point = POINT.match(line)
        if not point:
            continue
        directive = (point["directive"] or "").upper()
        if directive == "SKIP":
            skipped += 1
        elif point["not"] and directive != "TODO":
            failed += 1
        else:
            passed += 1
    return passed, failed, skipped


def count_program(record, protocol):
    """(passed, failed, skipped) of one line of the test log."""
    result = record["result"]
    counts = [0, 0, 0]
    if protocol == "tap":
        counts = list(count_points(record.get("stdout") or ""))
    elif result in ("OK", "EXPECTEDFAIL"):
        counts = [1, 0, 0]
    # Meson takes a program that says nothing for one that skips; only one that says so does.
    silent = protocol == "tap" and not PLAN.search(record.get("stdout") or "")
    if result == "SKIP" and not silent:
        counts = [0, counts[1], max(counts[2], 1)]
    elif result not in ("OK", "EXPECTEDFAIL") and counts[1] == 0:
        counts[1] = 1
    return counts


def count_run(records, tests, status):
    """(passed, failed, skipped) of the whole run."""
    protocols = {test["name"]: test["protocol"] for test in tests}
    totals = [0, 0, 0]
    ran = set()
    for record in records:
        # The log's name may carry the project and the suites: "haechi:io / csv", "io / csv".
        name = record["name"].split(" / ")[-1]
        ran.add(name)
        for i, n in enumerate(count_program(record, protocols.get(name, "exitcode"))):
            totals[i] += n
    totals[1] += len(protocols.keys() - ran)
    if status != 0 and totals[1] == 0:
        totals[1] = 1
    return totals


def main():
    log, tests, status = sys.argv[1:]
    try:
        with open(log, encoding="utf-8", errors="replace") as lines:
            records = [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        print(f"count_tests: {log}: {error}", file=sys.stderr)
        records = []
    with open(tests, encoding="utf-8") as text:
        passed, failed, skipped = count_run(records, json.load(text), int(status))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
