"""The secrets that stand in callback addresses are seen nowhere."""

import json
import logging

import pytest
from django.core.checks import run_checks

from carinho.logs import JsonFormatter
from events.engine import lane
from events.models import Attempt
from tests.whatsapp.conftest import cancel, message_of, until

PHONE = "5511987654321"


@pytest.mark.parametrize(
    "text",
    [
        "Internal Server Error: /webhooks/whatsapp/SEGREDO",
        "GET https://api.z-api.io/instances/I1/token/SEGREDO/send-text failed",
        "https://a.test/webhooks/whatsapp/SEGREDO?x=1",
    ],
)
def test_log_never_holds_a_secret_of_an_address(text):
    try:
        raise ValueError(text)
    except ValueError:
        import sys

        record = logging.LogRecord("x", logging.ERROR, __file__, 1, text, None, sys.exc_info())
    line = JsonFormatter().format(record)
    assert "SEGREDO" not in line
    assert json.loads(line)["message"].startswith(text[:20])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}, {"status": 403}])
def test_attempt_shows_neither_token_nor_phone(zapi, quick, fault):
    from events.models import CircuitBreaker

    CircuitBreaker.objects.get_or_create(service="whatsapp")
    zapi.fault("zapi", **fault)
    event = cancel(1, phone=PHONE)
    until(lambda: lane.drain("whatsapp", seconds=2, linger=0.5) or Attempt.objects.exists())
    zapi.heal("zapi")
    attempt = Attempt.objects.filter(delivery__event=event).first()
    shown = attempt.sent + attempt.answered + attempt.error + message_of(event).error
    assert PHONE not in shown
    assert "/token/" not in shown


def test_quiet_hours_that_are_none_are_found_at_start(settings):
    settings.WHATSAPP_QUIET_HOURS = "tarde"
    assert "whatsapp.E002" in [problem.id for problem in run_checks()]
