"""One verdict from four proofs."""

from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from events.payload import SAO_PAULO
from tests.whatsapp.conftest import cancel
from tests.whatsapp.inbox_client import call, sample
from whatsapp import channel, contacts, setup
from whatsapp.models import Channel, Message, Received

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 23, 10, 30, tzinfo=SAO_PAULO)  # a Friday


@pytest.fixture
def alive(db):
    Channel.load()
    Channel.objects.update(
        connected=True, phone_online=True, checked_at=NOW, last_receipt_at=NOW, last_received_at=NOW
    )


def history(every_minutes=30):
    contact = contacts.find_or_make(contacts.identity("5511987654321"))
    moments = [
        NOW - timedelta(days=day, minutes=minutes)
        for day in range(1, 28)
        for minutes in range(0, 60, every_minutes)
    ]
    Received.objects.bulk_create(
        Received(contact=contact, message_id=f"M{number}", kind="text", received_at=moment)
        for number, moment in enumerate(moments)
    )


def status(now=NOW):
    return channel.verdict(now).status


def test_everything_well_is_connected_in_the_keys_of_the_guide(alive):
    verdict = channel.verdict(NOW)
    assert verdict.as_json()["connected"] is True
    assert verdict.as_json()["status"] == "connected"
    assert [proof["name"] for proof in verdict.as_json()["proofs"]] == [
        "flag",
        "phone",
        "received",
        "receipt",
    ]


def test_never_asked_is_unknown_and_not_disconnected(db):
    assert status() == "unknown"


def test_answer_that_nobody_confirmed_for_long_is_unknown(alive):
    assert status(NOW + timedelta(minutes=6)) == "unknown"


def test_connected_but_silent_is_a_state_of_its_own(alive):
    history()
    Channel.objects.update(last_received_at=NOW - timedelta(hours=3))
    verdict = channel.verdict(NOW)
    assert (verdict.status, verdict.connected) == ("silent", True)


def test_silence_at_night_on_sunday_or_without_history_proves_nothing(alive):
    Channel.objects.update(last_received_at=NOW - timedelta(hours=3))
    assert status() == "connected"
    history()
    assert channel.usual_gap(NOW.replace(hour=3)) is None
    assert channel.usual_gap(NOW + timedelta(days=2)) is None


def test_messages_that_nothing_confirms_mean_silence(alive):
    cancel(1, phone="5511987654321")
    Message.objects.update(status="accepted", accepted_at=NOW - timedelta(minutes=11))
    Channel.objects.update(last_receipt_at=NOW - timedelta(hours=1))
    assert status() == "silent"


def test_later_of_two_connection_callbacks_holds_in_any_order(settings):
    settings.ZAPI = settings.ZAPI | {
        "instance": "simulator",
        "token": "simulator",
        "webhook_secret": "segredo-de-teste",
    }
    seconds = 1769175667
    call(sample("disconnected", momment=seconds + 60), sample("connected", momment=seconds * 1000))
    assert Channel.load().connected is False
    call(sample("connected", momment=(seconds + 120) * 1000))
    assert Channel.load().connected is True


def test_what_was_known_of_the_phone_ends_with_the_connection_it_was_seen_in(alive):
    Channel.objects.update(connected=False, phone_online=False)
    channel._set(True, timezone.now())
    assert Channel.load().phone_online is None
    channel._set(False, timezone.now(), phone_online=True)
    assert Channel.load().phone_online is True


# --- setup and doctor -------------------------------------------------------------------------------


def said(zapi):
    return {finding.sentence: finding.is_good for finding in setup.examine()}


def test_setup_registers_every_callback_and_checks_it(zapi, settings, capsys):
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    call_command("whatsapp", "setup")
    assert "✗" not in capsys.readouterr().out
    assert setup.instance()["receiveCallbackSentByMe"] is True


@pytest.mark.parametrize(
    ("changes", "url", "words"),
    [
        ({}, "http://integracoes.test", "HTTPS"),
        ({"client_token": "wrong"}, "https://a.test", "servidor|token da conta"),
        ({"token": "wrong"}, "https://a.test", "ZAPI_INSTANCE"),
        ({"url": "http://127.0.0.1:9"}, "https://a.test", "não respondeu"),
    ],
)
def test_doctor_says_what_is_wrong(zapi, settings, changes, url, words):
    import re

    from carinho.services.base import Service

    Service._lines.pop("whatsapp", None)
    settings.ZAPI = settings.ZAPI | changes
    settings.PUBLIC_URL = url
    wrong = " ".join(sentence for sentence, is_good in said(zapi).items() if not is_good)
    assert re.search(words, wrong)


def test_doctor_sees_an_old_secret_another_address_an_expired_instance_and_a_lost_session(zapi, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    setup.register()
    settings.ZAPI = settings.ZAPI | {"webhook_secret": "novo"}
    assert any("segredo antigo" in sentence for sentence in said(zapi))
    settings.PUBLIC_URL = "http://127.0.0.1:2"
    assert any("não vêm para cá" in sentence for sentence in said(zapi))
    zapi.zapi_settings(due=1700000000)
    assert any("venceu" in sentence for sentence in said(zapi))
    zapi.zapi_settings(due=4102455600)
    zapi.zapi_disconnect()
    assert any("desconectado" in sentence for sentence in said(zapi))
    with pytest.raises(CommandError):
        call_command("whatsapp", "doctor")


def test_secret_is_never_said(zapi, settings, capsys):
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    call_command("whatsapp", "setup")
    assert "segredo-de-teste" not in capsys.readouterr().out
