#!/usr/bin/env python3
"""Builds the page and writes it as one C file, the table of src/serve/page.h.

Three steps: `npm ci` when the lock file changed since the last one, esbuild into the stage folder,
and every file of that folder compressed into an array. Modes:
  enabled   anything missing is an error;
  auto      when the packages cannot be installed, the plain page is embedded, and that is said;
  disabled  the plain page, and nothing of npm is run.
A mistake in the page's own source is an error in every mode that builds it.
"""
import argparse
import fcntl
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

UI = pathlib.Path(__file__).resolve().parent
NODE_MODULES = UI / "node_modules"
LOCK_FILE = UI / "package-lock.json"

# What went wrong is in npm's first lines; a stack trace follows.
NPM_LINES_SHOWN = 4

# What a browser has to fetch before it shows anything, compressed.
PAGE_BYTES_MAX = 500 * 1000

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}


class InstallError(Exception):
    """The packages are not there and could not be brought."""


def node_first(node):
    """The environment with `node` ahead in PATH, so that npm runs on it too."""
    path = str(pathlib.Path(node).parent) + os.pathsep + os.environ.get("PATH", "")
    return {**os.environ, "PATH": path}


def install(node, npm):
    """Brings node_modules to what the lock file says; two builds of one checkout take turns."""
    wanted = hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()
    stamp = NODE_MODULES / ".installed"
    with open(LOCK_FILE, "rb") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
                   "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
        done = subprocess.run(command, cwd=UI, env=node_first(node), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            said = "\n".join(done.stdout.strip().splitlines()[:NPM_LINES_SHOWN])
            raise InstallError(f"'npm ci' in {UI} failed:\n{said}")
        stamp.write_text(wanted)


def bundle(node, stage):
    """Runs esbuild; returns the source files it read."""
    meta = stage.parent / (stage.name + ".meta.json")
    command = [node, str(NODE_MODULES / "esbuild" / "bin" / "esbuild"), "app=src/main.tsx",
               "--bundle", "--minify", "--format=esm", "--target=es2020", "--charset=utf8",
               "--legal-comments=linked", "--log-level=warning", f"--outdir={stage}",
               f"--metafile={meta}"]
    done = subprocess.run(command, cwd=UI, env=node_first(node), stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit("ui: esbuild failed")
    inputs = [UI / name for name in json.loads(meta.read_text())["inputs"]]
    return [path for path in inputs if NODE_MODULES not in path.parents]


def copy(folder, stage):
    """Copies a folder of finished files into the stage; returns them, and it for what may come."""
    shutil.copytree(folder, stage, dirs_exist_ok=True)
    return [folder, *folder.rglob("*")]


def c_array(name, data):
    lines = []
    for start in range(0, len(data), 32):
        lines.append(",".join(map(str, data[start:start + 32])))
    return f"static const unsigned char {name}[] = {{\n" + ",\n".join(lines) + "};\n"


def embed(stage, output):
    """Writes every file of the stage, compressed the same way each time, into one C file."""
    arrays, rows, total = [], [], 0
    for number, path in enumerate(sorted(p for p in stage.rglob("*") if p.is_file())):
        url = "/" + path.relative_to(stage).as_posix()
        if url == "/index.html":
            url = "/"
        body = gzip.compress(path.read_bytes(), compresslevel=9, mtime=0)
        total += len(body)
        arrays.append(c_array(f"file_{number}", body))
        rows.append(f'    {{"{url}", "{CONTENT_TYPES[path.suffix]}", '
                    f"{{(const char *)file_{number}, sizeof file_{number}}}}},\n")
    if total > PAGE_BYTES_MAX:
        sys.exit(f"ui: the page is {total} bytes compressed, over {PAGE_BYTES_MAX}")
    text = ('/* Made by ui/build.py from the files of the page. */\n#include "serve/page.h"\n\n'
            + "\n".join(arrays)
            + "\nconst PageFile page_files[] = {\n" + "".join(rows) + "};\n"
            + "const size_t page_file_count = sizeof page_files / sizeof page_files[0];\n")
    output.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", choices=["enabled", "auto", "disabled"], required=True)
    parser.add_argument("--stage", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--depfile", type=pathlib.Path, required=True)
    parser.add_argument("--node", default="")
    parser.add_argument("--npm", default="")
    args = parser.parse_args()

    # Meson's own folder for the target holds other things: a fresh one inside it is ours alone.
    stage = args.stage.resolve() / "page"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)

    folder = "plain" if args.mode == "disabled" else "public"
    sources = []
    if args.mode != "disabled":
        try:
            install(args.node, args.npm)
            sources = bundle(args.node, stage)
        except InstallError as error:
            if args.mode == "enabled":
                sys.exit(f"ui: {error}")
            print(f"ui: warning: {error}\nui: warning: embedding the plain page instead",
                  file=sys.stderr)
            folder = "plain"
    sources += copy(UI / folder, stage)
    embed(stage, args.output)
    names = " ".join(str(path).replace(" ", "\\ ") for path in sources)
    args.depfile.write_text(f"{args.output}: {names}\n")


if __name__ == "__main__":
    main()
