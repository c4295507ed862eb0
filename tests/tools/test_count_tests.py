#!/usr/bin/env python3
"""Runs tools/test.sh on small Meson projects of its own whose outcome is known, and compares its
last line and exit status. Speaks TAP."""

import os
import subprocess
import sys
import tempfile

TEST_SH = os.path.abspath("tools/test.sh")

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

CASES = [
    (["pass"], "2 passed, 0 failed", 0),
    (["pass", "comments", "plain"], "4 passed, 0 failed", 0),
    (["pass", "skips", "plain skips"], "3 passed, 0 failed, 2 skipped", 0),
    (["pass", "all skipped"], "2 passed, 0 failed, 1 skipped", 0),
    (["all skipped"], "0 passed, 0 failed, 1 skipped", 1),
    (["pass", "fail"], "3 passed, 1 failed", 1),
    (["pass", "bails out"], "3 passed, 1 failed", 1),
    (["pass", "crashes"], "3 passed, 1 failed", 1),
    (["pass", "crashes after"], "4 passed, 1 failed", 1),
    (["pass", "bad status"], "4 passed, 1 failed", 1),
    (["pass", "too few"], "3 passed, 1 failed", 1),
    (["pass", "silent"], "2 passed, 1 failed", 1),
    (["pass", "hangs"], "3 passed, 1 failed", 1),
    (["pass", "plain fails"], "2 passed, 1 failed", 1),
    ([], "0 passed, 0 failed", 1),
]

# What `meson test` was told to leave out did not pass.
PARTIAL = (["pass", "plain"], "2 passed, 1 failed", 1, "pass")


def run(names, *only):
    """(last line, exit status) of tools/test.sh on a project with the named programs."""
    with tempfile.TemporaryDirectory() as top:
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
        done = subprocess.run([TEST_SH, build, *only], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout.splitlines()[-1], done.returncode


def main():
    cases = CASES + [PARTIAL]
    print(f"1..{len(cases)}")
    failures = 0
    for number, (names, line, status, *only) in enumerate(cases, 1):
        got = run(names, *only)
        good = got == (line, status)
        failures += not good
        print(f"{'ok' if good else 'not ok'} {number} /tools/count-tests/{'+'.join(names + only) or 'none'}")
        if not good:
            print(f"# wanted {(line, status)}, got {got}")
        sys.stdout.flush()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
