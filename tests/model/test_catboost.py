#!/usr/bin/env python3
"""tests/model/test_oblivious_trees.c again, on models and rows that CatBoost makes on the spot: more of them, and
larger. Where its environment is not (make catboost), skipped."""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parents[1] / "tools"))
import python_env  # noqa: E402
import tap  # noqa: E402


def test_against_catboost():
    python = python_env.there("catboost")
    if not python:
        return "SKIP CatBoost's environment is not here: make catboost"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, HERE / "make_catboost.py", folder], check=True)
        done = subprocess.run([os.environ["OBLIVIOUS_TREES_TEST"]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, env=dict(os.environ, CATBOOST_VECTORS=folder))
    assert done.returncode == 0, done.stdout
    return None


if __name__ == "__main__":
    sys.exit(tap.run("catboost", [test_against_catboost]))
