"""The dashboard and the alert rules in docs/ ask only for what /metrics offers."""

import json
import re

import pytest
import yaml
from django.conf import settings

from events.models import Delivery
from monitoring import heartbeats, prometheus
from tests.console import rows

NAME = re.compile(r"carinho_[a-z_]+")
DOCS = settings.BASE_DIR / "docs"


def asked_by_grafana():
    panels = json.loads((DOCS / "grafana-dashboard.json").read_text())["panels"]
    return {name for panel in panels for target in panel["targets"] for name in NAME.findall(target["expr"])}


def asked_by_prometheus():
    groups = yaml.safe_load((DOCS / "prometheus-alerts.yml").read_text())["groups"]
    return {name for group in groups for rule in group["rules"] for name in NAME.findall(rule["expr"])}


@pytest.mark.django_db
@pytest.mark.parametrize("asked", [asked_by_grafana, asked_by_prometheus])
def test_every_metric_that_is_asked_for_exists(asked):
    heartbeats.beat("worker")
    rows.dead_letter()
    rows.retrying()
    rows.lead()
    rows.down("crm")
    Delivery.objects.filter(service="crm", attempts=0).update(due_at="2026-01-01T00:00:00Z", status="queued")
    offered = set(NAME.findall(prometheus.exposition().decode()))
    assert asked() <= offered
