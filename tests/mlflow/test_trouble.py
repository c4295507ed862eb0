#!/usr/bin/env python3
"""What is left of a training run and of a model to load when MLflow is away, is slow, refuses, or lies: a
warning of one line, a record that is kept, and no secret told. Speaks TAP."""

import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from misbehaving import Liar  # noqa: E402
from world import Service, World  # noqa: E402

API = "/api/2.0/mlflow/"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
PASSWORD, TOKEN = "sesame-open-1f2e", "token-9d8c7b6a"
MODEL = "mlflow:xgboost@champion"


def one_warning(err, *parts):
    assert err.count("\n") == 1 and err.startswith("warning: not recorded: "), err
    assert all(part in err for part in parts), (err, parts)


def away():
    """The address of nobody."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def kept(world, told):
    assert world.waiting() == [told["version"] + "@xgboost"], world.waiting()
    entry = world.outbox / world.waiting()[0]
    files = {path.name for path in (world.top / "m").iterdir()}
    assert {path.name for path in entry.iterdir()} == files | {".record.json"}
    assert (entry / "xgboost.json").read_bytes() == (world.top / "m" / "xgboost.json").read_bytes()


def test_without_a_server_named_nothing_is_done(world):
    _, err = world.train()
    assert err == "" and world.waiting() == []
    assert "MLFLOW_TRACKING_URI" in world.refused("mlflow", "send")
    assert "MLFLOW_TRACKING_URI" in world.refused("replay", "d/fraudTest.csv", "--model", MODEL)


def test_away(world):
    told, err = world.train(MLFLOW_TRACKING_URI=away())
    one_warning(err, "Failed to connect", "1 wait in")
    kept(world, told)
    assert "1 not sent" in world.refused("mlflow", "send", MLFLOW_TRACKING_URI=away())
    kept(world, told)
    line = world.refused("replay", "d/fraudTest.csv", "--model", MODEL, MLFLOW_TRACKING_URI=away())
    assert "finding the model xgboost, alias champion: Failed to connect" in line


def test_a_silent_server_costs_a_bounded_time(world):
    with Liar({"/": lambda handler: time.sleep(60)}) as liar:
        began = time.monotonic()
        told, err = world.train(MLFLOW_TRACKING_URI=liar.url)
        assert time.monotonic() - began < 40
        one_warning(err, "1 wait in")
        kept(world, told)


def test_a_record_is_kept_in_the_experiment_it_was_made_for(world):
    world.train(MLFLOW_TRACKING_URI=away(), MLFLOW_EXPERIMENT_NAME='night "shift"')
    entry = world.outbox / world.waiting()[0] / ".record.json"
    assert json.loads(entry.read_text())["experiment"] == 'night "shift"'
    with Liar({}) as liar:
        world.refused("mlflow", "send", MLFLOW_TRACKING_URI=liar.url)
        assert liar.asked[0][1] == API + "experiments/get-by-name?experiment_name=night%20%22shift%22"


def test_the_outbox_is_bounded(world):
    world.train(MLFLOW_TRACKING_URI=away())
    name = world.waiting()[0]
    for number in range(70):
        shutil.copytree(world.outbox / name, world.outbox / f"20200101T000000Z-{number:08}@old")
    told, err = world.train(rounds=4, MLFLOW_TRACKING_URI=away())
    names = world.waiting()
    assert len(names) == 64 and told["version"] + "@xgboost" in names and name in names, names
    assert err.count("was dropped") == 8 and "00000008@old" == names[0][-12:], (err, names[0])


def echo(handler):
    said = {"error_code": "PERMISSION_DENIED", "message": "no, " + (handler.headers.get("Authorization") or "")
            + f" {PASSWORD} {TOKEN}\n\x1b[31m"}
    handler.reply(handler.server.owner.status, json.dumps(said).encode())


def test_no_secret_is_told(world):
    user = {"MLFLOW_TRACKING_USERNAME": "kim", "MLFLOW_TRACKING_PASSWORD": PASSWORD}
    token = {"MLFLOW_TRACKING_TOKEN": TOKEN}
    for status in (401, 403, 400, 500):
        for env, hidden in ((user, [PASSWORD, "a2ltOn"]), (token, [TOKEN])):
            world.forget()
            with Liar({"/": echo}) as liar:
                liar.status = status
                told, err = world.train(MLFLOW_TRACKING_URI=liar.url, **env)
                one_warning(err, f"answered {status}")
                header = liar.asked[0][2]["Authorization"]
                assert header.startswith("Basic a2ltOn") if env is user else header == f"Bearer {TOKEN}"
                line = world.refused("replay", "d/fraudTest.csv", "--model", MODEL, MLFLOW_TRACKING_URI=liar.url,
                                     **env)
                assert not any(secret in err + line for secret in hidden), (err, line)
                assert "\x1b" not in err + line
                assert not any(secret in path for secret in hidden for _, path, _ in liar.asked)
                if status in (401, 403):
                    assert "MLFLOW_TRACKING_" in err and len(liar.asked) == 2, err
            kept(world, told)
            for path in world.outbox.rglob("*"):
                assert not path.is_file() or not any(secret.encode() in path.read_bytes() for secret in hidden)


def test_settings_that_will_not_do(world):
    for env, part in (
            ({"MLFLOW_TRACKING_URI": f"http://kim:{PASSWORD}@127.0.0.1:1"}, "MLFLOW_TRACKING_USERNAME"),
            ({"MLFLOW_TRACKING_URI": "databricks"}, "http://127.0.0.1:5000"),
            ({"MLFLOW_TRACKING_URI": "file:///tmp/x"}, "http://127.0.0.1:5000"),
            ({"MLFLOW_TRACKING_INSECURE_TLS": "true"}, "MLFLOW_TRACKING_SERVER_CERT_PATH"),
            ({"MLFLOW_TRACKING_USERNAME": "kim"}, "one is missing"),
            ({"MLFLOW_TRACKING_PASSWORD": PASSWORD}, "one is missing"),
            ({"MLFLOW_TRACKING_TOKEN": TOKEN + "\r\nX: y"}, "one line each"),
            ({"MLFLOW_TRACKING_SERVER_CERT_PATH": "/nowhere/ca.pem"}, "names no file")):
        env = {"MLFLOW_TRACKING_URI": away(), **env}
        world.forget()
        told, err = world.train(**env)
        one_warning(err, part, "1 wait in")
        assert PASSWORD not in err and TOKEN not in err, err
        kept(world, told)
        assert part in world.refused("replay", "d/fraudTest.csv", "--model", MODEL, **env)
    for word in ("mlflow:", "mlflow:xgboost", "mlflow:@champion", "mlflow:../x@y", "mlflow:x@../y", "mlflow:x/1a",
                 "mlflow:x/", "mlflow:x/1/2"):
        line = world.refused("replay", "d/fraudTest.csv", "--model", word, MLFLOW_TRACKING_URI=away())
        assert "mlflow:NAME@ALIAS" in line, line
    for words in (["xgboost", "1"], ["xgboost@champion", "one"], ["x@y/z", "1"], ["xgboost@champion", ""]):
        assert "wants NAME@ALIAS" in world.refused("mlflow", "alias", *words, status=2, MLFLOW_TRACKING_URI=away())


def test_certificates_are_checked(world):
    if not shutil.which("openssl"):
        return "SKIP openssl is not there"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    for name in ("right", "wrong"):
        subprocess.run([*make, "-keyout", f"{name}.key", "-out", f"{name}.crt"], cwd=world.top, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(world.top / "right.crt", world.top / "right.key")
    with Liar({}, context) as liar:
        for certificates in (None, "wrong.crt"):
            env = {"MLFLOW_TRACKING_SERVER_CERT_PATH": certificates} if certificates else {}
            _, err = world.train(MLFLOW_TRACKING_URI=liar.url, MLFLOW_TRACKING_TOKEN=TOKEN, **env)
            one_warning(err, "certificate")
            assert liar.asked == []
            world.forget()
        _, err = world.train(MLFLOW_TRACKING_URI=liar.url, MLFLOW_TRACKING_SERVER_CERT_PATH="right.crt")
        one_warning(err, "answered 404")
        assert len(liar.asked) == 1
    return None


def says(value):
    return 200, value if isinstance(value, bytes) else json.dumps(value).encode()


def endless(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    block = b" " * 65536
    while True:
        handler.wfile.write(b"10000\r\n" + block + b"\r\n")


EXPERIMENT = {"experiment": {"experiment_id": "7"}}
RUN = {"info": {"run_id": "abc", "artifact_uri": "mlflow-artifacts:/7/abc/artifacts", "status": "RUNNING"}}
NOT_ANSWERS = [b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100000, b'{"a":' * 1000, b"<html>", b'"x"']


def answers_of_recording(**change):
    return {API + "experiments/get-by-name": says(EXPERIMENT), API + "runs/search": says({}),
            API + "runs/create": says({"run": RUN}), API + "runs/log-batch": says({}), PROXY: says({}),
            API + "registered-models/": says({}), API + "model-versions/search": says({}),
            API + "model-versions/create": says({"model_version": {"version": "1", "run_id": "abc"}}),
            API + "runs/update": says({})} | {API + key.replace("__", "-").replace("_", "/"): value
                                             for key, value in change.items()}


def test_lies_about_a_record(world):
    world.train(MLFLOW_TRACKING_URI=away())
    waiting = world.waiting()
    info = RUN["info"]
    lies = [("experiments_get__by__name", says(lie)) for lie in (
        *NOT_ANSWERS, {}, {"experiment": 1}, {"experiment": {"experiment_id": "../1"}},
        {"experiment": {"experiment_id": "7", "lifecycle_stage": "deleted"}}, {"experiment": {"experiment_id": 5}})]
    lies += [("runs_search", says(lie)) for lie in (
        *NOT_ANSWERS, {"runs": 5}, {"runs": [5]}, {"runs": [{"info": {"run_id": "a/b"}}]})]
    lies += [("runs_create", says(lie)) for lie in (
        *NOT_ANSWERS, {}, {"run": {"info": {**info, "run_id": ""}}}, {"run": {"info": {**info, "run_id": "x" * 65}}},
        *({"run": {"info": {**info, "artifact_uri": uri}}} for uri in (
            "", 7, "s3://bucket/x", "file:///etc", "mlflow-artifacts://other:80/x", "mlflow-artifacts:/../../x",
            "mlflow-artifacts:/a\nb", "mlflow-artifacts:/" + "x" * 2000)))]
    lies += [("model-versions_create", says(lie)) for lie in (
        {}, {"model_version": {}}, {"model_version": {"version": "1/.."}}, {"model_version": {"version": "9" * 30}})]
    lies += [("runs_log__batch", endless), ("runs_search", says(b" " * (5 << 20)))]
    lies += [("runs_log__batch", (302, b"")), ("runs_log__batch", (204, b"")), ("runs_log__batch", (999, b"{}"))]
    for where, lie in lies:
        with Liar(answers_of_recording(**{where: lie})) as liar:
            line = world.refused("mlflow", "send", MLFLOW_TRACKING_URI=liar.url)
            assert line.startswith("haechi mlflow send: 1 not sent: MLflow at ") and len(line) < 1000, line
        assert world.waiting() == waiting, (where, lie)
    with Liar(answers_of_recording()) as liar:
        out, _ = world.good("mlflow", "send", MLFLOW_TRACKING_URI=liar.url)
        assert "run abc, version 1 of the model xgboost" in out
    assert world.waiting() == []


VERSION = {"model_version": {"version": "3", "run_id": "abc"}}


def answers_of_loading(world, change):
    files = {path.name: path.read_bytes() for path in (world.top / "m").iterdir()}
    listed = {"files": [{"path": name, "is_dir": False, "file_size": len(data)} for name, data in files.items()]}
    answers = {API + "registered-models/alias": says(VERSION), PROXY + "?": says(listed),
               API + "model-versions/get-download-uri": says({"artifact_uri": "mlflow-artifacts:/7/abc/artifacts/model"})}
    answers |= {f"{PROXY}/7/abc/artifacts/model/{name}": (200, data) for name, data in files.items()}
    return answers | change


def test_lies_about_a_model(world):
    words = ["replay", "d/fraudTest.csv", "--model", MODEL]
    at = f"{PROXY}/7/abc/artifacts/model/"
    alias, place, listing = API + "registered-models/alias", API + "model-versions/get-download-uri", PROXY + "?"
    member = (world.top / "m" / "xgboost.json").read_bytes()
    lies = [(path, says(lie)) for path in (alias, place, listing) for lie in NOT_ANSWERS]
    lies += [(alias, says({"model_version": {"version": version, "run_id": run}}))
             for version, run in (("../3", "abc"), ("3", "../abc"), ("3", "/etc"), ("", "abc"), ("3", "."), (3, "abc"))]
    lies += [(place, says({"artifact_uri": uri})) for uri in ("", "file:///etc", "s3://b/x", "mlflow-artifacts:/a/../..")]
    lies += [(listing, says({"files": files})) for files in (
        5, [5], [{}], [{"path": "../evil"}], [{"path": "/etc/evil"}], [{"path": ".."}], [{"path": "a/b"}],
        [{"path": "a\nb"}], [{"path": ".hidden"}], [{"path": "x" * 200}], [{"path": f"f{i}"} for i in range(300)], [],
        [{"path": "manifest.json"}, {"path": "manifest.json"}])]
    lies += [(at + "xgboost.json", lie) for lie in (
        (200, member[:-1]), (200, member.replace(b"1", b"2", 1)), (200, b""), (404, b"{}"), (500, b"no"))]
    lies += [(at + "manifest.json", lie) for lie in ((200, b"{}"), (200, b"[" * 100000))]
    for path, lie in lies:
        with Liar(answers_of_loading(world, {path: lie})) as liar:
            line = world.refused(*words, MLFLOW_TRACKING_URI=liar.url)
            assert len(line) < 1000, line
            found = [path for path in world.cache.rglob("*") if path.is_file()] if world.cache.exists() else []
            assert found == [], (path, lie, found)
    assert not list(world.top.rglob("*evil*")) and not pathlib.Path("/etc/evil").exists()
    with Liar(answers_of_loading(world, {})) as liar:
        world.good(*words, MLFLOW_TRACKING_URI=liar.url)
        asked = len(liar.asked)
        world.good(*words, MLFLOW_TRACKING_URI=liar.url)
        assert len(liar.asked) == asked + 1, "it is in the cache"
        kept_file = next(world.cache.rglob("xgboost.json"))
        kept_file.write_bytes(b"{}")
        world.good(*words, MLFLOW_TRACKING_URI=liar.url)
        assert kept_file.read_bytes() == member, "damaged, it is got again"
        liar.answers = {"/": (503, b"")}
        _, err = world.good(*words, MLFLOW_TRACKING_URI=liar.url)
        assert err.count("\n") == 1 and "the version it meant the last time" in err, err
        liar.answers = {"/": (401, b"")}
        world.refused(*words, MLFLOW_TRACKING_URI=liar.url)


def test_trouble_while_it_serves_costs_a_line_each(world):
    """The alias is looked up again every second: whatever is answered, the model stays, and a kind of trouble is
    told once. A silent server does not hold the service up when it ends."""
    with Liar(answers_of_loading(world, {})) as liar, Service(world, MODEL, MLFLOW_TRACKING_URI=liar.url) as service:
        version = service.version
        asked = len(liar.asked)
        service.wait("it looks again", lambda: len(liar.asked) >= asked + 3)
        assert {path for _, path, _ in liar.asked[asked:]} == {liar.asked[asked][1]}, "one question is all"
        gone = 404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "gone"}'
        for number, lie in enumerate(((401, b""), (503, b""), says(b"["), gone)):
            liar.answers = {"/": lie}
            service.wait("it is told", lambda: service.said.count("the model stays as it is") == number + 1)
            asked = len(liar.asked)
            service.wait("it looks again", lambda: len(liar.asked) >= asked + 2)
            assert service.said.count("the model stays as it is") == number + 1, service.said
        liar.answers = {"/": lambda handler: time.sleep(20)}
        asked = len(liar.asked)
        service.wait("it waits for an answer", lambda: len(liar.asked) > asked)
        assert service.version == version
        assert service.end() < 8
        assert "is the champion" not in service.said, service.said


def test_how_often_it_looks_is_a_length_of_time(world):
    for words in ("0", "-1s", "soon", ""):
        line = world.refused("serve", "--model", "m", "--data-dir", "served", "--mlflow-every", words)
        assert "--mlflow-every is a length of time such as 1m, or 'never'" in line, line


def test_it_can_be_looked_up_once(world):
    with Liar(answers_of_loading(world, {})) as liar, Service(
            world, MODEL, "--mlflow-every", "never", MLFLOW_TRACKING_URI=liar.url) as service:
        asked = len(liar.asked)
        time.sleep(2.5)
        assert len(liar.asked) == asked
        service.end()


def test_a_damaged_record_does_not_stand_in_the_way(world):
    world.train(MLFLOW_TRACKING_URI=away())
    name = world.waiting()[0]
    for other, text in (("20200101T000000Z-0@a", "{}"), ("20200101T000000Z-1@a", "["), ("20200101T000000Z-2@a", "")):
        (world.outbox / other).mkdir()
        (world.outbox / other / "manifest.json").write_text(text)
    (world.outbox / "20200101T000000Z-3@a").mkdir()
    (world.outbox / "not-an-entry").write_text("x")
    with Liar(answers_of_recording()) as liar:
        status, out, err = world.run("mlflow", "send", MLFLOW_TRACKING_URI=liar.url)
    assert status == 1 and "run abc" in out and "4 not sent" in err and "manifest.json" in err, (status, out, err)
    assert name not in world.waiting()


TESTS = [
    test_without_a_server_named_nothing_is_done, test_away, test_a_silent_server_costs_a_bounded_time,
    test_a_record_is_kept_in_the_experiment_it_was_made_for, test_the_outbox_is_bounded, test_no_secret_is_told,
    test_settings_that_will_not_do, test_certificates_are_checked, test_lies_about_a_record, test_lies_about_a_model,
    test_a_damaged_record_does_not_stand_in_the_way, test_trouble_while_it_serves_costs_a_line_each,
    test_how_often_it_looks_is_a_length_of_time, test_it_can_be_looked_up_once,
]


def fresh(test):
    def of_a_fresh_world(world):
        world.forget()
        return test(world)

    of_a_fresh_world.__name__ = test.__name__
    return of_a_fresh_world


def main():
    with tempfile.TemporaryDirectory() as top:
        return tap.run("mlflow/trouble", [fresh(test) for test in TESTS], World(top))


if __name__ == "__main__":
    sys.exit(main())
