"""The guide's section 3: what failed is listed, explained, retried and archived."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from carinho.access.models import AuditEntry
from events import operations, recipes
from events.engine import transitions
from events.engine.transitions import Failure
from events.models import DeadLetter, Delivery, FailureGroup
from events.recipes import Texts
from tests.clients import with_key
from tests.events.api.test_events import ids, store

pytestmark = pytest.mark.django_db

REASON = "Failed to create lead in CRM: Connection timeout"


@pytest.fixture
def reader():
    return with_key("read", name="leitor")


@pytest.fixture
def operator():
    return with_key("operate", name="turno")


def bury(number, step="register_lead", cause="connection_timeout", **data):
    """A lead of which one delivery died."""
    delivery = store(number, **data).deliveries.get(step=step)
    Delivery.objects.filter(pk=delivery.pk).update(attempts=5)
    transitions.fail_held([Failure(delivery.pk, "unavailable", cause, REASON)], error=REASON)
    return DeadLetter.objects.get(delivery=delivery)


def post(client, path, body=None):
    return client.post(path, body, content_type="application/json")


def test_list_has_the_keys_of_the_guide(reader):
    dead_letter = bury(1)
    (shown,) = reader.get("/api/dlq").json()["data"]
    assert (shown["id"], shown["event_id"], shown["reason"]) == (dead_letter.pk, dead_letter.event_id, REASON)
    assert shown["reason_pt"] == "O sistema não respondeu a tempo"
    assert shown["created_at"].endswith("-03:00")


def test_reason_in_portuguese_is_what_the_team_calls_the_failure(reader):
    dead_letters = [bury(1), bury(2, step="send_welcome", cause="invalid_phone_number")]
    group = FailureGroup.objects.get(service="crm")
    texts = Texts("CRM em manutenção", "a", "b", "c", "retry")
    recipes.write(group, texts, everywhere=False, actor="user:ana")
    shown = [row["reason_pt"] for row in reader.get("/api/dlq").json()["data"]]
    assert shown == ["Número de telefone inválido", "CRM em manutenção"]
    assert reader.get(f"/api/dlq/{dead_letters[0].pk}").json()["reason_pt"] == "CRM em manutenção"


def test_list_shows_what_waits_unless_a_status_is_asked(reader):
    dead_letters = [bury(number) for number in range(4)]
    operations.retry([dead_letters[0].pk], actor="user:ana")
    operations.archive([dead_letters[1].pk], actor="user:ana", reason="tratado por telefone")
    assert ids(reader.get("/api/dlq")) == [dead_letters[3].pk, dead_letters[2].pk]
    assert ids(reader.get("/api/dlq?status=retrying")) == [dead_letters[0].pk]
    assert ids(reader.get("/api/dlq?status=archived")) == [dead_letters[1].pk]
    assert reader.get("/api/dlq?status=all").status_code == 422


def test_filters_narrow_the_list(reader):
    crm = bury(1)
    whatsapp = bury(2, step="send_welcome", cause="invalid_phone_number")
    DeadLetter.objects.filter(pk=crm.pk).update(created_at=timezone.now() - timedelta(days=2))
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    for query, found in [
        ({"service": "crm"}, [crm.pk]),
        ({"cause": "invalid_phone_number"}, [whatsapp.pk]),
        ({"type": "lead.created"}, [whatsapp.pk, crm.pk]),
        ({"since": yesterday}, [whatsapp.pk]),
        ({"until": yesterday}, [crm.pk]),
    ]:
        assert ids(reader.get("/api/dlq", query)) == found, query
    assert set(reader.get("/api/dlq?service=crmm&since=x").json()["fields"]) == {"service", "since"}


def test_lists_and_items_cost_few_statements(reader, django_assert_num_queries):
    dead_letters = [bury(number) for number in range(10)]
    reader.get("/api/dlq")
    with django_assert_num_queries(5):  # key, rate, list, what the team calls its failures, what still fails
        reader.get("/api/dlq")
    with django_assert_num_queries(6):  # key, rate, item with delivery, attempts, its name, what still fails
        shown = reader.get(f"/api/dlq/{dead_letters[0].pk}").json()
    assert shown["delivery"]["step"] == "register_lead"


def test_stats_count_by_cause_service_type_and_status(reader, django_assert_num_queries):
    dead_letters = [bury(1), bury(2), bury(3, step="send_welcome", cause="invalid_phone_number"), bury(4)]
    operations.archive([dead_letters[3].pk], actor="user:ana")
    reader.get("/api/dlq")
    with django_assert_num_queries(6):
        stats = reader.get("/api/dlq/stats").json()
    assert stats["total"] == 3
    assert stats["by_cause"] == {"connection_timeout": 2, "invalid_phone_number": 1}
    assert stats["by_service"] == {"crm": 2, "whatsapp": 1}
    assert stats["by_type"] == {"lead.created": 3}
    assert stats["by_status"] == {"open": 3, "retrying": 0, "resolved": 0, "archived": 1}


def test_retry_answers_as_the_guide_says_and_queues_the_delivery(operator):
    dead_letter = bury(1)
    response = operator.post(f"/api/dlq/{dead_letter.pk}/retry")
    assert response.status_code == 200
    assert response.json() == {"message": "Item queued for retry", "event_id": dead_letter.event_id}
    dead_letter.refresh_from_db()
    assert (dead_letter.status, dead_letter.delivery.status, dead_letter.moved_by) == (
        "retrying",
        "queued",
        "key:turno",
    )


def test_item_that_is_not_open_is_409(operator):
    dead_letter = bury(1)
    operator.post(f"/api/dlq/{dead_letter.pk}/retry")
    for action in ("retry", "archive"):
        response = operator.post(f"/api/dlq/{dead_letter.pk}/{action}")
        assert (response.status_code, response.json()["code"]) == (409, "dlq_item_closed")
        assert response.json()["detail"] == "Este item não espera mais por você: tentando de novo."


def test_archive_keeps_the_reason_and_restore_opens_again(operator):
    dead_letter = bury(1)
    response = post(operator, f"/api/dlq/{dead_letter.pk}/archive", {"reason": "tratado por telefone"})
    assert (response.status_code, response.json()["id"]) == (200, dead_letter.pk)
    dead_letter.refresh_from_db()
    assert (dead_letter.status, dead_letter.note) == ("archived", "tratado por telefone")
    response = operator.post(f"/api/dlq/{dead_letter.pk}/restore")
    assert (response.status_code, response.json()["id"]) == (200, dead_letter.pk)
    dead_letter.refresh_from_db()
    assert (dead_letter.status, dead_letter.delivery.status) == ("open", "dead")
    response = operator.post(f"/api/dlq/{dead_letter.pk}/restore")
    assert (response.status_code, response.json()["code"]) == (409, "dlq_item_not_archived")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"data": "", "content_type": "application/json"},
        {"data": "", "content_type": "application/x-www-form-urlencoded"},
    ],
)
def test_archive_needs_no_body(operator, options):
    dead_letter = bury(1)
    assert operator.post(f"/api/dlq/{dead_letter.pk}/archive", **options).status_code == 200


def test_item_nobody_knows_is_404(operator):
    for action in ("retry", "archive", "restore"):
        assert operator.post(f"/api/dlq/{10**30}/{action}").status_code == 404


def test_bulk_retry_moves_what_matches_and_nothing_else(operator):
    crm, whatsapp = [bury(1), bury(2)], bury(3, step="send_welcome")
    count = post(operator, "/api/dlq/retry", {"service": "crm", "dry_run": True})
    assert count.json() == {"message": "2 items would be queued for retry", "count": 2, "dry_run": True}
    assert DeadLetter.objects.filter(status="open").count() == 3
    response = post(operator, "/api/dlq/retry", {"service": "crm"})
    assert response.json() == {"message": "2 items queued for retry", "count": 2, "dry_run": False}
    assert set(DeadLetter.objects.filter(status="retrying")) == set(crm)
    whatsapp.refresh_from_db()
    assert whatsapp.status == "open"
    assert AuditEntry.objects.get(action="dead_letter.retry").detail["ids"] == [
        dead_letter.pk for dead_letter in crm
    ]


def test_bulk_archive_by_ids_skips_what_is_closed(operator):
    dead_letters = [bury(number) for number in range(3)]
    operations.retry([dead_letters[0].pk], actor="user:ana")
    body = {"ids": [dead_letter.pk for dead_letter in dead_letters[:2]], "reason": "duplicados"}
    assert post(operator, "/api/dlq/archive", body).json()["count"] == 1
    dead_letters[1].refresh_from_db()
    assert (dead_letters[1].status, dead_letters[1].note) == ("archived", "duplicados")


def test_bulk_in_portions_moves_all(operator, monkeypatch):
    monkeypatch.setattr(operations, "AT_ONCE", 2)
    for number in range(5):
        bury(number)
    assert post(operator, "/api/dlq/archive", {"type": "lead.created"}).json()["count"] == 5


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"servce": "crm"}, {"servce"}),
        ({"service": ""}, {"service"}),
        ({"service": "nada"}, {"service"}),
        ({"since": "ontem"}, {"since"}),
        ({"ids": [1, "x"]}, {"ids.1"}),
        ({"ids": [10**30]}, {"ids.0"}),
        ({"dry_run": "talvez"}, {"dry_run"}),
        ([1], {"body"}),
    ],
)
def test_wrong_filter_moves_nothing_and_is_named(operator, body, fields):
    bury(1)
    response = post(operator, "/api/dlq/retry", body)
    assert (response.status_code, set(response.json()["fields"])) == (422, fields)
    assert DeadLetter.objects.get().status == "open"


@pytest.mark.django_db(transaction=True)
def test_of_two_operators_who_retry_at_once_one_gets_409():
    dead_letter = bury(1)
    keys = [with_key("operate").defaults for _ in range(2)]

    def retry(key):
        try:
            return Client(**key).post(f"/api/dlq/{dead_letter.pk}/retry").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(retry, keys)) == [200, 409]
