# What `haechi train catboost` runs, embedded in the program. It speaks with haechi over standard input and output.
# In: one line of JSON (rows, names of the columns, params), rows float32 labels, rows * columns float32 values,
# NaN for unknown. Out: a line of JSON a thing to tell: {"done", "rounds", "loss" on these rows} after each tree; at
# last {"bytes"} and then the model, so many bytes of CatBoost's JSON; or {"error"}.
import sys

sys.path = [folder for folder in sys.path if folder]  # nothing from the folder that it was called in

import json
import os
import re
import tempfile

OWN = {"allow_writing_files": False, "logging_level": "Silent"}


def tell(**words):
    sys.stdout.buffer.write(json.dumps(words).encode() + b"\n")
    sys.stdout.buffer.flush()


def value(text):
    """A parameter as CatBoost wants it: a number, a truth, a list, or else a word."""
    try:
        return json.loads(text)
    except ValueError:
        return {"True": True, "False": False}.get(text, text)


def fill(array):
    """Reads the whole array from standard input."""
    view = memoryview(array.reshape(-1)).cast("B")
    while len(view) > 0:
        got = sys.stdin.buffer.readinto(view)
        if not got:
            raise EOFError("the data ended early")
        view = view[got:]


class Progress:
    def __init__(self, rounds):
        self.rounds = rounds

    def after_iteration(self, info):
        losses = (info.metrics or {}).get("learn", {}).get("Logloss", [None])
        tell(done=info.iteration, rounds=self.rounds, loss=losses[-1])
        return True


def read_pool(catboost, numpy, names, rows):
    labels = numpy.empty(rows, numpy.float32)
    fill(labels)
    values = numpy.empty((rows, len(names)), numpy.float32)
    fill(values)
    return catboost.Pool(values, labels, feature_names=names)


def save(model):
    """The model's JSON without what differs between two trainings of the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.json")
        model.save_model(path, format="json")
        with open(path, encoding="utf-8") as file:
            whole = json.load(file)
    for name in ("model_guid", "train_finish_time"):
        whole["model_info"].pop(name, None)
    return json.dumps(whole, separators=(",", ":")).encode()


def train():
    job = json.loads(sys.stdin.buffer.readline())
    import catboost
    import numpy

    params = {name: value(text) for name, text in job["params"].items()} | OWN
    pool = read_pool(catboost, numpy, job["names"], job["rows"])
    model = catboost.CatBoost(params)
    model.fit(pool, callbacks=[Progress(params["iterations"])])
    return save(model)


try:
    whole = train()
    tell(bytes=len(whole))
    sys.stdout.buffer.write(whole)
    sys.stdout.buffer.flush()
except ModuleNotFoundError as error:
    tell(missing=error.name)
    sys.exit(1)
except Exception as error:
    words = re.sub(r"^\S+\.(cpp|h):\d+: ", "", str(error))  # where in CatBoost's sources it arose
    tell(error=" ".join(words.split())[:500] or type(error).__name__)
    sys.exit(1)
