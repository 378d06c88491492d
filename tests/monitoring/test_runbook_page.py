"""The runbook is a page of the console, linked from what it is about."""

import re

import pytest

from carinho.access.roles import VIEWER
from monitoring import runbook_page
from monitoring.rule import all_rules
from tests.clients import logged_in
from tests.console import rows

pytestmark = pytest.mark.django_db


def test_runbook_is_shown_whole_with_an_anchor_for_each_situation():
    page = logged_in(VIEWER).get("/admin/monitoring/alert/runbook/").content.decode()
    text = runbook_page.FILE.read_text()
    assert page.count('class="c-card c-runbook"') == text.count("\n## ")
    assert 'id="whatsapp-desconectado"' in page
    assert "<strong>Conexão</strong>" in page
    assert "<table>" in page
    main = page[page.index("c-runbook") :]
    assert not [word for word in ("curl", "jq", "DLQ", "circuit", "503") if word in main]


def test_whom_to_call_is_who_the_settings_name(settings):
    settings.SUPPORT_DEVELOPMENT = "Davi Ramos, 11 3333-0003"
    client = logged_in(VIEWER)
    for page in ("runbook", "contacts"):
        text = client.get(f"/admin/monitoring/alert/{page}/").content.decode()
        assert "Davi Ramos" in text, page
        assert "dev@carinho.com.vc" not in text, page


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_each_alert_leads_to_its_situation_in_the_runbook(rule):
    anchor = runbook_page.address_of(rule.name).partition("#")[2]
    assert anchor in {part.anchor for part in runbook_page.parts()}


def test_item_verdict_and_alert_lead_to_the_runbook():
    rows.down()
    client = logged_in(VIEWER)
    item = rows.dead_letter()
    pages = {
        f"/admin/events/deadletter/{item.pk}/change/": "itens-em-precisa-de-voce",
        "/admin/": "um-sistema-fora-do-ar",
    }
    known = {part.anchor for part in runbook_page.parts()}
    for address, anchor in pages.items():
        linked = set(re.findall(r"alert/runbook/#([\w-]+)", client.get(address).content.decode()))
        assert anchor in linked <= known
