#!/usr/bin/env python3
"""Makes a virtual environment of Python packages, if it is not there, and prints its interpreter's path.

    tools/python_env.py NAME

tools/python/NAME.txt lists the packages, each with its exact version and the SHA-256 of its files. Whatever is
not listed is not installed: the list names what its packages need, too. The environment is the link
$HAECHI_PYTHON_ENVS/NAME (~/.cache/haechi/python, XDG_CACHE_HOME honoured) to a folder of its own beside it, which is
made whole before the link leads there; when the list or the interpreter has changed, a new one takes its place.

Exit status: 0 done, 1 failed, 2 wrong use, 77 the packages are not to be had here (no PyPI, no venv module)."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

LISTS = pathlib.Path(__file__).resolve().parent / "python"
SYSTEM_PYTHON = pathlib.Path("/usr/bin/python3")
INSTALL_SECONDS = 1800
NOT_TO_BE_HAD = 77
# What pip says when the network is at fault, and not what it was asked for.
OUT_OF_REACH = re.compile(r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|Network is unreachable|"
                          r"Temporary failure in name resolution|Name or service not known|Connection refused")


class Trouble(Exception):
    """What went wrong, in one line, and the exit status."""

    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status


def envs_folder():
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("HAECHI_PYTHON_ENVS") or pathlib.Path(cache) / "haechi" / "python").absolute()


def base_python():
    """Debian's own rather than whichever is first on the PATH: the lists hold its wheels."""
    return str(SYSTEM_PYTHON) if SYSTEM_PYTHON.exists() else sys.executable


@contextlib.contextmanager
def locked(folder, name):
    """One at a time may make an environment there."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f".{name}.lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def call(command):
    """(Exit status, all that it printed)."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, timeout=INSTALL_SECONDS, env=environment)
    return done.returncode, done.stdout


def install(folder, packages, python):
    """Makes the environment at its final place: its scripts have that path in their first line."""
    status, output = call([python, "-m", "venv", str(folder)])
    if status != 0:
        if "ensurepip" in output or "No module named venv" in output:
            raise Trouble("Python's venv module is not there: tools/setup.sh python installs it", NOT_TO_BE_HAD)
        raise Trouble(f"cannot make a virtual environment in {folder}: {last_line(output)}")
    status, output = call([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input",
                           "--disable-pip-version-check", "--retries", "2", "--timeout", "30", "--no-deps",
                           "--only-binary", ":all:", "--require-hashes", "--requirement", str(packages)])
    if status == 0:
        return
    if "DO NOT MATCH THE HASHES" in output:
        raise Trouble(f"a package is not the one that {packages} lists: its SHA-256 differs")
    if OUT_OF_REACH.search(output):
        raise Trouble("PyPI is out of reach, and its packages are not here yet", NOT_TO_BE_HAD)
    raise Trouble(f"pip cannot install {packages}: {last_line(output)}")


def last_line(output):
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith("ERROR:")]
    return (wrong or lines or ["it said nothing"])[-1]


def point(link, folder):
    """Lets the link lead to the folder, at once or not at all."""
    fresh = link.with_name(f".{link.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    fresh.replace(link)


def clear_away(envs, name, keep=None):
    """Removes the name's other folders, old or half made."""
    for folder in envs.glob(f".{name}-*"):
        if folder != keep:
            shutil.rmtree(folder, ignore_errors=True)


def environment(name, lists=LISTS):
    """The path of the interpreter of environment `name`, which is there from now on."""
    packages = lists / f"{name}.txt"
    if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", name) or not packages.is_file():
        known = ", ".join(sorted(path.stem for path in lists.glob("*.txt")))
        raise Trouble(f"there is no environment named '{name}' (there are: {known})", 2)
    python = base_python()
    _, version = call([python, "-c", "import sys; print(sys.version)"])
    mark = hashlib.sha256(packages.read_bytes() + version.encode()).hexdigest()[:16]
    envs = envs_folder()
    link, folder = envs / name, envs / f".{name}-{mark}"
    with locked(envs, name):
        if not (link.is_symlink() and os.readlink(link) == folder.name and (link / "bin" / "python").exists()):
            shutil.rmtree(folder, ignore_errors=True)
            try:
                install(folder, packages, python)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            point(link, folder)
        clear_away(envs, name, keep=folder)
    return link / "bin" / "python"


def there(name):
    """The path of the interpreter of environment `name` if it has been made, else None. Makes nothing."""
    python = envs_folder() / name / "bin" / "python"
    return python if python.exists() else None


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__)
        return 0 if arguments in (["--help"], ["-h"]) else 2
    try:
        print(environment(arguments[0]))
    except Trouble as trouble:
        print(f"python_env: {trouble}", file=sys.stderr)
        return trouble.status
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"python_env: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
