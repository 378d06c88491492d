"""What the shift reads on WhatsApp."""

import json
from datetime import timedelta

import pytest
import responses
from django.utils import timezone

from events.models import CircuitBreaker
from tests.monitoring import hubs
from whatsapp.models import Template

pytestmark = pytest.mark.django_db


@responses.activate
def test_text_of_the_console_is_what_the_shift_is_sent(clock, settings):
    settings.ALERT_WHATSAPP_NUMBERS = ["5511987654321"]
    settings.ZAPI = {"url": "https://zapi.test", "instance": "i", "token": "t", "client_token": "c"}
    sent = responses.post("https://zapi.test/instances/i/token/t/send-text", json={"messageId": "M1"})
    Template.objects.create(name="shift_alert", text="Plantão: {{ text }}")
    clock.evaluate(dead_letters=hubs.items(12))
    written = json.loads(sent.calls[0].request.body)["message"]
    assert written == "Plantão: Alerta (atenção): Itens que precisam de você: 12."


@responses.activate
def test_shift_reads_that_nothing_is_to_be_done_yet_and_whom_to_call_when(clock, settings):
    settings.ALERT_WHATSAPP_NUMBERS = ["5511987654321"]
    settings.ZAPI = {"url": "https://zapi.test", "instance": "i", "token": "t", "client_token": "c"}
    settings.SUPPORT_OPERATIONS = "Ana Souza, 11 98765-4321"
    sent = responses.post("https://zapi.test/instances/i/token/t/send-text", json={"messageId": "M1"})
    clock.now = timezone.now()
    away = CircuitBreaker(service="crm", state="open", outage_since=clock.now - timedelta(seconds=5))
    clock.evaluate(breakers=[away])
    written = json.loads(sent.calls[0].request.body)["message"]
    assert (
        "CRM está fora do ar há 5 s: nenhuma entrega na fila. As entregas esperam e saem sozinhas" in written
    )
    assert "não é preciso fazer nada. Se continuar às" in written
    assert "chame: Equipe de operação (Ana Souza, 11 98765-4321)." in written
