#!/usr/bin/env python3
"""That PyTorch Geometric still makes the vectors of tests/train/gcn_pyg.json, with which test_gcn.c compares.

Its interpreter is $HAECHI_PYG_PYTHON, or else this one; for instance
    python3 -m venv DIR && DIR/bin/pip install torch torch_geometric && export HAECHI_PYG_PYTHON=DIR/bin/python"""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import tap  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = os.environ.get("HAECHI_PYG_PYTHON", sys.executable)
TOLERANCE = 1e-5


def has_pyg():
    return subprocess.run([PYTHON, "-c", "import torch, torch_geometric"], stdin=subprocess.DEVNULL,
                          capture_output=True, check=False).returncode == 0


def assert_near(key, a, b):
    if not isinstance(a, list):
        a, b = [a], [b]
    assert len(a) == len(b), f"{key}: {len(a)} and {len(b)} numbers"
    for i, (x, y) in enumerate(zip(a, b)):
        assert abs(x - y) <= TOLERANCE * (1 + abs(x)), f"{key}[{i}]: {x} and {y}"


def test_vectors():
    if not has_pyg():
        return "SKIP no torch and torch_geometric; HAECHI_PYG_PYTHON may name a Python that has them"
    made = subprocess.run([PYTHON, "-B", HERE / "make_gcn_pyg.py"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=240, check=True)
    fixture, now = json.loads((HERE / "gcn_pyg.json").read_text()), json.loads(made.stdout)
    assert fixture.keys() == now.keys()
    for key, value in fixture.items():
        assert_near(key, value, now[key])
    return None


if __name__ == "__main__":
    sys.exit(tap.run("gcn-pyg", [test_vectors]))
