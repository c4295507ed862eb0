#!/usr/bin/env python3
"""tools/services.py: what it refuses, with a Maven made of a script; and, where its jars and Python's packages
are in the cache already, the real Kafka, Neo4j and MLflow started, asked, crashed, restarted and stopped. With
HAECHI_REQUIRE_SERVICES=1 they are fetched, and it is a failure if that cannot be. Speaks TAP."""

import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import servers  # noqa: E402
import tap  # noqa: E402

SERVICES = os.path.abspath("tools/services.py")
SUMS = pathlib.Path("tools/services/kafka/jars.sha256").read_text().split()
REQUIRED = os.environ.get("HAECHI_REQUIRE_SERVICES") == "1"

# A Maven that does as the file $MACHINE/maven says.
MVN = """#!/bin/sh
echo "$*" >> "$MACHINE/diary"
. "$MACHINE/maven"
"""


class Machine:
    """A folder with a cache and a run folder, and stand-ins for the programs that are needed."""

    def __init__(self, top):
        self.top = pathlib.Path(top)
        self.cache, self.run_folder = self.top / "cache", self.top / "run"
        self.env = {**os.environ, "HAECHI_SERVICES_DIR": str(self.run_folder), "MACHINE": str(self.top),
                    "HAECHI_SERVICES_CACHE": str(self.cache), "PATH": f"{self.top}/bin:{os.environ['PATH']}"}
        for name in [name for name in self.env if re.fullmatch(r"HAECHI_\w+_PORTS?", name)]:
            del self.env[name]
        for name in ("mvn", "java"):
            path = self.top / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(MVN if name == "mvn" else "#!/bin/sh\nexit 9\n")
            path.chmod(0o755)
        self.env["HAECHI_JAVA"] = str(self.top / "bin" / "java")

    def maven(self, script):
        (self.top / "maven").write_text(script)

    def run(self, *words, **more):
        done = subprocess.run([sys.executable, "-B", SERVICES, *words], env={**self.env, **more},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        return done.returncode, done.stdout

    def asked_maven(self):
        return (self.top / "diary").exists()


def expect(got, status, *words):
    assert got[0] == status and all(word in got[1] for word in words), (got, status, words)
    return got[1]


@contextlib.contextmanager
def machine():
    with tempfile.TemporaryDirectory() as top:
        yield Machine(top)


def test_wrong_use(_):
    with machine() as it:
        for words in ([], ["begin"], ["start", "zookeeper"], ["run", "kafka"], ["run", "nothing", "Main"]):
            expect(it.run(*words), 2, "usage")
        expect(it.run("run", "mlflow", "Main"), 2, "mlflow has no Java classes")
        expect(it.run("start", "mlflow", HAECHI_MLFLOW_PORT="0"), 2, "HAECHI_MLFLOW_PORT=0")
        expect(it.run("start", "kafka", HAECHI_KAFKA_PORT="many"), 2, "HAECHI_KAFKA_PORT=many")
        expect(it.run("start", "neo4j", HAECHI_NEO4J_PORT="70000"), 2, "70000")
        expect(it.run("start", "kafka", HAECHI_KAFKA_PORT="9093"), 2, "the same")
        expect(it.run("--help"), 0, "HAECHI_SERVICES_CACHE")
        assert not it.asked_maven()


def test_wrong_jar_in_the_cache_is_refused(_):
    with machine() as it:
        (it.cache / "kafka").mkdir(parents=True)
        (it.cache / "kafka" / SUMS[1]).write_text("not a jar")
        for words in (["fetch", "kafka"], ["start", "kafka"], ["run", "kafka", "Main"]):
            text = expect(it.run(*words, HAECHI_SERVICES_PORTS="auto"), 1, SUMS[1], "SHA-256 differs")
            assert len(text.splitlines()) == 1, text
        assert not it.asked_maven()


def test_wrong_jar_from_maven_is_refused(_):
    with machine() as it:
        it.maven('for word; do case $word in -DoutputDirectory=*) to=${word#*=} ;; esac; done\n'
                 f'mkdir -p "$to" && echo junk > "$to/{SUMS[1]}"\n')
        expect(it.run("fetch", "kafka"), 1, SUMS[1], "SHA-256 differs")
        assert sorted(os.listdir(it.cache)) == ["lock"], os.listdir(it.cache)


def test_missing_jar_from_maven_is_refused(_):
    with machine() as it:
        it.maven('for word; do case $word in -DoutputDirectory=*) mkdir -p "${word#*=}" ;; esac; done\n')
        expect(it.run("fetch", "kafka"), 1, SUMS[1], "brought no")


def test_registry_out_of_reach_has_its_own_status(_):
    with machine() as it:
        it.maven('echo "[ERROR] Could not transfer artifact x: Unknown host registry.example"; exit 1\n')
        expect(it.run("fetch", "kafka"), 77, "cannot reach its registry")
        it.maven('echo "[ERROR] Could not find artifact x"; exit 1\n')
        expect(it.run("fetch", "kafka"), 1, "Could not find artifact x")


def test_without_maven_it_says_what_to_do(_):
    with machine() as it:
        (it.top / "bin" / "mvn").unlink()
        expect(it.run("fetch", "kafka", PATH=str(it.top / "bin")), 77, "mvn", "tools/setup.sh services")


def test_a_port_in_use_is_told(_):
    with machine() as it, socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        expect(it.run("start", "kafka", HAECHI_SERVICES_PORTS="auto", HAECHI_KAFKA_PORT=port), 1,
               f"port {port} is in use")


def test_another_process_is_left_alone(_):
    """Its pid stands in a pid file that an earlier boot, or an earlier process of that pid, left."""
    with machine() as it, subprocess.Popen(["sleep", "60"]) as other:
        try:
            (it.run_folder / "kafka").mkdir(parents=True)
            for text in (f"{other.pid} 1@other\n", f"{other.pid}\n", "", "-1 1@x\n"):
                for verb in ("stop", "kill"):
                    (it.run_folder / "kafka" / "pid").write_text(text)
                    expect(it.run(verb, "kafka"), 0, "is not running")
                expect(it.run("status", "kafka"), 1, "is not running")
            expect(it.run("env", "kafka"), 1, "not running: kafka")
            assert other.poll() is None
        finally:
            other.kill()


class Real:
    """The real services, with their jars of the cache, a run folder of its own and free ports."""

    def __init__(self, top):
        self.top = top
        self.env = {**os.environ, "HAECHI_SERVICES_DIR": top, "HAECHI_SERVICES_PORTS": "auto"}
        for name in [name for name in self.env if re.fullmatch(r"HAECHI_\w+_PORT", name)]:
            del self.env[name]
        self.lacks = self.look()

    def look(self):
        """Why the services cannot be had, or an empty text."""
        cache = servers.cache_folder("HAECHI_SERVICES_CACHE", "services")
        if not REQUIRED and not ((cache / "kafka").is_dir() and (cache / "neo4j").is_dir()):
            return "the jars are not there; tools/services.py fetch gets them"
        if not REQUIRED and not (servers.cache_folder("HAECHI_PYTHON_ENVS", "python") / "mlflow").exists():
            return "MLflow's packages are not there; tools/services.py fetch gets them"
        if not REQUIRED and not (shutil.which("java") and shutil.which("openssl")):
            return "Java or openssl is not there; tools/setup.sh services installs them"
        status, text = self.run("fetch")
        return "" if status == 0 else text.strip().splitlines()[-1]

    def run(self, *words, **more):
        done = subprocess.run([sys.executable, "-B", SERVICES, *words], env={**self.env, **more},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        return done.returncode, done.stdout

    def where(self):
        return dict(line.split("=", 1) for line in expect(self.run("env"), 0).splitlines())

    def mlflow(self, path, question=None):
        """Asks MLflow with GET, or with POST where there is a question."""
        request = urllib.request.Request(
            f"{self.where()['HAECHI_MLFLOW']}/api/2.0/mlflow/{path}", question and json.dumps(question).encode(),
            {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)

    def query(self, statement, password=None):
        where = self.where()
        if password is None:
            password = pathlib.Path(where["HAECHI_NEO4J_PASSWORD_FILE"]).read_text().strip()
        login = base64.b64encode(f"{where['HAECHI_NEO4J_USER']}:{password}".encode()).decode()
        request = urllib.request.Request(
            where["HAECHI_NEO4J"] + "/db/neo4j/query/v2", json.dumps({"statement": statement}).encode(),
            {"Authorization": f"Basic {login}", "Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)["data"]["values"]


def real(test):
    """A test that needs the services."""

    def wrapped(it):
        if it.lacks and REQUIRED:
            raise AssertionError(it.lacks)
        return f"SKIP {it.lacks}" if it.lacks else test(it)

    wrapped.__name__ = test.__name__
    return wrapped


@real
def test_start(it):
    expect(it.run("start"), 0, "kafka: answers", "neo4j: answers", "mlflow: answers")
    expect(it.run("status"), 0, "kafka: answers", "neo4j: answers", "mlflow: answers")
    expect(it.run("start", "kafka"), 0, "is running already")
    assert it.query("RETURN 1") == [[1]]


@real
def test_secrets_are_kept(it):
    where = it.where()
    secrets = [pathlib.Path(where[name]).read_text().strip()
               for name in ("HAECHI_KAFKA_PASSWORD_FILE", "HAECHI_NEO4J_PASSWORD_FILE")]
    for name in where:
        if name.endswith("_FILE"):
            assert os.stat(where[name]).st_mode & 0o777 == 0o600, name
    for line in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            assert not any(secret in line.read_text(errors="replace") for secret in secrets)
    for path in pathlib.Path(it.top).rglob("*"):
        if path.is_file() and path.stat().st_mode & 0o077 and path.stat().st_size < 2**20:
            assert not any(secret.encode() in path.read_bytes() for secret in secrets), path
    try:
        it.query("RETURN 1", "wrong")
    except urllib.error.HTTPError as error:
        assert error.code == 401
    else:
        raise AssertionError("a wrong password was taken")


@real
def test_only_loopback_listens(it):
    ports = [port for name in ("kafka", "neo4j", "mlflow")
             for port in json.loads((pathlib.Path(it.top) / name / "ports").read_text()).values()]
    assert len(ports) == 8, ports
    heard = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            if state == "0A":
                heard.setdefault(int(address.rpartition(":")[2], 16), set()).add(address.rpartition(":")[0])
    for port in ports:
        assert heard[port] <= {"0100007F", "0000000000000000FFFF00000100007F"}, (port, heard[port])


@real
def test_what_was_written_outlives_a_crash(it):
    it.query("CREATE (:Kept {n: 7})")
    kept = it.mlflow("experiments/create", {"name": "kept"})["experiment_id"]
    expect(it.run("run", "kafka", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server",
                  it.where()["HAECHI_KAFKA"], "--create", "--topic", "kept"), 0, "Created topic kept")
    before = it.where()
    expect(it.run("kill"), 0, "kafka: killed", "neo4j: killed", "mlflow: killed")
    expect(it.run("status"), 1, "kafka: is not running")
    expect(it.run("start"), 0, "kafka: answers", "neo4j: answers", "mlflow: answers")
    assert it.where() == before
    assert it.query("MATCH (k:Kept) RETURN k.n") == [[7]]
    assert it.mlflow("experiments/get-by-name?experiment_name=kept")["experiment"]["experiment_id"] == kept
    expect(it.run("run", "kafka", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server",
                  before["HAECHI_KAFKA"], "--list"), 0, "kept\n")


@real
def test_a_wrong_user_is_refused_and_a_right_one_is_not(it):
    where = it.where()
    config = pathlib.Path(it.top) / "client.properties"
    right = pathlib.Path(where["HAECHI_KAFKA_PASSWORD_FILE"]).read_text().strip()
    for password, status in ((right, 0), ("wrong", 1)):
        config.write_text(
            "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-256\nsasl.jaas.config="
            "org.apache.kafka.common.security.scram.ScramLoginModule required "
            f'username="{where["HAECHI_KAFKA_USER"]}" password="{password}";\n')
        expect(it.run("run", "kafka", "org.apache.kafka.tools.TopicCommand", "--list", "--bootstrap-server",
                      where["HAECHI_KAFKA_SASL"], "--command-config", str(config)), status)
    config.unlink()


@real
def test_restart_keeps_the_ports(it):
    before = it.where()
    expect(it.run("restart", "kafka"), 0, "kafka: stopped", "kafka: answers")
    assert it.where() == before


@real
def test_stop(it):
    expect(it.run("stop"), 0, "kafka: stopped", "neo4j: stopped", "mlflow: stopped")
    expect(it.run("stop"), 0, "kafka: is not running", "neo4j: is not running", "mlflow: is not running")


@real
def test_the_log_of_a_failed_start_is_shown(it):
    (pathlib.Path(it.top) / "kafka" / "data" / "meta.properties").write_text("version=1\nnode.id=2\n")
    expect(it.run("start", "kafka"), 1, "ended while starting", "Exception")
    expect(it.run("status", "kafka"), 1, "is not running")


TESTS = [
    test_wrong_use, test_wrong_jar_in_the_cache_is_refused, test_wrong_jar_from_maven_is_refused,
    test_missing_jar_from_maven_is_refused, test_registry_out_of_reach_has_its_own_status,
    test_without_maven_it_says_what_to_do, test_a_port_in_use_is_told, test_another_process_is_left_alone,
    test_start, test_secrets_are_kept, test_only_loopback_listens, test_what_was_written_outlives_a_crash,
    test_a_wrong_user_is_refused_and_a_right_one_is_not, test_restart_keeps_the_ports, test_stop,
    test_the_log_of_a_failed_start_is_shown,
]


def main():
    with tempfile.TemporaryDirectory() as top:
        it = Real(top)
        try:
            return tap.run("tools/services", TESTS, it)
        finally:
            it.run("kill")


if __name__ == "__main__":
    sys.exit(main())
