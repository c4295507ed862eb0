"""A real Neo4j for a test: started by tools/services.py in a folder of its own and stopped at the end,
where its jars are in the cache already. With HAECHI_REQUIRE_SERVICES=1 they are fetched, and it is a
failure if that cannot be. HAECHI_TEST_SERVICES_DIR names the run folder of a server that is there for
tests: it is used and left running, and what is in its database is lost."""

import base64
import http.client
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

SERVICES = os.path.abspath("tools/services.py")
REQUIRED = os.environ.get("HAECHI_REQUIRE_SERVICES") == "1"
LENT = os.environ.get("HAECHI_TEST_SERVICES_DIR")


class Missing(Exception):
    """Why there is no Neo4j here, in one line."""


def jars_are_there():
    cache = os.environ.get("HAECHI_SERVICES_CACHE") or pathlib.Path(
        os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "haechi" / "services"
    return (pathlib.Path(cache) / "neo4j").is_dir()


class Neo4j:
    """The server, and questions to it."""

    def __init__(self):
        if not LENT and not REQUIRED and not jars_are_there():
            raise Missing("Neo4j's jars are not in the cache (tools/services.py fetch neo4j)")
        self.folder = LENT or tempfile.mkdtemp(prefix="haechi-neo4j-")
        self.env = {**os.environ, "HAECHI_SERVICES_DIR": self.folder, "HAECHI_SERVICES_PORTS": "auto"}
        self.start()

    def call(self, *words):
        done = subprocess.run([sys.executable, "-B", SERVICES, *words, "neo4j"], env=self.env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, timeout=300)
        if done.returncode == 77:
            raise Missing(done.stdout.strip())
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self):
        self.call("start")
        where = dict(line.split("=", 1) for line in self.call("env").splitlines())
        where = {name: shlex.split(value)[0] for name, value in where.items()}
        self.url, self.tls_url = where["HAECHI_NEO4J"], where["HAECHI_NEO4J_TLS"]
        self.password_file, self.ca = where["HAECHI_NEO4J_PASSWORD_FILE"], where["HAECHI_NEO4J_CA"]
        login = f"neo4j:{pathlib.Path(self.password_file).read_text(encoding='utf-8').strip()}"
        self.login = "Basic " + base64.b64encode(login.encode()).decode()

    def end(self):
        if not LENT:
            self.call("stop")
            shutil.rmtree(self.folder)

    @property
    def words(self):
        """The options that a command is told of it with."""
        return ["--neo4j", self.url, "--neo4j-password-file", self.password_file]

    def rows(self, statement, **parameters):
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=120)
        connection.request("POST", "/db/neo4j/query/v2",
                           json.dumps({"statement": statement, "parameters": parameters}),
                           {"Authorization": self.login, "Content-Type": "application/json"})
        answer = json.load(connection.getresponse())
        connection.close()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]["values"]

    def value(self, statement, **parameters):
        return self.rows(statement, **parameters)[0][0]

    def edges(self):
        return self.value("MATCH ()-[t:TRANSACTION]->() RETURN count(t)")

    def wipe(self):
        """Deletes all but the constraints, by hand where there are many."""
        while self.value("MATCH ()-[t]->() WITH t LIMIT 20000 DELETE t RETURN count(t)"):
            pass
        self.rows("MATCH (n) DELETE n")


def skip(prefix, why):
    """Says in one line what is not tested; where servers are required, that is a failure."""
    if REQUIRED:
        print(f"1..1\nnot ok 1 /{prefix}/server # {why}")
    else:
        print(f"1..0 # SKIP {why}")
    return 1 if REQUIRED else 0


def until(ready, seconds=60):
    """Waits until it is so."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
