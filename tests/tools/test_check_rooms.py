#!/usr/bin/env python3
"""Shows tools/check_rooms.py small trees that keep and break the rooms' order. Speaks TAP."""

import os
import pathlib
import subprocess
import sys
import tempfile

CHECK = os.path.abspath("tools/check_rooms.py")

CASES = [
    ("own room and below", {"graph/a.c": '#include "graph/b.h"\n#include "base/c.h"\n'}, []),
    ("system headers", {"base/a.c": "#include <glib.h>\n#include <sys/stat.h>\n"}, []),
    ("above", {"base/a.h": '\n  #  include "graph/b.h"\n'}, ["base/a.h:2"]),
    ("above in brackets", {"base/a.h": "#include <graph/b.h>\n"}, ["base/a.h:1"]),
    ("above in C++", {"base/a.cc": '#include "graph/b.h"\n'}, ["base/a.cc:1"]),
    ("no room named", {"graph/a.c": '#include "b.h"\n'}, ["graph/a.c:1"]),
    ("no such room", {"attic/a.c": ""}, ["attic/a.c"]),
    ("each fault told", {"base/a.c": '#include "graph/b.h"\n' * 2}, ["base/a.c:1", "base/a.c:2"]),
]


def run(files):
    """What check_rooms says of a tree with these files, as places, and its exit status."""
    with tempfile.TemporaryDirectory() as top:
        files = {"meson.build": "rooms = ['base',\n  'graph']\n", **files}
        for name, text in files.items():
            path = pathlib.Path(top, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, CHECK, top], stdout=subprocess.PIPE, text=True, check=False)
        return [line[len(top) + 1 :].split(": ")[0] for line in done.stdout.splitlines()], done.returncode


def main():
    print(f"1..{len(CASES)}")
    failures = 0
    for number, (name, files, places) in enumerate(CASES, 1):
        got = run(files)
        good = got == (places, 1 if places else 0)
        failures += not good
        print(f"{'ok' if good else 'not ok'} {number} /tools/check-rooms/{name.replace(' ', '-')}")
        if not good:
            print(f"# got {got}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
