#!/usr/bin/env python3
"""Checks that every #include within src/ points to the same room or to one below it.

    check_rooms.py [SRC]

The rooms' order is the list in SRC/meson.build. Prints one line for each include that breaks it, and
exits with status 1 if there is any.
"""

import pathlib
import re
import sys

ROOMS = re.compile(r"^rooms = \[(.*?)\]", re.M | re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def read_rooms(src):
    """Room name to its height, lowest first."""
    listed = ROOMS.search((src / "meson.build").read_text(encoding="utf-8"))
    if not listed:
        sys.exit(f"check_rooms: {src}/meson.build: no list of rooms")
    return {name: i for i, name in enumerate(re.findall(r"'(\w+)'", listed[1]))}


def check_file(path, room, rooms):
    """Yields what is wrong with each include of one file."""
    text = path.read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        if not include:
            continue
        target = include[2].split("/")[0]
        if target not in rooms:
            if include[1] == '"':
                yield f'{path}:{number}: "{include[2]}" does not start with a room'
        elif rooms[target] > rooms[room]:
            yield f"{path}:{number}: {room}/ may not use {target}/, which is above it"


def main():
    src = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src")
    rooms = read_rooms(src)
    faults = []
    for path in sorted(p for p in src.rglob("*") if p.suffix in (".c", ".h", ".cc", ".hh", ".cpp")):
        room = path.relative_to(src).parts[0]
        if room not in rooms:
            faults.append(f"{path}: {room} is no room")
            continue
        faults += check_file(path, room, rooms)
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
