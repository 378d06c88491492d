"""One health from four signals."""

import json
from datetime import datetime, timedelta

import pytest
import responses
from celery.signals import worker_ready
from django.core.management import CommandError, call_command
from django.utils import timezone

from carinho.local_time import SAO_PAULO
from events.models import CircuitBreaker
from tests.whatsapp.conftest import cancel
from tests.whatsapp.inbox_client import call, post, sample
from whatsapp import connection, contacts, setup, tasks
from whatsapp.callbacks.inbox import Ignored
from whatsapp.models import Callback, Connection, Received, SentMessage

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 23, 10, 30, tzinfo=SAO_PAULO)  # a Friday


@pytest.fixture
def alive(db):
    Connection.load()
    Connection.objects.update(
        connected=True, phone_online=True, checked_at=NOW, last_receipt_at=NOW, last_received_at=NOW
    )


def history(every_minutes=30, *, hour=NOW.hour, days=range(1, 28)):
    contact = contacts.find_or_make(contacts.identity("5511987654321"))
    moments = [
        NOW.replace(hour=hour, minute=0) - timedelta(days=day) + timedelta(minutes=minutes)
        for day in days
        for minutes in range(0, 60, every_minutes)
    ]
    Received.objects.bulk_create(
        Received(contact=contact, message_id=f"M{number}", kind="text", received_at=moment)
        for number, moment in enumerate(moments)
    )


def status(now=NOW):
    return connection.health(now).status


def test_everything_well_is_connected_in_the_keys_of_the_guide(alive):
    history()
    health = connection.health(NOW)
    assert [signal.is_good for signal in health.signals] == [True] * 4
    assert health.as_json()["connected"] is True
    assert health.as_json()["status"] == "connected"
    assert [signal["name"] for signal in health.as_json()["signals"]] == [
        "flag",
        "phone",
        "received",
        "receipt",
    ]


@pytest.mark.parametrize(
    ("known", "is_good", "words"),
    [
        ({}, True, "com internet"),
        ({"phone_online": False}, False, "ainda saem"),
        ({"phone_online": False, "connected": False}, False, "sem internet."),
        ({"phone_online": None}, None, "Não sabemos"),
        ({"checked_at": None}, None, "Não sabemos"),
        ({"checked_at": NOW - timedelta(minutes=5)}, None, "Não sabemos"),
    ],
)
def test_phone_is_known_as_long_as_the_answer_about_it_is_fresh(alive, known, is_good, words):
    Connection.objects.update(**known)
    signal = connection.health(NOW).as_json()["signals"][1]
    assert signal.keys() == {"name", "good", "age_seconds", "message"}
    assert (signal["name"], signal["good"]) == ("phone", is_good)
    assert words in signal["message"]
    assert (signal["age_seconds"] is None) == (known.get("checked_at", NOW) is None)


def test_never_asked_is_unknown_and_neither_connected_nor_disconnected(db):
    health = connection.health(NOW).as_json()
    assert (health["status"], health["connected"]) == ("unknown", None)
    assert (health["signals"][0]["name"], health["signals"][0]["good"]) == ("flag", None)
    assert "ainda não foi perguntado" in health["signals"][0]["message"]


def test_worker_that_starts_looks_first_thing(monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.check_connection, "apply_async", lambda **options: sent.append(options))
    monkeypatch.setattr("monitoring.heartbeats.start", lambda name: None)  # a thread that would beat for ever
    worker_ready.send(sender=None)
    assert sent == [{"expires": 30}]


@responses.activate
def test_status_that_was_asked_before_a_disconnect_does_not_hide_it(alive, settings):
    settings.ZAPI = {"url": "https://zapi.test", "instance": "i", "token": "t", "client_token": "c"}

    def lost_meanwhile(request):
        connection._set(False, timezone.now())
        return 200, {}, json.dumps({"connected": True, "smartphoneConnected": True})

    responses.add_callback("GET", "https://zapi.test/instances/i/token/t/status", lost_meanwhile)
    connection.check()
    assert connection.health().status == "disconnected"
    assert CircuitBreaker.objects.get(service="whatsapp").offline_since is not None


def test_disconnect_holds_the_lane_before_it_is_answered(alive, settings):
    settings.ZAPI = settings.ZAPI | {
        "instance": "simulator",
        "token": "simulator",
        "webhook_secret": "segredo-de-teste",
    }
    lost, back = 1769175667, 1769175700
    for body in (sample("disconnected"), sample("disconnected", momment="?")):
        CircuitBreaker.objects.update(offline_since=None)
        post(body | ({"momment": lost} if body["momment"] != "?" else {}))
        is_held = CircuitBreaker.objects.get(service="whatsapp").offline_since is not None
        assert is_held == (body["momment"] != "?")
    call(sample("connected", momment=back))
    post(sample("disconnected", momment=lost))
    assert connection.is_disconnected() is False


def test_history_of_four_weeks_is_counted_once_for_health(alive, monkeypatch):
    counted, real = [], connection.usual_gap
    monkeypatch.setattr(connection, "usual_gap", lambda now: counted.append(now) or real(now))
    history()
    health = connection.health(NOW)
    assert (health.usual_gap, counted) == (timedelta(minutes=30), [NOW])


def test_answer_that_nobody_confirmed_for_long_is_unknown(alive):
    assert status(NOW + timedelta(minutes=6)) == "unknown"


def test_connected_but_silent_is_a_state_of_its_own(alive):
    history()
    Connection.objects.update(last_received_at=NOW - timedelta(hours=3))
    health = connection.health(NOW)
    assert (health.status, health.connected) == ("silent", True)


def test_silence_at_night_on_sunday_or_without_history_proves_nothing(alive):
    Connection.objects.update(last_received_at=NOW - timedelta(hours=3))
    assert status() == "connected"
    history()
    assert connection.usual_gap(NOW.replace(hour=3)) is None
    assert connection.usual_gap(NOW + timedelta(days=2)) is None


@pytest.mark.parametrize(("hour", "is_usual"), [(7, False), (8, True), (19, True), (20, False)])
def test_messages_are_usual_in_working_hours_only(alive, hour, is_usual):
    history(hour=hour)
    assert (connection.usual_gap(NOW.replace(hour=hour)) is not None) == is_usual


def test_usual_gap_is_that_of_the_working_days_of_four_weeks(alive):
    history(every_minutes=5, days=(5, 12, 19, 26))  # Sundays
    assert Received.objects.count() > connection.FEWEST_MESSAGES
    assert connection.usual_gap(NOW) is None
    Received.objects.all().delete()
    history(every_minutes=60)
    assert connection.usual_gap(NOW) == timedelta(hours=1)


def test_nothing_is_said_of_messages_in_when_none_came_yet(alive):
    history()
    Connection.objects.update(last_received_at=None)
    received = connection.health(NOW).signals[2]
    assert (received.is_good, received.at) == (None, None)


@pytest.mark.parametrize("last_receipt", [NOW - timedelta(hours=1), None])
@pytest.mark.parametrize(("minutes", "said"), [(11, "silent"), (9, "connected")])
def test_messages_that_nothing_confirms_for_ten_minutes_mean_silence(alive, minutes, said, last_receipt):
    cancel(1, phone="5511987654321")
    SentMessage.objects.update(status="accepted", accepted_at=NOW - timedelta(minutes=minutes))
    Connection.objects.update(last_receipt_at=last_receipt)
    assert status() == said


def test_later_of_two_connection_callbacks_holds_in_any_order(settings):
    settings.ZAPI = settings.ZAPI | {
        "instance": "simulator",
        "token": "simulator",
        "webhook_secret": "segredo-de-teste",
    }
    seconds = 1769175667
    call(sample("disconnected", momment=seconds + 60), sample("connected", momment=seconds * 1000))
    assert Connection.load().connected is False
    call(sample("connected", momment=(seconds + 120) * 1000))
    assert Connection.load().connected is True


def test_what_was_known_of_the_phone_ends_with_the_connection_it_was_seen_in(alive):
    Connection.objects.update(connected=False, phone_online=False)
    connection._set(True, timezone.now())
    assert Connection.load().phone_online is None
    connection._set(False, timezone.now(), phone_online=True)
    assert Connection.load().phone_online is True


def test_answer_of_zapi_is_kept_and_one_that_says_nothing_leaves_what_is_known(alive, monkeypatch):
    def answers(answer):
        monkeypatch.setattr(connection.WhatsApp, "get", lambda *_, **__: answer)
        connection.check()
        return Connection.load()

    Connection.objects.update(checked_at=None, check_failed_at=None)
    row = answers({"error": "no session"})
    assert (row.connected, row.checked_at, row.error) == (True, None, "")
    assert "não responde" in connection.health(NOW, row).signals[0].sentence
    row = answers({"connected": True, "smartphoneConnected": False, "error": "x" * 201})
    assert (row.connected, row.phone_online, row.check_failed_at) == (True, False, None)
    assert (row.error, row.checked_at is not None) == ("x" * 200, True)
    row = answers({"connected": False, "error": None})
    assert (row.connected, row.error) == (False, "")


@pytest.fixture
def told(monkeypatch):
    """What others are told, and the lanes that are woken up."""
    facts, woken = [], []
    monkeypatch.setattr(connection.lifecycle, "write", lambda more: facts.extend(name for name, _ in more))
    monkeypatch.setattr(connection.wakeup, "wake_up", woken.extend)
    return facts, woken


def test_disconnect_is_told_once_and_only_a_return_wakes_the_lane(
    alive, told, django_capture_on_commit_callbacks
):
    since, later, back = (NOW + timedelta(minutes=minutes) for minutes in (1, 2, 3))
    with django_capture_on_commit_callbacks(execute=True):
        assert connection._set(True, NOW)
        assert connection._set(False, since)
        assert connection._set(False, later)
    assert told == (["whatsapp.disconnected"], [])
    row = Connection.load()
    assert (row.changed_at, row.disconnected_at, row.phone_online) == (since, since, None)
    with django_capture_on_commit_callbacks(execute=True):
        assert connection._set(True, back)
        assert not connection._set(False, later)
    assert told == (["whatsapp.disconnected"], ["whatsapp"])
    assert Connection.load().changed_at == back


@pytest.mark.parametrize(
    ("apply", "is_connected"), [(connection.on_connected, True), (connection.on_disconnected, False)]
)
def test_news_of_the_connection_have_their_own_time_and_older_ones_are_ignored(alive, apply, is_connected):
    Connection.objects.update(connected=not is_connected, changed_at=NOW)
    older = Callback(body={"momment": (NOW - timedelta(minutes=1)).timestamp()}, received_at=timezone.now())
    with pytest.raises(Ignored):
        apply(older)
    moment = NOW + timedelta(minutes=1)
    apply(Callback(body={"momment": moment.timestamp(), "error": "x" * 201}, received_at=timezone.now()))
    row = Connection.load()
    assert (row.connected, row.changed_at, row.error) == (is_connected, moment, "x" * 200)
    apply(Callback(body={}, received_at=NOW + timedelta(minutes=2)))
    assert Connection.load().error == ""


def test_lane_is_held_with_what_zapi_said_of_the_disconnect(alive):
    said = {"momment": NOW.timestamp(), "error": "x" * 201}
    connection.hold_on_disconnect(said | {"type": "ConnectedCallback"})
    assert not connection.is_disconnected()
    connection.hold_on_disconnect(said | {"type": "DisconnectedCallback"})
    assert connection.is_disconnected()
    assert Connection.load().error == "x" * 200


def test_signs_of_life_only_move_forward(alive):
    Connection.objects.update(last_receipt_at=None)
    for moment in (NOW + timedelta(minutes=2), NOW + timedelta(minutes=1)):
        connection.record_message(moment)
        connection.record_receipt(moment)
    row = Connection.load()
    assert row.last_received_at == row.last_receipt_at == NOW + timedelta(minutes=2)


def test_configuration_that_zapi_refused_is_known_with_what_it_said(alive):
    connection.mark_misconfigured("x" * 301)
    row = Connection.load()
    assert (row.misconfiguration, row.misconfigured_at is not None) == ("x" * 300, True)


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


def test_simulator_that_forgot_our_address_is_given_it_again(zapi, settings):
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    settings.DEMO, settings.SIMULATOR_URL = True, zapi.url
    setup.register_at_simulator()
    assert said(zapi)["Todos os avisos do Z-API vêm para cá."]


@pytest.mark.parametrize("changes", [{"DEMO": False}, {"SIMULATOR_URL": "http://elsewhere.test"}])
def test_webhooks_of_a_real_instance_are_not_touched_unasked(zapi, settings, changes):
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    settings.DEMO, settings.SIMULATOR_URL = True, zapi.url
    for name, value in changes.items():
        setattr(settings, name, value)
    setup.register_at_simulator()
    assert not zapi.calls("zapi")


def test_simulator_that_is_away_keeps_the_connection_from_no_check(zapi, settings):
    settings.DEMO, settings.SIMULATOR_URL = True, zapi.url
    zapi.fault("zapi", status=500)
    setup.register_at_simulator()
    zapi.heal("zapi")


def test_refused_setup_is_no_success(zapi, settings):
    settings.ZAPI = settings.ZAPI | {"token": "wrong"}
    with pytest.raises(CommandError, match="ZAPI_INSTANCE"):
        call_command("whatsapp", "setup")


def test_status_command_prints_the_health_with_each_signal(alive, capsys):
    call_command("whatsapp", "status")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0] in ("connected", "silent", "unknown")
    assert all(line[0] in "✓✗?" for line in lines[1:])


def test_secret_is_never_said(zapi, settings, capsys):
    settings.PUBLIC_URL = "http://127.0.0.1:1"
    call_command("whatsapp", "setup")
    assert "segredo-de-teste" not in capsys.readouterr().out
