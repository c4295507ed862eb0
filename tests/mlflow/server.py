"""What the tests of MLflow share: the real server (tests/servers.py), and questions to it."""

import json
import os
import sys
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import servers  # noqa: E402
from servers import run, wait_until  # noqa: E402, F401


class MLflow(servers.Server):
    """The server."""

    name = "mlflow"

    def absent(self):
        if (servers.cache_folder("HAECHI_PYTHON_ENVS", "python") / self.name).exists():
            return ""
        return "MLflow's packages are not there; tools/services.py fetch gets them"

    @property
    def url(self):
        return self.where["HAECHI_MLFLOW"]

    def ask(self, path, question=None, /, **words):
        """The answer to a GET with the words in its query, or where there is a question, to a POST of it."""
        query = "?" + urllib.parse.urlencode(words) if words else ""
        request = urllib.request.Request(f"{self.url}/api/2.0/mlflow/{path}{query}",
                                         question and json.dumps(question).encode(),
                                         {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)
