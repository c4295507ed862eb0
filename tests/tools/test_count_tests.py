#!/usr/bin/env python3
"""Runs a small Meson project of programs whose outcome is known, then has tools/count_tests.py add up
chosen ones, and compares its line and exit status; and so for tools/test.sh. Speaks TAP."""

import json
import os
import subprocess
import sys
import tempfile

TEST_SH = os.path.abspath("tools/test.sh")
COUNT = os.path.abspath("tools/count_tests.py")

PASS = "echo 1..2; echo 'ok 1 /a'; echo 'ok 2 /b'"
PROGRAMS = {
    "pass": (PASS, "tap"),
    "comments": ("echo '# random seed: R02S'; echo 1..1; echo '# Start of a tests'; echo 'ok 1 /a/ok'", "tap"),
    "skips": ("echo 1..2; echo 'ok 1 /a'; echo 'ok 2 /b # SKIP no such thing here'", "tap"),
    "all skipped": ("echo '1..0 # SKIP nothing to do'", "tap"),
    "fail": ("echo 1..2; echo 'ok 1 /a'; echo 'not ok 2 /b'; exit 1", "tap"),
    "bails out": ("echo 1..3; echo 'ok 1 /a'; echo 'not ok /b - assertion'; echo 'Bail out!'; kill -ABRT $$", "tap"),
    "crashes": ("echo 1..2; echo 'ok 1 /a'; kill -SEGV $$", "tap"),
    "crashes after": (PASS + "; kill -SEGV $$", "tap"),
    "bad status": (PASS + "; exit 3", "tap"),
    "too few": ("echo 1..3; echo 'ok 1 /a'", "tap"),
    "silent": ("true", "tap"),
    "hangs": ("echo 1..2; echo 'ok 1 /a'; sleep 60", "tap"),
    "plain": ("true", "exitcode"),
    "plain fails": ("false", "exitcode"),
    "plain skips": ("exit 77", "exitcode"),
}

# Programs that ran, then programs that should have and did not, Meson's exit status; the outcome.
CASES = [
    (["pass"], [], 0, "2 passed, 0 failed", 0),
    (["pass", "comments", "plain"], [], 0, "4 passed, 0 failed", 0),
    (["pass", "skips", "plain skips"], [], 0, "3 passed, 0 failed, 2 skipped", 0),
    (["pass", "all skipped"], [], 0, "2 passed, 0 failed, 1 skipped", 0),
    (["all skipped"], [], 0, "0 passed, 0 failed, 1 skipped", 1),
    (["pass", "fail"], [], 1, "3 passed, 1 failed", 1),
    (["pass", "bails out"], [], 1, "3 passed, 1 failed", 1),
    (["pass", "crashes"], [], 1, "3 passed, 1 failed", 1),
    (["pass", "crashes after"], [], 1, "4 passed, 1 failed", 1),
    (["pass", "bad status"], [], 1, "4 passed, 1 failed", 1),
    (["pass", "too few"], [], 1, "3 passed, 1 failed", 1),
    (["pass", "silent"], [], 0, "2 passed, 1 failed", 1),
    (["pass", "hangs"], [], 1, "3 passed, 1 failed", 1),
    (["pass", "plain fails"], [], 1, "2 passed, 1 failed", 1),
    (["pass"], ["plain", "comments"], 0, "2 passed, 2 failed", 1),
    (["pass"], [], 1, "2 passed, 1 failed", 1),
    ([], ["pass"], 1, "0 passed, 1 failed", 1),
    ([], [], 0, "0 passed, 0 failed", 1),
]


def make_project(top, names):
    """Writes and sets up a project with the named programs; returns its build folder."""
    lines = ["project('x')"]
    for name in names:
        script, protocol = PROGRAMS[name]
        path = os.path.join(top, name.replace(" ", "_") + ".sh")
        with open(path, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\n" + script + "\n")
        os.chmod(path, 0o755)
        lines.append(f"test('{name}', find_program('{path}'), protocol: '{protocol}', "
                     f"timeout: {1 if name == 'hangs' else 30}, suite: 'room')")
    with open(os.path.join(top, "meson.build"), "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    build = os.path.join(top, "build")
    subprocess.run(["meson", "setup", build, top], check=True, stdout=subprocess.DEVNULL)
    return build


def run(*command):
    """(last line, exit status)"""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    return done.stdout.splitlines()[-1], done.returncode


def count(build, ran, absent, status):
    """What count_tests.py says of a run of only these programs."""
    log = os.path.join(build, "meson-logs", "testlog.json")
    with open(log, encoding="utf-8") as lines:
        chosen = [line for line in lines if json.loads(line)["name"].split(" / ")[-1] in ran]
    tests = [{"name": name, "protocol": PROGRAMS[name][1]} for name in ran + absent]
    with open(log + ".chosen", "w", encoding="utf-8") as out:
        out.writelines(chosen)
    with open(log + ".tests", "w", encoding="utf-8") as out:
        json.dump(tests, out)
    return run(sys.executable, COUNT, log + ".chosen", log + ".tests", str(status))


def check(name, got, wanted):
    check.number += 1
    good = got == wanted
    print(f"{'ok' if good else 'not ok'} {check.number} /tools/count-tests/{name}")
    if not good:
        check.failures += 1
        print(f"# wanted {wanted}, got {got}")
    sys.stdout.flush()


check.number = check.failures = 0


def main():
    print(f"1..{len(CASES) + 3}")
    with tempfile.TemporaryDirectory() as top:
        build = make_project(top, PROGRAMS)
        check("whole-run-fails", run(TEST_SH, build), ("14 passed, 9 failed, 3 skipped", 1))
        for ran, absent, status, line, exit_status in CASES:
            name = "+".join(ran + [f"no {x}" for x in absent]) or "none"
            check(f"{name}-{status}", count(build, ran, absent, status), (line, exit_status))
    with tempfile.TemporaryDirectory() as top:
        build = make_project(top, ["pass", "plain"])
        check("whole-run-passes", run(TEST_SH, build), ("3 passed, 0 failed", 0))
        check("part-of-a-run-fails", run(TEST_SH, build, "pass"), ("2 passed, 1 failed", 1))
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
