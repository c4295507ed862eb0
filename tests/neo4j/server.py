"""What the tests of Neo4j share: the real server (tests/servers.py) and questions to it. What is in its
database is lost."""

import base64
import http.client
import json
import os
import pathlib
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import servers  # noqa: E402
from servers import run, wait_until  # noqa: E402, F401


class Neo4j(servers.Server):
    """The server."""

    name = "neo4j"

    @property
    def url(self):
        return self.where["HAECHI_NEO4J"]

    @property
    def tls_url(self):
        return self.where["HAECHI_NEO4J_TLS"]

    @property
    def bolt_url(self):
        return self.where["HAECHI_NEO4J_BOLT"]

    @property
    def ca(self):
        return self.where["HAECHI_NEO4J_CA"]

    @property
    def password_file(self):
        return self.where["HAECHI_NEO4J_PASSWORD_FILE"]

    @property
    def password(self):
        return pathlib.Path(self.password_file).read_text(encoding="utf-8").strip()

    @property
    def login(self):
        """The value of an Authorization header."""
        return "Basic " + base64.b64encode(f"neo4j:{self.password}".encode()).decode()

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
