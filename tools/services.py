#!/usr/bin/env python3
"""Real servers to test against, on the loopback interface only: a Kafka broker, a Neo4j, an MLflow.

    tools/services.py VERB [kafka|neo4j|mlflow]...    (all, if none is named)

    fetch     get the jars, or Python's packages, and check them
    start     start what does not run, and wait until it answers
    stop      end it in order, by force after half a minute
    kill      end it at once, as a crash would
    restart   stop, then start on the same ports
    status    tell what runs; the exit status is 0 only if all that was asked for answers
    env       print NAME=VALUE lines: where what runs is found, users, files with passwords and CA
    lock      get the jars and write their sums anew (after a change of a pom.xml)
    run SERVICE CLASS [ARGUMENT...]            run a Java class of a service's jars, as Kafka's tools

Kafka and Neo4j are the jars that tools/services/NAME/pom.xml asks for. Maven gets them once into a cache;
every jar must have the SHA-256 that NAME/jars.sha256 lists, which is checked at every use. MLflow is the
Python environment that tools/python_env.py makes of tools/python/mlflow.txt. Data,
logs, passwords and pid files are in the run folder; a pid file names the process and when it began,
so that no other process is ever signalled.

The environment may set
    HAECHI_SERVICES_CACHE   where the jars are kept (~/.cache/haechi/services)
    HAECHI_SERVICES_DIR     the run folder (build/services)
    HAECHI_SERVICES_PORTS   `auto`: every port that is not set below is a free one
    HAECHI_KAFKA_PORT, HAECHI_KAFKA_SASL_PORT, HAECHI_KAFKA_TLS_PORT, HAECHI_KAFKA_CONTROLLER_PORT,
    HAECHI_NEO4J_PORT, HAECHI_NEO4J_TLS_PORT, HAECHI_NEO4J_BOLT_PORT,
    HAECHI_MLFLOW_PORT          a number, or `auto`
    HAECHI_JAVA             the java to use: version 17, or 21

Exit status: 0 done, 1 failed, 2 wrong use, 77 these services are not to be had here (no Java, Maven or
venv module, or the registry of the jars or packages is out of reach)."""

import base64
import concurrent.futures
import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import secrets
import shlex
import shutil
import signal
import socket
import string
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import python_env  # noqa: E402

TOOLS = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("HAECHI_SERVICES_CACHE") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "haechi" / "services").absolute()
RUN = pathlib.Path(os.environ.get("HAECHI_SERVICES_DIR") or TOOLS.parent / "build" / "services").absolute()

START_SECONDS = 120  # for a server to answer
PORT_SECONDS = 5  # for the ports of a server that was killed to be free
STOP_SECONDS = 30  # for a server to end in order
FETCH_SECONDS = 900
NOT_TO_BE_HAD = 77
# What Maven says when the network is at fault, and not what it was asked for.
OUT_OF_REACH = re.compile(r"Unknown host|Connection (refused|reset|timed out)|[Tt]imed out|unreachable|"
                          r"Network|No route to host|offline mode|Name or service not known|"
                          r"Temporary failure|PKIX|Remote host terminated|status code: 5\d\d")


class Trouble(Exception):
    """What went wrong, in one line, and the exit status."""

    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status


def say(text):
    print(text, flush=True)


# ---------------------------------------------------------------- files, locks, programs


def write_private(path, text):
    """Writes a file that only its owner may read, whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)


@contextlib.contextmanager
def locked(folder):
    """One at a time may fetch, start or stop there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(folder / "lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def program(name, *places):
    """The path of a program, the first of the places that there is, or that of the PATH."""
    for place in places:
        if place and os.access(place, os.X_OK):
            return str(place)
    found = shutil.which(name)
    if not found:
        raise Trouble(f"the services need {name}, which is not there; tools/setup.sh services installs it",
                      NOT_TO_BE_HAD)
    return found


def java():
    """Debian's Java 17 rather than whichever is first on the PATH: Neo4j is picky."""
    return program("java", os.environ.get("HAECHI_JAVA"),
                   *sorted(pathlib.Path("/usr/lib/jvm").glob("java-17-openjdk-*/bin/java")))


def short_java(jars, *arguments):
    """The command of a Java program that ends soon. `@FILE` keeps the long class path out of sight."""
    return [java(), f"@{jars}", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *arguments]


def call(command, what, **more):
    """Runs a command to its end; its output is shown should it fail."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **more)
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        raise Trouble(f"{what} failed with status {done.returncode}")


# ---------------------------------------------------------------- processes


class Process:
    """A process that may outlive us: its pid, and when it began. The two name it for good."""

    def __init__(self, path):
        self.path = path

    @staticmethod
    def began(pid):
        """When process pid began, in the kernel's words, or None if there is none (or a zombie)."""
        try:
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        except OSError:
            return None
        state, *fields = stat.rpartition(")")[2].split()
        return None if state in "ZX" else f"{fields[18]}@{boot}"

    def remember(self, pid):
        write_private(self.path, f"{pid} {self.began(pid)}\n")

    def pid(self):
        """The pid if it still is our process, else None."""
        try:
            pid, began = self.path.read_text(encoding="utf-8").split()
        except (OSError, ValueError):
            return None
        return int(pid) if pid.isdecimal() and self.began(pid) == began else None

    def end(self, number, seconds):
        """Sends it a signal and waits. True once it is gone. It leads a group, which holds its workers:
        told to end it ends them itself, killed it cannot."""
        deadline = time.monotonic() + seconds
        pid = self.pid()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if number == signal.SIGKILL else os.kill)(pid, number)
        while self.pid():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        self.path.unlink(missing_ok=True)
        return True


# ---------------------------------------------------------------- jars


class Jars:
    """The jars of a service: those its list names, in the cache."""

    def __init__(self, name):
        self.name = name
        self.pom = TOOLS / "services" / name / "pom.xml"
        self.list = TOOLS / "services" / name / "jars.sha256"
        self.folder = CACHE / name

    def sums(self):
        """File name to SHA-256, as `sha256sum` writes them."""
        return {line.split()[1]: line.split()[0]
                for line in self.list.read_text(encoding="utf-8").splitlines()}

    @staticmethod
    def sum_of(path):
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def check(self, folder):
        """The names of the jars that are missing. A wrong one ends it."""
        missing = []
        for name, wanted in self.sums().items():
            path = folder / name
            if not path.exists():
                missing.append(name)
            elif self.sum_of(path) != wanted:
                where = self.list.relative_to(TOOLS.parent)
                raise Trouble(f"{path} is not the jar of {where}: its SHA-256 differs; "
                              "remove it to get it anew" if folder == self.folder else
                              f"Maven brought another {name} than {where} lists: its SHA-256 differs")
        return missing

    def maven(self, folder):
        """Has Maven copy all jars into a new folder. Its own repository is gone after success: what
        it holds beyond the jars is of no use, and after a failure it spares the next try a lot."""
        mvn = program("mvn")
        repository = CACHE / "maven"
        command = [mvn, "-B", "-q", "-Dstyle.color=never", "-f", str(self.pom),
                   f"-Dmaven.repo.local={repository}", f"-DoutputDirectory={folder}", "-DincludeScope=runtime",
                   "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies"]
        log = CACHE / f"{self.name}.log"
        with open(log, "w", encoding="utf-8") as file:
            try:
                status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file,
                                        stderr=subprocess.STDOUT, check=False,
                                        timeout=FETCH_SECONDS).returncode
            except subprocess.TimeoutExpired:
                raise Trouble(f"Maven did not get the jars of {self.name} within {FETCH_SECONDS} seconds",
                              NOT_TO_BE_HAD) from None
        if status != 0:
            text = log.read_text(encoding="utf-8", errors="replace")
            if OUT_OF_REACH.search(text):
                raise Trouble(f"Maven cannot reach its registry for the jars of {self.name}; see {log}",
                              NOT_TO_BE_HAD)
            first = next((line for line in text.splitlines() if "ERROR" in line), "it said nothing")
            raise Trouble(f"Maven could not get the jars of {self.name}: {first[:300]}; see {log}")
        shutil.rmtree(repository, ignore_errors=True)
        log.unlink()

    def fetch(self, quiet=False):
        """Sees to it that all jars are in the cache and are what they should be."""
        with locked(CACHE):
            if not self.check(self.folder):
                if not quiet:
                    say(f"{self.name}: the jars are there, {self.size()}")
                return
            say(f"{self.name}: getting {len(self.sums())} jars ...")
            part = CACHE / f"{self.name}.part"
            shutil.rmtree(part, ignore_errors=True)
            try:
                self.maven(part)
                missing = self.check(part)
                if missing:
                    raise Trouble(f"Maven brought no {missing[0]}, which {self.list.name} lists")
                shutil.rmtree(self.folder, ignore_errors=True)
                part.rename(self.folder)
            finally:
                shutil.rmtree(part, ignore_errors=True)
            say(f"{self.name}: the jars are there, {self.size()}")

    def size(self):
        return f"{sum((self.folder / name).stat().st_size for name in self.sums()) / 2**20:.0f} MiB"

    def lock(self):
        """Writes the list anew from what Maven brings."""
        with locked(CACHE):
            part = CACHE / f"{self.name}.part"
            shutil.rmtree(part, ignore_errors=True)
            self.maven(part)
            self.list.write_text("".join(f"{self.sum_of(path)}  {path.name}\n"
                                         for path in sorted(part.glob("*.jar"))))
            shutil.rmtree(self.folder, ignore_errors=True)
            part.rename(self.folder)
        say(f"{self.name}: {self.list.relative_to(TOOLS.parent)} lists {len(self.sums())} jars, {self.size()}")

    def class_path(self, path):
        """Writes Java's argument file with the jars of the list, and no others, as class path."""
        jars = ":".join(str(self.folder / name) for name in self.sums())
        write_private(path, '-cp "' + jars.replace("\\", "\\\\").replace('"', '\\"') + '"\n')
        return path


# ---------------------------------------------------------------- ports


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def still_taken(ports):
    """The ports that are not free; those of a process that was just killed soon are."""
    deadline = time.monotonic() + PORT_SECONDS
    while taken := [port for port in ports if not is_free(port)]:
        if time.monotonic() >= deadline:
            break
        time.sleep(0.05)
    return taken


def choose_port(variable, default, earlier, free):
    """The port that the environment wants, for `auto` the earlier one, so that clients find it again,
    or the next of `free`."""
    text = os.environ.get(variable) or os.environ.get("HAECHI_SERVICES_PORTS") or str(default)
    if text == "auto":
        return earlier or next(free)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Trouble(f"{variable}={text} is no port: it takes a number to 65535, or auto", 2)
    return int(text)


# ---------------------------------------------------------------- certificates


def make_certificates(folder):
    """A CA of our own and, signed by it, the servers' certificate for 127.0.0.1 and localhost. The
    CA's key is thrown away: whoever trusts ca.crt trusts these servers and nothing else."""
    if (folder / "server.pem").exists():
        return
    make = [program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-days", "3650"]
    call([*make, "-subj", "/CN=haechi test CA", "-keyout", "ca.key", "-out", "ca.crt"],
         "making a CA", cwd=folder)
    call([*make, "-subj", "/CN=localhost", "-CA", "ca.crt", "-CAkey", "ca.key",
          "-addext", "basicConstraints=critical,CA:FALSE",
          "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
          "-keyout", "server.key", "-out", "server.crt"], "making a certificate", cwd=folder)
    (folder / "ca.key").unlink()
    write_private(folder / "server.pem", (folder / "server.key").read_text() + (folder / "server.crt").read_text())


# ---------------------------------------------------------------- services


class Service:
    """What is the same for all. A subclass says how its server is got, set up, run, and asked."""

    name = user = None
    ports = {}  # the words of its settings: variable, default
    auto = ()  # the ports that `auto` picks from: below those that the kernel gives to clients

    def __init__(self):
        self.folder = RUN / self.name
        self.settings = TOOLS / "services" / self.name
        self.log = self.folder / "server.log"
        self.password_file = self.folder / "password"
        self.process = Process(self.folder / "pid")

    # Of the subclasses: fetch() sees to it that its files are there, lock() writes their list anew,
    # provide() is fetch() before a start, prepare() sets up what the first start needs, command() is the
    # server's, is_ready() asks it, and where() yields the lines of `env`.

    environment = None  # of the server's process; None for ours

    def provide(self):
        self.fetch(quiet=True)

    def saved_ports(self):
        try:
            return json.loads((self.folder / "ports").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def choose_ports(self, same):
        saved = self.saved_ports()
        if same and saved:
            return saved
        free = (port for port in random.sample(self.auto, len(self.auto)) if is_free(port))
        ports = {word: choose_port(*of, saved.get(word), free) for word, of in self.ports.items()}
        if len(set(ports.values())) < len(ports):
            raise Trouble(f"{self.name}: two of its ports are the same: {ports}", 2)
        return ports

    def password(self):
        """The password that is kept in the file, made when there is none. No shell or option parser
        finds anything to interpret in it."""
        if not self.password_file.exists():
            write_private(self.password_file, secrets.token_hex(16) + "\n")
        return self.password_file.read_text(encoding="utf-8").strip()

    def fill_in(self, name, path, **words):
        template = string.Template((self.settings / name).read_text(encoding="utf-8"))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, template.substitute(self.saved_ports(), **words))

    def say_running(self, verb):
        where = dict(self.where())
        say(f"{self.name}: {verb}, pid {self.process.pid()}, {next(iter(where.values()))}")

    def start(self, same_ports=False):
        with locked(self.folder):
            if self.process.pid():
                self.say_running("is running already")
                return
            ports = self.choose_ports(same_ports)
            taken = still_taken(ports.values())
            if taken:
                raise Trouble(f"{self.name}: port {taken[0]} is in use")
            self.provide()
            began = time.monotonic()
            (self.folder / "ports").write_text(json.dumps(ports))
            self.prepare()
            if self.log.exists():
                self.log.replace(self.log.with_suffix(".log.1"))
            with open(self.log, "w", encoding="utf-8") as log:
                child = subprocess.Popen(self.command(), cwd=self.folder, env=self.environment,
                                         stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         start_new_session=True)
            self.process.remember(child.pid)
            self.await_ready(child, began)
            self.say_running(f"answers after {time.monotonic() - began:.1f} s")

    def start_again(self):
        self.start(same_ports=True)

    def await_ready(self, child, began):
        while not self.is_ready():
            if child.poll() is not None:
                self.show_log()
                raise Trouble(f"{self.name} ended while starting, status {child.returncode}; see {self.log}")
            if time.monotonic() - began > START_SECONDS:
                self.show_log()
                self.process.end(signal.SIGKILL, 10)
                raise Trouble(f"{self.name} did not answer within {START_SECONDS} seconds; see {self.log}")
            time.sleep(0.1)

    def show_log(self):
        for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]:
            print(f"  {line}", file=sys.stderr)

    def stop(self):
        with locked(self.folder):
            if not self.process.pid():
                self.process.path.unlink(missing_ok=True)
                say(f"{self.name}: is not running")
            elif self.process.end(signal.SIGTERM, STOP_SECONDS):
                say(f"{self.name}: stopped")
            elif self.process.end(signal.SIGKILL, 10):
                say(f"{self.name}: did not stop within {STOP_SECONDS} seconds and was killed")
            else:
                raise Trouble(f"{self.name}: process {self.process.pid()} does not die")

    def kill(self):
        with locked(self.folder):
            if not self.process.pid():
                say(f"{self.name}: is not running")
            elif self.process.end(signal.SIGKILL, 10):
                say(f"{self.name}: killed")
            else:
                raise Trouble(f"{self.name}: process {self.process.pid()} does not die")

    def status(self):
        if not self.process.pid():
            say(f"{self.name}: is not running")
            return False
        ready = self.is_ready()
        self.say_running("answers" if ready else "runs but does not answer")
        return ready


class JavaService(Service):
    """A server that is jars, and has TLS."""

    def __init__(self):
        super().__init__()
        self.jars = Jars(self.name)
        self.class_path = self.folder / "class-path"

    def fetch(self, quiet=False):
        self.jars.fetch(quiet)

    def lock(self):
        self.jars.lock()

    def provide(self):
        java()  # before anything is brought from afar
        super().provide()

    def prepare(self):
        with locked(RUN / "tls"):
            make_certificates(RUN / "tls")
        self.jars.class_path(self.class_path)

    def java(self, *arguments):
        return [java(), f"@{self.class_path}", *arguments]


class PythonService(Service):
    """A server that is Python packages: the environment of its name that tools/python_env.py makes."""

    def __init__(self):
        super().__init__()
        self.python = None

    def fetch(self, quiet=False):
        try:
            self.python = python_env.environment(self.name)
        except python_env.Trouble as trouble:
            raise Trouble(str(trouble), trouble.status) from None
        if not quiet:
            say(f"{self.name}: the packages are there")

    def lock(self):
        say(f"{self.name}: tools/python/{self.name}.txt is kept by hand")


class Kafka(JavaService):
    """One node, broker and controller in one. Asked in its own protocol, by hand."""

    name = "kafka"
    user = "haechi"
    ports = {"plain": ("HAECHI_KAFKA_PORT", 9092), "controller": ("HAECHI_KAFKA_CONTROLLER_PORT", 9093),
             "sasl": ("HAECHI_KAFKA_SASL_PORT", 9094), "tls": ("HAECHI_KAFKA_TLS_PORT", 9095)}
    auto = range(20000, 26000)

    def prepare(self):
        super().prepare()
        config, data = self.folder / "server.properties", self.folder / "data"
        self.fill_in("server.properties", config, data=data, user=self.user, password=self.password(),
                     certificate=RUN / "tls" / "server.pem")
        if (data / "meta.properties").exists():
            return
        shutil.rmtree(data, ignore_errors=True)
        arguments = ["format", "--config", str(config), "--cluster-id", secrets.token_hex(8)]
        for kind in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
            arguments += ["--add-scram", f"{kind}=[name={self.user},password={self.password()}]"]
        # In a file, since everyone can read a command line.
        file = self.folder / "format"
        write_private(file, "\n".join(arguments) + "\n")
        try:
            call(short_java(self.class_path, *self.logging("WARN"), "kafka.tools.StorageTool", f"@{file}"),
                 "setting up Kafka's data folder")
        finally:
            file.unlink()

    def logging(self, level):
        return [f"-Dlog4j2.configurationFile={self.settings / 'log4j2.properties'}", f"-Dhaechi.log={level}"]

    def command(self):
        return self.java("-Xms256m", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
                         "-Djava.awt.headless=true", *self.logging("INFO"), "kafka.Kafka",
                         str(self.folder / "server.properties"))

    def ask(self, key, version, body):
        """One request and the body of its answer."""
        message = struct.pack(">hhih", key, version, 1, -1) + body
        with socket.create_connection(("127.0.0.1", self.saved_ports()["plain"]), 5) as stream:
            stream.sendall(struct.pack(">i", len(message)) + message)
            with stream.makefile("rb") as answer:
                size, = struct.unpack(">i", answer.read(4))
                return answer.read(size)[4:]

    def is_ready(self):
        """Ready once the metadata names a broker: it names none that is still fenced."""
        try:
            brokers, = struct.unpack(">i", self.ask(3, 1, struct.pack(">i", 0))[:4])
            return brokers == 1
        except (OSError, struct.error, KeyError):
            return False

    def where(self):
        ports = self.saved_ports()
        yield "HAECHI_KAFKA", f"127.0.0.1:{ports['plain']}"
        yield "HAECHI_KAFKA_SASL", f"127.0.0.1:{ports['sasl']}"
        yield "HAECHI_KAFKA_TLS", f"127.0.0.1:{ports['tls']}"
        yield "HAECHI_KAFKA_USER", self.user
        yield "HAECHI_KAFKA_PASSWORD_FILE", self.password_file
        yield "HAECHI_KAFKA_CA", RUN / "tls" / "ca.crt"


class Neo4j(JavaService):
    """The community server. Asked over HTTP, as a client would."""

    name = "neo4j"
    user = "neo4j"
    ports = {"http": ("HAECHI_NEO4J_PORT", 7474), "tls": ("HAECHI_NEO4J_TLS_PORT", 7473),
             "bolt": ("HAECHI_NEO4J_BOLT_PORT", 7687)}
    auto = range(26000, 32000)

    def prepare(self):
        super().prepare()
        self.fill_in("neo4j.conf", self.folder / "conf" / "neo4j.conf", certificates=RUN / "tls")
        self.password()
        if (self.folder / "data" / "databases").exists():
            return
        # In a file, since everyone can read a command line.
        file = self.folder / "set-password"
        write_private(file, f"dbms set-initial-password {self.password()}\n")
        try:
            call(short_java(self.class_path, "org.neo4j.cli.AdminTool", f"@{file}"), "setting Neo4j's password",
                 env={**os.environ, "NEO4J_HOME": str(self.folder), "NEO4J_CONF": str(self.folder / "conf")})
        finally:
            file.unlink()

    def command(self):
        opens = [f"--add-opens=java.base/{package}=ALL-UNNAMED"
                 for package in ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")]
        return self.java("-Xms256m", "-Xmx1g", "-XX:+UseG1GC", "-XX:-OmitStackTraceInFastThrow",
                         "-XX:+DisableExplicitGC", *opens, "-Djdk.nio.maxCachedBufferSize=1024",
                         "-Dio.netty.tryReflectionSetAccessible=true", "-Dfile.encoding=UTF-8",
                         "-Dlog4j2.disable.jmx=true", "org.neo4j.server.CommunityEntryPoint",
                         f"--home-dir={self.folder}", f"--config-dir={self.folder / 'conf'}")

    def is_ready(self):
        """Ready once it answers a query: it takes connections before."""
        login = base64.b64encode(f"{self.user}:{self.password()}".encode()).decode()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.saved_ports()["http"], timeout=10)
            connection.request("POST", "/db/neo4j/query/v2", json.dumps({"statement": "RETURN 1"}),
                               {"Authorization": f"Basic {login}", "Content-Type": "application/json"})
            return json.load(connection.getresponse())["data"]["values"] == [[1]]
        except (OSError, ValueError, KeyError, http.client.HTTPException):
            return False

    def where(self):
        ports = self.saved_ports()
        yield "HAECHI_NEO4J", f"http://127.0.0.1:{ports['http']}"
        yield "HAECHI_NEO4J_TLS", f"https://127.0.0.1:{ports['tls']}"
        yield "HAECHI_NEO4J_BOLT", f"bolt://127.0.0.1:{ports['bolt']}"
        yield "HAECHI_NEO4J_USER", self.user
        yield "HAECHI_NEO4J_PASSWORD_FILE", self.password_file
        yield "HAECHI_NEO4J_CA", RUN / "tls" / "ca.crt"


class MLflow(PythonService):
    """The tracking server: runs and registry in SQLite, artifacts through its proxy. Asked over HTTP."""

    name = "mlflow"
    ports = {"http": ("HAECHI_MLFLOW_PORT", 5000)}
    auto = range(32000, 32700)

    @property
    def environment(self):
        """Nothing that a client of MLflow is told by, no telemetry, no runner of jobs."""
        ours = {name: value for name, value in os.environ.items()
                if not name.startswith(("MLFLOW_", "_MLFLOW_", "GUNICORN_", "PYTHON"))}
        return {**ours, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                "PYTHONDONTWRITEBYTECODE": "1"}

    def prepare(self):
        (self.folder / "data").mkdir(exist_ok=True, mode=0o700)

    def command(self):
        data = self.folder / "data"
        return [str(self.python), "-m", "mlflow", "server", "--host", "127.0.0.1",
                "--port", str(self.saved_ports()["http"]), "--backend-store-uri", f"sqlite:///{data / 'mlflow.db'}",
                "--serve-artifacts", "--artifacts-destination", str(data / "artifacts"), "--workers", "1",
                "--gunicorn-opts", "--threads 4 --no-control-socket --graceful-timeout 5"]

    def is_ready(self):
        """Ready once it finds the experiment that every server has, in its database."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.saved_ports()["http"], timeout=10)
            connection.request("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0")
            return json.load(connection.getresponse())["experiment"]["experiment_id"] == "0"
        except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
            return False

    def where(self):
        yield "HAECHI_MLFLOW", f"http://127.0.0.1:{self.saved_ports()['http']}"


SERVICES = {service.name: service for service in (Kafka, Neo4j, MLflow)}


# ---------------------------------------------------------------- verbs


def together(services, *verbs):
    """Does it for all services at once. One's trouble does not keep the other from it."""
    def all_of(service):
        for verb in verbs:
            getattr(service, verb)()

    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = [pool.submit(all_of, service) for service in services]
    troubles = [each.exception() for each in done if each.exception()]
    for trouble in troubles[1:]:
        print(f"haechi: {trouble}", file=sys.stderr)
    if troubles:
        raise troubles[0]


def fetch(services):
    for service in services:
        service.fetch()


def start(services):
    together(services, "start")


def stop(services):
    together(services, "stop")


def kill(services):
    together(services, "kill")


def restart(services):
    together(services, "stop", "start_again")


def status(services):
    if not all([service.status() for service in services]):
        raise Trouble("")


def env(services):
    running = [service for service in services if service.process.pid()]
    for service in running:
        for name, value in service.where():
            say(f"{name}={shlex.quote(str(value))}")
    if len(running) < len(services):
        raise Trouble("not running: " + ", ".join(s.name for s in services if s not in running))


def lock(services):
    for service in services:
        service.lock()


def run(service, arguments):
    if not isinstance(service, JavaService):
        raise Trouble(f"{service.name} has no Java classes", 2)
    service.fetch(quiet=True)
    service.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    service.jars.class_path(service.class_path)
    logging = [f"-Dlog4j2.configurationFile={TOOLS / 'services' / 'kafka' / 'log4j2.properties'}"]
    command = service.java("-Xmx512m", *logging, *arguments)
    os.execv(command[0], command)


VERBS = {verb.__name__: verb for verb in (fetch, start, stop, kill, restart, status, env, lock)}


def main(arguments):
    if arguments in (["--help"], ["-h"]):
        say(__doc__)
        return 0
    verb, *names = arguments or [""]
    wrong = [name for name in (names[:1] if verb == "run" else names) if name not in SERVICES]
    if (verb not in VERBS and verb != "run") or wrong or (verb == "run" and len(names) < 2):
        if wrong:
            print(f"haechi: there is no service {wrong[0]}", file=sys.stderr)
        print(f"usage: tools/services.py {'|'.join(VERBS)} [{'|'.join(SERVICES)}]...\n"
              "       tools/services.py run SERVICE CLASS [ARGUMENT...]", file=sys.stderr)
        return 2
    try:
        if verb == "run":
            run(SERVICES[names[0]](), names[1:])
        VERBS[verb]([SERVICES[name]() for name in dict.fromkeys(names or SERVICES)])
    except Trouble as trouble:
        if str(trouble):
            print(f"haechi: {trouble}", file=sys.stderr)
        return trouble.status
    except OSError as error:
        print(f"haechi: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
