"""What the tests of deploy/ read of Grafana's files: the dashboards' panels and the alert rules' queries."""

import glob
import json
import os
import re

TOP = os.path.abspath("deploy/grafana")
PROMETHEUS, NEO4J = "haechi-prometheus", "haechi-neo4j"
# What Grafana puts in the place of its variables.
VARIABLES = {"$__rate_interval": "1m", "$instance": ".+"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def dashboards():
    return [read(path) for path in sorted(glob.glob(f"{TOP}/dashboards/*.json"))]


def data_sources():
    """The uids that are provisioned."""
    with open(f"{TOP}/provisioning/datasources/haechi.yaml", encoding="utf-8") as file:
        return re.findall(r"^    uid: (\S+)$", file.read(), re.MULTILINE)


def targets(uid):
    """(panel's title, query) of all that read the data source."""
    for dashboard in dashboards():
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                if target["datasource"]["uid"] == uid:
                    yield panel["title"], target.get("expr") or target["cypherQuery"]


def promql():
    for title, expression in targets(PROMETHEUS):
        for name, value in VARIABLES.items():
            expression = expression.replace(name, value)
        assert "$" not in expression, expression
        yield title, expression


def alert_rules():
    """The rules of Grafana's own alerting."""
    return [rule for group in read(f"{TOP}/provisioning/alerting/haechi.json")["groups"] for rule in group["rules"]]
