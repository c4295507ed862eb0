#!/usr/bin/env python3
"""haechi data download, against servers on loopback that do as Kaggle's API and its storage do: redirects, wrong keys,
dropped connections, ranges, busy answers, damaged archives. Speaks TAP."""

import base64
import fcntl
import hashlib
import http.server
import io
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import zipfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap  # noqa: E402

HAECHI = os.environ["HAECHI"]
USER, KEY = "kim", "0123456789abcdef0123456789abcdef"
BASIC = "Basic " + base64.b64encode(f"{USER}:{KEY}".encode()).decode()
DATASET = "/api/v1/datasets/download/kartik2112/fraud-detection"
FILES = ("fraudTrain.csv", "fraudTest.csv")
PIECE = 20000
TABLES = {}  # the files' bytes


def pack(files=None, **attributes):
    """A ZIP archive of files by their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (files or TABLES).items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = attributes.get("mode", 0o100644) << 16
            archive.writestr(info, data)
    return out.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fail(self, status, message, **headers):
        self.answer(status, json.dumps({"code": status, "message": message}).encode(),
                    Content_Type="application/json", **headers)

    def do_GET(self):
        world = self.server.world
        seen = {"path": self.path, "auth": self.headers["Authorization"], "range": self.headers["Range"],
                "if_range": self.headers["If-Range"], "agent": self.headers["User-Agent"]}
        world.seen[self.server.role].append(seen)
        (self.api if self.server.role == "api" else self.storage)(world)

    def api(self, world):
        if world.busy:
            status, headers = world.busy.pop(0)
            return self.fail(status, "Too many requests" if status == 429 else "try later", **headers)
        if self.headers["Authorization"] != BASIC:
            return self.fail(401, "Unauthorized access with " + str(self.headers["Authorization"]))
        if world.forbidden:
            return self.fail(403, "Permission 'datasets.get' was denied")
        if self.path != DATASET:
            return self.fail(404, "Not found")
        return self.answer(302, b"moved", Location=world.location or f"{world.storage_url}/bundle.zip?X-Signature=s3cr3t")

    def storage(self, world):
        data, etag = world.archive, world.etag
        start = 0
        headers = {"ETag": etag} if etag else {}
        wanted = self.headers["Range"]
        if wanted and world.ranges and self.headers["If-Range"] in (None, etag):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                return self.answer(416, Content_Range=f"bytes */{len(data)}", **headers)
        rest = data[start:]
        if start:
            headers["Content_Range"] = world.range_of(start, len(data))
        length = len(rest) + world.longer
        cut = world.cuts.pop(0) if world.cuts else None
        self.send_response(206 if start else 200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(rest if cut is None else rest[:cut])
        self.wfile.flush()
        if cut is not None or world.longer:
            self.close_connection = True
            self.connection.shutdown(2)
        return None


class World:
    """Both servers, and what they are to do."""

    def __init__(self, archive=None, context=None):
        self.archive = archive if archive is not None else pack()
        self.etag = '"' + hashlib.md5(self.archive).hexdigest() + '"'
        self.ranges, self.forbidden, self.longer, self.location = True, False, 0, None
        self.busy, self.cuts = [], []
        self.range_of = lambda start, size: f"bytes {start}-{size - 1}/{size}"
        self.seen = {"api": [], "storage": []}
        self.servers = []
        for role in self.seen:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            server.role, server.world, server.daemon_threads = role, self, True
            server.handle_error = lambda *_: None  # it cuts connections itself
            if context:
                server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.servers.append(server)
        scheme = "https" if context else "http"
        self.url, self.storage_url = (f"{scheme}://127.0.0.1:{server.server_port}" for server in self.servers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def download(self, out, *words, env=None, key=KEY):
        """Status, output and what it said; the key may never be in either."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KAGGLE_")}
        environment.update({"KAGGLE_USERNAME": USER, "KAGGLE_KEY": key} if env is None else env)
        done = subprocess.run([HAECHI, "data", "download", "--out", out, "--url", self.url + "/api/v1", *words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=250, env=environment, check=False)
        for secret in (KEY, key, BASIC.split()[1], "s3cr3t"):
            assert secret not in done.stdout + done.stderr, "a secret was told"
        for requests in self.seen.values():
            assert not any(KEY in request["path"] for request in requests)
        assert not any(request["auth"] for request in self.seen["storage"]), "the storage was told the key"
        return done.returncode, done.stdout, done.stderr

    def good(self, out, *words, **more):
        status, said, err = self.download(out, *words, **more)
        assert status == 0, err
        assert read(out) == TABLES, "other bytes"
        return said, err

    def refused(self, out, part, **more):
        """It fails in one line that holds `part`, and leaves no file that could be taken for the data."""
        status, said, err = self.download(out, **more)
        assert status == 1 and said == "", (status, said)
        assert part in err and err.count("haechi data download: ") == 1, err
        assert not any((pathlib.Path(out) / name).exists() for name in FILES)
        assert not list(pathlib.Path(out).glob("*.csv.part"))
        return err


def read(out):
    return {name: (pathlib.Path(out) / name).read_bytes() for name in FILES}


def test_download():
    with World() as world:
        said, err = world.good("plain")
        assert err == "" and "plain/fraudTrain.csv: " in said, (said, err)
        assert sorted(os.listdir("plain")) == sorted(FILES)
        api, = world.seen["api"]
        assert api["path"] == DATASET and api["agent"].startswith("haechi/")
        said, _ = world.good("plain")
        assert "there already" in said and len(world.seen["api"]) == 1
        told = json.loads(world.good("plain", "--force", "--json", "--keep")[0])
        assert told["already"] is False and [file["rows"] for file in told["files"]] == [
            data.count(b"\n") - 1 for data in (TABLES[name] for name in FILES)]
        assert (pathlib.Path("plain") / "fraud-detection.zip").read_bytes() == world.archive


def test_key_file():
    with World() as world, tempfile.TemporaryDirectory() as home:
        folder = pathlib.Path(home, ".kaggle")
        file = folder / "kaggle.json"
        none = {"HOME": home}
        err = world.refused("keyed", "no such file", env=none)
        assert "kaggle.com/settings" in err
        folder.mkdir()
        file.write_text(json.dumps({"username": USER, "key": KEY}))
        file.chmod(0o600)
        assert world.good("keyed", env=none)[1] == ""
        file.chmod(0o644)
        assert "chmod 600" in world.good("keyed", "--force", env=none)[1]
        other = pathlib.Path(home, "other")
        file.chmod(0o600)
        shutil.move(folder, other)
        world.good("keyed", "--force", env={"HOME": home, "KAGGLE_CONFIG_DIR": str(other)})
        for text in ("", "[]", '{"username":"kim"}', '{"username":1,"key":2}', '{"username":"a:b","key":"c"}',
                     '{"username":"kim","key":"two words"}', "x" * 5000):
            (other / "kaggle.json").write_text(text)
            world.refused("bad", "Kaggle's key", env={"KAGGLE_CONFIG_DIR": str(other)})
        world.refused("bad", "go together", env={"KAGGLE_USERNAME": USER, "HOME": home})
        assert all(request["auth"] == BASIC for request in world.seen["api"])


def test_wrong_key():
    """What a server says again of what it was told is not shown."""
    with World() as world:
        world.refused("wrong", "401", key="another0another0another0")
        world.forbidden = True
        err = world.refused("wrong", "403")
        assert "Permission 'datasets.get' was denied" in err, err
        assert world.seen["storage"] == [] and len(world.seen["api"]) == 2, "it was asked again"


def test_dropped():
    """Cut off again and again, it goes on where it was; nothing is got twice."""
    with World() as world:
        world.cuts = [PIECE, PIECE, 0, PIECE]
        _, err = world.good("dropped")
        storage = world.seen["storage"]
        assert [request["range"] for request in storage] == [None] + [
            f"bytes={at}-" for at in (PIECE, 2 * PIECE, 2 * PIECE, 3 * PIECE)], storage
        assert all(request["if_range"] == world.etag for request in storage[1:])
        assert err.count("trying again") == 4, err
        assert len(world.seen["api"]) == 5, "an address that expires was used again"


def test_stopped():
    """Another call, of another process, goes on too; and an archive that is whole is not asked for again."""
    with World() as world:
        world.cuts = [PIECE] + [0] * 100
        process = subprocess.Popen([HAECHI, "data", "download", "--out", "stopped", "--url", world.url + "/api/v1"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True, env=dict(os.environ, KAGGLE_USERNAME=USER, KAGGLE_KEY=KEY))
        process.stderr.readline()
        process.terminate()
        assert process.wait(timeout=30) == 143
        process.stderr.close()
        world.cuts = []
        world.good("stopped")
        assert world.seen["storage"][-1]["range"] == f"bytes={PIECE}-"


def test_two_at_once():
    """The second does not write into what the first does."""
    with World() as world:
        world.cuts = [PIECE] + [0] * 100
        first = subprocess.Popen([HAECHI, "data", "download", "--out", "both", "--url", world.url + "/api/v1"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                 env=dict(os.environ, KAGGLE_USERNAME=USER, KAGGLE_KEY=KEY))
        first.stderr.readline()
        world.refused("both", "another download of it is under way")
        first.kill()
        first.communicate()
        world.cuts = []
        world.good("both")
        assert world.seen["storage"][-1]["range"] == f"bytes={PIECE}-"


def test_one_unpacks():
    """Nor does the second unpack what the first is unpacking, or put in its place what it has half of."""
    with World() as world:
        world.good("unpacking", "--keep")
        for name in FILES:
            (pathlib.Path("unpacking") / name).unlink()
        lock = pathlib.Path("unpacking") / "fraud-detection.lock"
        with lock.open("w", encoding="ascii") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            world.refused("unpacking", "another download of it is under way")
            assert lock.exists()
        world.good("unpacking") # a lock that nobody holds is in nobody's way
        assert sorted(os.listdir("unpacking")) == sorted(FILES)


def test_changed():
    """What has another ETag is another archive: it is got from its beginning."""
    with World() as world:
        for ranges in (True, False):
            out = f"changed{ranges}"
            os.mkdir(out)
            pathlib.Path(out, "fraud-detection.zip.part").write_bytes(b"x" * 100)
            pathlib.Path(out, "fraud-detection.zip.part.etag").write_text('"of before"')
            world.ranges = ranges
            world.good(out)
            assert world.seen["storage"][-1]["range"] == "bytes=100-"
        for tag in ('W/"weak"', "", '"' + "x" * 300 + '"', '"a"\r\nX-Evil: 1'):
            pathlib.Path(out, "fraud-detection.zip.part").write_bytes(b"x" * 100)
            pathlib.Path(out, "fraud-detection.zip.part.etag").write_text(tag)
            world.good(out, "--force")
            assert world.seen["storage"][-1]["range"] is None
        world.etag = None
        world.cuts = [PIECE]
        world.good("untagged")
        assert world.seen["storage"][-1]["range"] is None, "it went on with what may be another archive"


def test_no_ranges():
    """A server that has none sends all again, and that is all that is kept."""
    with World() as world:
        world.ranges = False
        world.cuts = [PIECE, PIECE]
        world.good("rangeless")


def test_whole_part():
    """All was there but for its name: the server has no more, and it is taken."""
    with World() as world:
        os.mkdir("whole")
        pathlib.Path("whole/fraud-detection.zip.part").write_bytes(world.archive)
        pathlib.Path("whole/fraud-detection.zip.part.etag").write_text(world.etag)
        world.good("whole")
        assert len(world.seen["storage"]) == 1
        os.mkdir("longer")
        pathlib.Path("longer/fraud-detection.zip.part").write_bytes(world.archive + b"x")
        pathlib.Path("longer/fraud-detection.zip.part.etag").write_text(world.etag)
        world.good("longer")


def test_lying_range():
    """A piece of another place, or of another size, is not put into the file."""
    for lie in (lambda start, size: f"bytes 0-{size - 1}/{size}", lambda start, size: f"bytes {start}-{size - 1}/{size + 5}",
                lambda start, size: "bytes nonsense", lambda start, size: f"bytes {start}-{size - 1}/*"):
        with World() as world:
            world.cuts = [PIECE]
            world.range_of = lie
            world.good(f"lying{id(lie)}")


def test_busy():
    with World() as world:
        world.busy = [(429, {"Retry_After": "1"}), (503, {}), (500, {})]
        _, err = world.good("busy")
        assert "answered 429: Too many requests; trying again in 1 s" in err, err


def test_always_busy():
    with World() as world:
        world.busy = [(502, {"Retry_After": "1"})] * 100
        world.refused("always-busy", "answered 502")
        assert len(world.seen["api"]) == 6


def test_wrong_size():
    """A server that promises more than it has, for ever: an end all the same."""
    with World() as world:
        world.longer = 10
        world.ranges = False
        world.refused("long", "Kaggle, kartik2112/fraud-detection: ")


def test_redirects():
    with World() as world:
        world.location = "http://198.51.100.1/bundle.zip"
        world.refused("led", "without TLS")
        world.location = "file:///etc/passwd"
        world.refused("led", "without TLS")
        world.location = world.url + DATASET
        world.refused("led", "redirects too often")
        assert world.seen["storage"] == []
    status = subprocess.run([HAECHI, "data", "download", "--out", "led", "--url", "http://198.51.100.1/api/v1"],
                            stderr=subprocess.PIPE, text=True, check=False,
                            env=dict(os.environ, KAGGLE_USERNAME=USER, KAGGLE_KEY=KEY))
    assert status.returncode == 1 and "not https" in status.stderr, status.stderr


def damaged():
    """Name: (archive, part of what is said)."""
    good = pack()
    train, test = TABLES[FILES[0]], TABLES[FILES[1]]
    flipped = bytearray(good)
    flipped[len(good) // 3] ^= 0x40
    link = pack({FILES[0]: b"/etc/passwd", FILES[1]: test}, mode=0o120777)
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr(FILES[0], train)
        archive.writestr("other.csv12345", train)
        archive.writestr(FILES[1], test)
    same = twice.getvalue().replace(b"other.csv12345", FILES[0].encode())
    smaller = good.replace(len(test).to_bytes(4, "little"), (len(test) - 7).to_bytes(4, "little"))
    assert smaller != good and len(FILES[0]) == len("other.csv12345")
    return {
        "flipped": (bytes(flipped), "damaged"),
        "cut": (good[:-30], "damaged"),
        "no-archive": (b"<html>sign in</html>" * 100, "damaged"),
        "without-test": (pack({FILES[0]: train}), "it is not in the archive"),
        "outside": (pack({"../" + FILES[0]: train, FILES[1]: test}), "it is not in the archive"),
        "link": (link, "no plain file"),
        "twice": (same, "it is there twice"),
        "wrong-size": (smaller, "damaged"),
        "bomb": (pack({FILES[0]: b"0" * 30_000_000, FILES[1]: test}), "too tightly"),
        "many": (pack({**{f"f{i}": b"" for i in range(1001)}, **TABLES}), "too many entries"),
        "other-data": (pack({FILES[0]: b"a,b\n1,2\n", FILES[1]: test}), FILES[0]),
        "bad-rows": (pack({FILES[0]: train.splitlines(True)[0] + b"1,2,3\n" * 500, FILES[1]: test}), "rows are bad"),
        "empty": (b"", "the archive is empty"),
    }


def test_damaged():
    """Nothing of it is left, and a good one is got by the next call."""
    for name, (archive, part) in damaged().items():
        with World(archive) as world:
            err = world.refused(name, part)
            assert not pathlib.Path(FILES[0]).exists(), name
        with World() as world:
            if "damaged" in err:
                world.good(name)


def test_tls():
    """Certificates are checked: one that nobody vouches for is refused."""
    if not shutil.which("openssl"):
        return "SKIP no openssl"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out", "tls.pem",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                   stderr=subprocess.DEVNULL, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("tls.pem", "tls.key")
    with World(context=context) as world:
        world.refused("tls", "certificate")
        assert world.seen["api"] == []
        world.good("tls", "--ca-file", "tls.pem")
        world.location = world.storage_url.replace("https:", "http:") + "/bundle.zip"
        shutil.rmtree("tls")
        status, _, err = world.download("tls", "--ca-file", "tls.pem")
        assert status == 1 and "without TLS" in err, err
    return None


def test_full_disk():
    """What cannot be written is told, and is no archive."""
    with World() as world:
        env = dict(os.environ, KAGGLE_USERNAME=USER, KAGGLE_KEY=KEY)
        done = subprocess.run(["sh", "-c", f"ulimit -f 20; exec {HAECHI} data download --out full --url {world.url}/api/v1"],
                              stderr=subprocess.PIPE, text=True, env=env, check=False)
        assert done.returncode == 1 and "File too large" in done.stderr, done.stderr
        assert os.listdir("full") and not pathlib.Path("full/fraud-detection.zip").exists()
        world.good("full")


def test_pipeline():
    """get_kaggle_data is these two steps; the address of tests is no part of it."""
    told = json.loads(subprocess.run([HAECHI, "pipeline", "list", "--json"], stdout=subprocess.PIPE, check=True).stdout)
    steps, = (p["steps"] for p in told["pipelines"] if p["name"] == "get_kaggle_data")
    assert [step["words"][:2] for step in steps] == [["data", "download"], ["data", "check"]]
    with World() as world:
        os.mkdir("haechi-data")
        pathlib.Path("haechi-data/pipelines.conf").write_text(
            "[get_kaggle_data]\ndescription=d\nargument.out=got\n"
            f"[get_kaggle_data/download]\nrun=data download --out ${{out}} --url {world.url}/api/v1\n"
            "[get_kaggle_data/check]\nrun=data check --strict ${out}/fraudTrain.csv ${out}/fraudTest.csv\n"
            "after=download\n")
        done = subprocess.run([HAECHI, "pipeline", "run", "get_kaggle_data", "--json"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False,
                              env=dict(os.environ, KAGGLE_USERNAME=USER, KAGGLE_KEY=KEY))
        assert done.returncode == 0, done.stderr
        assert read("got") == TABLES
        for file in pathlib.Path("haechi-data/pipelines").rglob("*"):
            assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


TESTS = [test_download, test_key_file, test_wrong_key, test_dropped, test_stopped, test_two_at_once, test_one_unpacks,
         test_changed, test_no_ranges,
         test_whole_part, test_lying_range, test_busy, test_always_busy, test_wrong_size, test_redirects, test_damaged,
         test_tls, test_full_disk, test_pipeline]


def main():
    with tempfile.TemporaryDirectory() as top:
        os.chdir(top)
        subprocess.run([HAECHI, "data", "generate", "--out", "made", "--cards", "40", "--days", "60", "--seed", "5"],
                       stdout=subprocess.DEVNULL, check=True)
        for name in FILES:
            TABLES[name] = pathlib.Path("made", name).read_bytes()
        status = tap.run("download", TESTS)
        os.chdir("/")
    return status


if __name__ == "__main__":
    sys.exit(main())
