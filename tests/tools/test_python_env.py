#!/usr/bin/env python3
"""tools/python_env.py with a package of the test's own, made on the spot: no network. Speaks TAP."""

import base64
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parents[1] / "tools"))
import python_env  # noqa: E402
import tap  # noqa: E402


def make_wheel(folder, version):
    """A package `guard` of one module and one script; returns its SHA-256."""
    info = f"guard-{version}.dist-info"
    files = {
        "guard.py": f"VERSION = '{version}'\n\ndef main():\n    print('guard', VERSION)\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: guard\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nguard = guard:main\n",
    }
    record = ""
    path = folder / f"guard-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={digest},{len(text)}\n"
            wheel.writestr(name, text)
        wheel.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


class World:
    """A folder with lists, wheels and environments."""

    def __init__(self, top):
        self.lists = pathlib.Path(top) / "lists"
        self.envs = pathlib.Path(top) / "envs"
        self.lists.mkdir()
        os.environ["HAECHI_PYTHON_ENVS"] = str(self.envs)

    def list(self, version, digest=None):
        digest = digest or make_wheel(self.lists, version)
        (self.lists / "guard.txt").write_text(
            f"--no-index\n--find-links {self.lists.as_uri()}\nguard=={version} --hash=sha256:{digest}\n")

    def make(self):
        return python_env.environment("guard", self.lists)

    def refused(self, status, part):
        try:
            self.make()
        except python_env.Trouble as trouble:
            assert trouble.status == status and part in str(trouble) and "\n" not in str(trouble), trouble
        else:
            raise AssertionError(f"made, though it should say '{part}'")

    def folders(self):
        return sorted(path.name for path in self.envs.iterdir() if path.is_dir() and not path.is_symlink())


def world(test):
    def run():
        with tempfile.TemporaryDirectory() as top:
            return test(World(top))
    run.__name__ = test.__name__
    run.__doc__ = test.__doc__
    return run


def said(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


@world
def test_made_once(w):
    """Made, its module and its script work, and asked again it is left alone."""
    w.list("1.0")
    python = w.make()
    assert python == w.envs / "guard" / "bin" / "python"
    assert said(python, "-c", "import guard; print(guard.VERSION)") == "1.0"
    assert said(python.parent / "guard") == "guard 1.0"
    touched = w.envs / "guard" / "touched"
    touched.touch()
    assert w.make() == python and touched.exists()


@world
def test_made_again(w):
    """A changed list makes a new one in its place and leaves nothing of the old."""
    w.list("1.0")
    w.make()
    w.list("2.0")
    python = w.make()
    assert said(python.parent / "guard") == "guard 2.0"
    assert len(w.folders()) == 1, w.folders()


@world
def test_half_made(w):
    """What an interrupted run left is made anew."""
    w.list("1.0")
    w.make()
    (w.envs / "guard").unlink()
    assert said(w.make(), "-c", "import guard; print(guard.VERSION)") == "1.0"


@world
def test_kept_when_the_new_one_fails(w):
    """A wrong hash or an unknown version is one line, and the environment that was there still is."""
    w.list("1.0")
    python = w.make()
    w.list("1.0", digest="0" * 64)
    w.refused(1, "SHA-256 differs")
    w.list("3.0", digest="0" * 64)
    w.refused(1, "No matching distribution")
    assert said(python.parent / "guard") == "guard 1.0"
    assert len(w.folders()) == 1, w.folders()


@world
def test_out_of_reach(w):
    """No network is told from a wrong list."""
    (w.lists / "guard.txt").write_text("--index-url http://127.0.0.1:9/simple\nguard==1 --hash=sha256:" + "0" * 64)
    w.refused(77, "PyPI is out of reach")


@world
def test_wrong_use(w):
    w.list("1.0")
    for name in ("nothing", "../lists/guard", ""):
        try:
            python_env.environment(name, w.lists)
        except python_env.Trouble as trouble:
            assert trouble.status == 2 and "there are: guard" in str(trouble)
        else:
            raise AssertionError(name)
    script = HERE.parents[1] / "tools" / "python_env.py"
    assert subprocess.run([script], stdout=subprocess.DEVNULL, check=False).returncode == 2


def test_lists():
    """Every list that we have pins what it names."""
    for path in python_env.LISTS.glob("*.txt"):
        lines = path.read_text().replace("\\\n", " ").splitlines()
        for line in lines:
            assert not line or line.startswith("#") or ("==" in line and "--hash=sha256:" in line), (path, line)


TESTS = [test_made_once, test_made_again, test_half_made, test_kept_when_the_new_one_fails, test_out_of_reach,
         test_wrong_use, test_lists]

if __name__ == "__main__":
    sys.exit(tap.run("python_env", TESTS))
