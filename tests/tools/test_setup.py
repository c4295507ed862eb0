#!/usr/bin/env python3
"""Runs tools/setup.sh on machines made of a PATH: a package database, an apt-get that keeps a diary
and installs into that database, a user, perhaps a sudo and a Node.js. Speaks TAP."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SETUP = os.path.abspath("tools/setup.sh")
LIST = [line.split() for line in pathlib.Path("tools/packages.txt").read_text().splitlines()
        if line and not line.startswith("#")]
TOOLS = ("sh", "awk", "cat", "dirname", "env", "grep", "mktemp", "rm", "tail", "tr", "true")

DPKG_QUERY = """#!/bin/sh
cat "$MACHINE/installed"
"""
# Knows no package before an update where the machine is fresh; installs all but those it lacks.
APT_GET = """#!/bin/sh
echo "$*" >> "$MACHINE/diary"
case " $* " in
*" update "*) rm -f "$MACHINE/fresh"; exit 0 ;;
esac
[ ! -e "$MACHINE/fresh" ] || { echo "E: Unable to locate package" >&2; exit 100; }
[ ! -e "$MACHINE/broken" ] || { echo "E: no space left on device" >&2; exit 100; }
echo "pmstatus:x:50:Unpacking" >&3
"""
SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >> "$MACHINE/diary"
"""
SUDO = """#!/bin/sh
[ "$1" = -n ] || exit 9
shift
echo "sudo $1" >> "$MACHINE/diary"
exec "$@"
"""


def packages(*groups):
    return list(dict.fromkeys(name for group, name in LIST if group in groups))


class Machine:
    def __init__(self, top, user=0, lacks=(), sudo=None, node=None, dpkg=True, systemd=False, **states):
        self.top = pathlib.Path(top)
        self.program("id", f"#!/bin/sh\necho {user}\n")
        self.program("apt-get", APT_GET)
        if dpkg:
            self.program("dpkg-query", DPKG_QUERY)
        if sudo is not None:
            self.program("sudo", SUDO if sudo else "#!/bin/sh\nexit 1\n")
        if node:
            self.program("node", f"#!/bin/sh\necho {node}\n")
            self.program("npm", "#!/bin/sh\n")
        if systemd:
            self.program("systemctl", SYSTEMCTL)
        for tool in TOOLS:
            (self.top / "bin" / tool).symlink_to(shutil.which(tool))
        everything = packages(*{group for group, _ in LIST})
        (self.top / "installed").write_text("".join(f"ii  {p}\n" for p in everything if p not in lacks))
        for state in states:
            (self.top / state).touch()

    def program(self, name, text):
        path = self.top / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run(self, *groups, **more):
        """(exit status, output, apt-get's diary)"""
        env = {"PATH": str(self.top / "bin"), "MACHINE": str(self.top), "TMPDIR": str(self.top), **more}
        done = subprocess.run([SETUP, *groups], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        diary = self.top / "diary"
        return done.returncode, done.stdout, diary.read_text().splitlines() if diary.exists() else []


def ends(line, names):
    return line.split()[-len(names):] == names


def all_there(status, output, diary):
    return (status, output, diary) == (0, "", [])


CASES = [
    ("all-there", {}, ["build", "ui"], all_there),
    ("root-installs", {"lacks": ["gcc", "meson"]}, ["build"],
     lambda status, output, diary: status == 0 and len(diary) == 1 and ends(diary[0], ["gcc", "meson"])
     and "--no-install-recommends" in diary[0]),
    ("fresh-machine-updates-once", {"lacks": ["gcc"], "fresh": 1}, ["build"],
     lambda status, output, diary: status == 0 and len(diary) == 3 and "update" in diary[1]),
    ("only-the-groups-asked-for", {"lacks": ["chromium"]}, ["build", "ui"], all_there),
    ("a-package-of-two-groups-once", {"lacks": ["clang"]}, ["test", "lint"],
     lambda status, output, diary: status == 0 and diary[0].split().count("clang") == 1),
    ("sudo-installs", {"user": 1000, "sudo": True, "lacks": ["gcc"]}, ["build"],
     lambda status, output, diary: status == 0 and "sudo env" in diary),
    ("sudo-that-asks-is-left-alone", {"user": 1000, "sudo": False, "lacks": ["gcc"]}, ["build"],
     lambda status, output, diary: status == 1 and diary == []),
    ("user-is-told-the-line", {"user": 1000, "lacks": ["gcc", "meson"]}, ["build"],
     lambda status, output, diary: status == 1 and diary == []
     and ends(output.splitlines()[-1], ["gcc", "meson"])),
    ("user-lacking-nothing", {"user": 1000}, ["build", "ui", "test", "lint", "bench"], all_there),
    ("failure-is-told", {"lacks": ["gcc"], "broken": 1}, ["build"],
     lambda status, output, diary: status == 1 and "no space left" in output),
    ("own-node-does", {"lacks": ["nodejs", "npm"], "node": "v20.1.0"}, ["ui"], all_there),
    ("old-node-does-not", {"lacks": ["nodejs", "npm"], "node": "v16.20.0"}, ["ui"],
     lambda status, output, diary: ends(diary[0], ["nodejs", "npm"])),
    ("prometheus-is-masked-first", {"lacks": ["prometheus"], "systemd": True}, ["test"],
     lambda status, output, diary: status == 0 and len(diary) == 2 and ends(diary[1], ["prometheus"])
     and diary[0].startswith("systemctl mask") and ends(diary[0], ["prometheus"])),
    ("nothing-else-is-masked", {"lacks": ["gcc"], "systemd": True}, ["build", "test"],
     lambda status, output, diary: len(diary) == 1 and ends(diary[0], ["gcc"])),
    ("no-systemd-nothing-to-mask", {"lacks": ["prometheus"]}, ["test"],
     lambda status, output, diary: status == 0 and len(diary) == 1),
    ("no-debian", {"dpkg": False}, ["build"],
     lambda status, output, diary: status == 1 and "HAECHI_SETUP=no" in output and "meson" in output),
    ("unknown-group", {}, ["biuld"],
     lambda status, output, diary: status == 2 and "biuld" in output),
    ("no-group", {}, [], lambda status, output, diary: status == 2 and "usage" in output),
]


def main():
    print(f"1..{len(CASES) + 1}")
    failures = 0
    for number, (name, machine, groups, holds) in enumerate(CASES, 1):
        with tempfile.TemporaryDirectory() as top:
            got = Machine(top, **machine).run(*groups)
            left = [path.name for path in pathlib.Path(top).glob("tmp.*")]
        good = holds(*got) and not left
        failures += not good
        print(f"{'ok' if good else 'not ok'} {number} /tools/setup/{name}")
        if not good:
            print(f"# {got} {left}")
    with tempfile.TemporaryDirectory() as top:
        skipped = all_there(*Machine(top, dpkg=False).run("build", HAECHI_SETUP="no"))
    failures += not skipped
    print(f"{'ok' if skipped else 'not ok'} {len(CASES) + 1} /tools/setup/skipped-when-told")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
