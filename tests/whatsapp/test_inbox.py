"""Callbacks are read once, by one reader at a time, and what cannot be read is for a person."""

import threading

import pytest
from django.db import connection, connections, transaction
from django.urls import reverse

from carinho.access.models import AuditEntry
from carinho.console import badge_counts
from carinho.database import run
from carinho.locks import try_transaction_lock
from events.models import RejectedRequest
from monitoring import alerts, health, snapshot
from monitoring.models import Alert
from tests.clients import logged_in
from tests.whatsapp.inbox_client import SECRET, later, post, sample
from whatsapp.callbacks import processing
from whatsapp.models import Callback

HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"


@pytest.fixture(autouse=True)
def ours(settings):
    settings.ZAPI = settings.ZAPI | {"instance": "simulator", "token": "simulator", "webhook_secret": SECRET}


def give_up(*bodies, monkeypatch):
    """Callbacks that our own mistake keeps from being read."""

    def break_(_callback):
        raise KeyError("x")

    for body in bodies:
        assert post(body).status_code == 200
    with monkeypatch.context() as broken:
        broken.setattr(processing, "handle", break_)
        for _ in range(processing.MOST_ATTEMPTS):
            Callback.objects.update(due_at="2026-01-01T00:00:00Z")
            processing.process()
    return list(Callback.objects.order_by("pk"))


@pytest.mark.django_db(transaction=True)
def test_reader_keeps_no_lock_of_its_session():
    post(sample("received_text"))
    assert processing.process() == 1
    assert run(HELD, []) == [(0,)]


@pytest.mark.django_db(transaction=True)
def test_reader_does_not_wait_for_the_disk_and_everybody_else_does(monkeypatch):
    post(sample("received_text"))
    run("SET synchronous_commit = on", [])  # as on a server; that of the tests waits for no disk
    asked = []
    monkeypatch.setattr(processing, "handle", lambda _: asked.extend(run("SHOW synchronous_commit", [])))
    processing.process()
    assert asked == [("off",)]
    assert run("SHOW synchronous_commit", []) == [("on",)]
    run("RESET synchronous_commit", [])


@pytest.mark.django_db(transaction=True)
def test_two_readers_read_each_callback_once_and_a_second_ends_at_once():
    for number in range(20):
        post(sample("received_text", messageId=f"3A{number}"))
    with transaction.atomic():
        try_transaction_lock(processing.ONE_READER)
        ended = []

        def read():
            try:
                ended.append(processing.process())
            finally:
                connection.close()

        other = threading.Thread(target=read)
        other.start()
        other.join(20)
    assert ended == [0]
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    later()
    connections.close_all()
    assert set(Callback.objects.values_list("status", "attempts")) == {("done", 0)}


@pytest.mark.django_db
def test_given_up_callback_is_a_reason_of_the_health_and_an_alert(monkeypatch):
    give_up(sample("received_text"), monkeypatch=monkeypatch)
    found = {
        violation.rule.name: violation for violation in health.evaluate(snapshot.take_snapshot()).violations
    }
    assert found["callbacks_failed"].observation.value == 1
    assert found["callbacks_failed"].observation.url.endswith("?status=failed")
    alerts.evaluate()
    assert Alert.objects.filter(rule="callbacks_failed", resolved_at=None).exists()


def refused_callbacks():
    found = [violation.observation for violation in health.evaluate(snapshot.take_snapshot()).violations]
    return [row.value for row in found if row.subject == "refused_callbacks"]


@pytest.mark.django_db
def test_refused_callback_is_a_reason_of_the_health_until_it_is_accepted():
    for source in ("whatsapp", "site"):
        RejectedRequest.objects.create(
            source=source, code="invalid_json", status_code=400, is_proven=True, body="{"
        )
    RejectedRequest.objects.create(source="whatsapp", code="permission_denied", status_code=403)
    assert refused_callbacks() == [1]
    RejectedRequest.objects.update(accepted_by="user:ana")
    assert refused_callbacks() == []


@pytest.mark.django_db
def test_given_up_callback_stands_where_the_operator_looks_and_is_read_again(monkeypatch):
    (callback,) = give_up(sample("received_text"), monkeypatch=monkeypatch)
    assert callback.status == "failed"
    client = logged_in("Operador")
    page = client.get(reverse("admin:events_deadletter_changelist"))
    address = reverse("admin:whatsapp_callback_changelist") + "?status=failed"
    assert address in page.content.decode()
    assert client.get(address).context["cl"].result_count == 1
    request = page.wsgi_request  # each number of the sidebar counts the rows of its own page
    assert {name: badge_counts.waiting(request)[name] for name in ("open", "callbacks")} == {
        "open": 0,
        "callbacks": 1,
    }
    assert (
        "Ler de novo"
        in client.get(reverse("admin:whatsapp_callback_change", args=[callback.pk])).content.decode()
    )
    client.post(reverse("admin:whatsapp_callback_read_again"), {"ids": str(callback.pk)})
    processing.process()
    callback.refresh_from_db()
    assert (callback.status, callback.error) == ("done", "")
    assert AuditEntry.objects.get(target=f"callback {callback.pk}").action == "callback.read_again"
    assert address not in client.get(reverse("admin:events_deadletter_changelist")).content.decode()


@pytest.mark.django_db
def test_given_up_callback_is_dismissed_with_a_reason(monkeypatch):
    (callback,) = give_up(sample("received_text"), monkeypatch=monkeypatch)
    client = logged_in("Operador")
    client.post(
        reverse("admin:whatsapp_callback_dismiss"), {"ids": str(callback.pk), "reason": "lido no celular"}
    )
    callback.refresh_from_db()
    assert (callback.status, callback.cause) == ("ignored", "dismissed")
    assert AuditEntry.objects.get(action="callback.dismissed").detail == {"reason": "lido no celular"}


@pytest.mark.django_db
def test_viewer_reads_no_callback_again(monkeypatch):
    (callback,) = give_up(sample("received_text"), monkeypatch=monkeypatch)
    for verb in ("read_again", "dismiss"):
        address = reverse(f"admin:whatsapp_callback_{verb}")
        assert (
            logged_in("Visualizador", name=verb).post(address, {"ids": str(callback.pk)}).status_code == 403
        )
    callback.refresh_from_db()
    assert callback.status == "failed"
