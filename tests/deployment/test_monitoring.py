"""Prometheus' configuration, alert rules and Grafana's dashboard, against what /metrics has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from sessions_app import instruments
from tests.chatproject.test_jobs import failed_job
from tests.deployment.image import ROOT
from tests.docs import pages

FOLDER = ROOT / "deploy"
ALERTS = yaml.safe_load((FOLDER / "prometheus/alerts.yml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((FOLDER / "grafana/dashboards/chat.json").read_text())
GUIDE = pages.read("guides/operating.md")
# Variables that Grafana fills in, with a value that it could have.
FILLED = {"$__rate_interval": "1m", "$__interval": "1m", "$__range": "6h"}


def expressions() -> Iterator[tuple[str, str]]:
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            expression = target["expr"]
            for variable, value in FILLED.items():
                expression = expression.replace(variable, value)
            yield f"{panel['title']} {target['refId']}", expression


EXPRESSIONS = dict(expressions())


def selectors(node: Any) -> Iterator[Any]:
    """Every selector of series in a parsed expression."""
    match node:
        case promql_parser.VectorSelector():
            yield node
        case promql_parser.MatrixSelector():
            yield from selectors(node.vector_selector)
        case promql_parser.BinaryExpr():
            yield from (*selectors(node.lhs), *selectors(node.rhs))
        case promql_parser.Call():
            for argument in node.args:
                yield from selectors(argument)
        case (
            promql_parser.AggregateExpr()
            | promql_parser.ParenExpr()
            | promql_parser.UnaryExpr()
            | promql_parser.SubqueryExpr()
        ):
            yield from selectors(node.expr)


@pytest.fixture
def exposed(database: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The names of all series of a scrape, each with its labels."""
    instruments.request_answered("/session", "GET", 200, 0.01)
    instruments.messages_appended(1)
    instruments.turn_ended("done", "gulf")
    instruments.window_planned("hybrid", 0.01)
    instruments.window_sent(kept=1, dropped=1)
    call = instruments.Provided("chat", "openai", "gulf")
    instruments.model_called(call, 0.1)
    instruments.first_chunk_received(call, 0.1)
    instruments.tokens_used(call, input_tokens=2, output_tokens=1, cached=1)
    instruments.quota_refused("chat")
    instruments.request_refused("requests", "overloaded")
    instruments.queue_measured("requests", waiting=0, running=1, oldest_seconds=0)
    failed_job()
    text = APIClient().get("/metrics").content.decode()
    series: dict[str, set[str]] = {"up": {"job", "instance"}}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            series.setdefault(sample.name, set()).update(sample.labels, {"job", "instance"})
    return series


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_is_of_series_that_the_service_has(name: str, exposed: dict[str, set[str]]):
    used = list(selectors(promql_parser.parse(EXPRESSIONS[name])))

    assert used
    for selector in used:
        assert selector.name in exposed
        labels = {matcher.name for matcher in selector.matchers.matchers}
        assert labels <= exposed[selector.name], selector.name


def test_a_mistake_in_an_expression_would_be_noticed():
    with pytest.raises(ValueError, match="unclosed left parenthesis"):
        promql_parser.parse("sum(rate(chat_turns_total[5m])")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_says_how_long_how_bad_and_what_to_do(rule: dict[str, Any]):
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert promql_parser.parse_duration(rule["for"])
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert (ROOT / page).exists()
    assert anchor == rule["alert"].lower()
    assert pages.section(GUIDE, rule["alert"]).strip()


def test_a_placeholder_in_a_summary_is_one_of_prometheus():
    for rule in RULES:
        for inner in re.findall(r"{{(.*?)}}", rule["annotations"]["summary"]):
            assert re.fullmatch(r" \$(?:value|labels\.\w+)(?: \| \w+)? ", inner), rule["alert"]


def test_the_guide_shows_these_rules():
    [shown] = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    named = {r["alert"]: (r["expr"], r["for"]) for r in yaml.safe_load(shown)["groups"][0]["rules"]}

    assert {rule["alert"]: (rule["expr"], rule["for"]) for rule in RULES} == named


def test_prometheus_scrapes_every_instance_of_compose():
    configuration = yaml.safe_load((FOLDER / "prometheus/prometheus.yml").read_text())
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    [job] = configuration["scrape_configs"]
    [static] = job["static_configs"]

    assert job["job_name"] == "chat"
    assert static["targets"] == [f"{n}:8000" for n in compose["services"] if n.startswith("serv")]
    assert configuration["rule_files"] == ["alerts.yml"]
    secret = Path(job["authorization"]["credentials_file"])
    assert secret.name in compose["services"]["prometheus"]["secrets"]
    assert compose["secrets"][secret.name] == {"environment": "METRICS_TOKEN"}


def test_grafana_finds_the_dashboard_and_its_source():
    folder = FOLDER / "grafana/provisioning"
    [source] = yaml.safe_load((folder / "datasources/prometheus.yml").read_text())["datasources"]
    [provider] = yaml.safe_load((folder / "dashboards/chat.yml").read_text())["providers"]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["grafana"]

    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {source["uid"]}
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in compose["volumes"]


def test_the_panels_have_names_and_do_not_overlap():
    panels = DASHBOARD["panels"]
    cells = [
        (x, y)
        for panel in panels
        for grid in [panel["gridPos"]]
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["description"] for panel in panels)
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
