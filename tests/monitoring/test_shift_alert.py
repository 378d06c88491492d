"""What the shift reads on WhatsApp."""

import json

import pytest
import responses

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
