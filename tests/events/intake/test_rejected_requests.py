"""What was refused is kept so that it can be put through after a fix, once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from carinho.access.models import AuditEntry
from carinho.masking import REMOVED
from events.intake import rejected_requests
from events.intake.envelope import RequestRejected
from events.intake.rejected_requests import Incoming
from events.models import Event, RejectedRequest

pytestmark = pytest.mark.django_db

WRONG = RequestRejected(
    "invalid_data", "Há campos errados.", status=422, fields={"data.phone": "Não é um telefone."}
)
LEAD = {"name": "Maria Teste", "phone": "11987654321"}


def body(**envelope):
    return {"type": "lead.created", "id": "site-1", "data": LEAD} | envelope


def kept(content=None, **known):
    raw = json.dumps(body() if content is None else content).encode()
    rejected_requests.keep(WRONG, Incoming("site", **({"body": raw, "is_proven": True} | known)))
    return RejectedRequest.objects.latest("id")


def test_secrets_are_removed_and_the_rest_stays_readable():
    rejected = kept(body(data=LEAD | {"password": "1234", "apiKey": "abc", "list": [{"access_token": "x"}]}))
    data = json.loads(rejected.body)["data"]
    assert data == LEAD | {"password": REMOVED, "apiKey": REMOVED, "list": [{"access_token": REMOVED}]}


def test_unproven_body_is_not_kept():
    rejected = kept(is_proven=False)
    assert (rejected.body, rejected.type) == ("", "")


def test_long_body_is_cut_between_characters():
    rejected = kept(body(data={"message": "ã" * 40_000}))
    assert rejected.is_cut
    assert len(rejected.body.encode()) <= 64 * 1024


def test_body_nested_without_end_is_kept_as_text():
    raw = b"[" * 100_000
    assert kept(body=raw).body == "[" * (64 * 1024)


def test_what_only_the_headers_said_is_kept_with_the_body():
    rejected = kept({"data": LEAD}, headers={"X-Event-Type": "lead.created", "Idempotency-Key": "k-1"})
    assert json.loads(rejected.body) == {"type": "lead.created", "id": "k-1", "data": LEAD}


def test_accepted_as_it_came_it_becomes_an_event_of_the_moment_it_arrived():
    rejected = kept()
    receipt = rejected_requests.accept(rejected, actor="user:ana")
    event = Event.objects.get(pk=receipt.event_id)
    rejected.refresh_from_db()
    assert (event.source, event.key, event.occurred_at) == ("site", "site-1", rejected.received_at)
    assert (rejected.accepted, rejected.accepted_by) == (event, "user:ana")
    assert AuditEntry.objects.get().action == "rejected_request.accept"


def test_corrected_body_is_accepted_in_place_of_a_wrong_one():
    rejected = kept(body(data={"name": "Maria"}))
    receipt = rejected_requests.accept(rejected, actor="user:ana", body=json.dumps(body()))
    assert Event.objects.get(pk=receipt.event_id).phone == "5511987654321"


def test_the_audit_log_says_what_was_corrected_masked_and_why():
    rejected = kept(body(data={"name": "Maria", "phone": "98765-4321"}))
    corrected = json.dumps(body(data={"name": "Maria", "phone": "11987654321"}))
    rejected_requests.accept(rejected, actor="user:ana", body=corrected, reason="Faltava o DDD")
    detail = AuditEntry.objects.get().detail
    assert (detail["edited"], detail["fields"], detail["reason"]) == (True, ["data.phone"], "Faltava o DDD")
    assert (detail["before"], detail["after"]) == (
        {"data.phone": "••••4321"},
        {"data.phone": "+55 11 9••••-4321"},
    )


def test_still_wrong_it_is_refused_again_and_stays_open():
    rejected = kept(body(data={}))
    with pytest.raises(RequestRejected) as refused:
        rejected_requests.accept(rejected, actor="user:ana")
    assert set(refused.value.fields) == {"data.name", "data.phone"}
    rejected.refresh_from_db()
    assert rejected.accepted_by == ""


def test_event_that_came_by_itself_meanwhile_is_not_made_twice():
    first = rejected_requests.accept(kept(), actor="user:ana")
    again = rejected_requests.accept(kept(), actor="user:ana")
    assert (again.event_id, again.is_duplicate) == (first.event_id, True)


@pytest.mark.parametrize(
    ("known", "code"),
    [({"is_proven": False}, "unproven_sender"), ({"is_cut": True}, "cut_body")],
)
def test_nothing_to_accept_is_said(known, code):
    with pytest.raises(RequestRejected) as refused:
        rejected_requests.accept(kept(**known), actor="user:ana")
    assert refused.value.code == code


@pytest.mark.django_db(transaction=True)
def test_two_operators_at_once_accept_it_once():
    rejected = kept({"type": "lead.created", "data": LEAD})

    def accept(name):
        try:
            return rejected_requests.accept(rejected, actor=name).event_id
        except RequestRejected as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(accept, ["user:ana", "user:bia"]))
    assert sorted(map(str, answers)) == sorted([str(Event.objects.get().pk), "already_accepted"])


def test_what_can_never_be_accepted_is_archived_with_its_reason_and_not_accepted_by_mistake():
    rejected, accepted, unproven = kept(), kept(), kept(is_proven=False)
    rejected_requests.accept(accepted, actor="user:ana")
    ids = [rejected.pk, accepted.pk, unproven.pk]
    assert rejected_requests.archive(ids, actor="user:ana", reason="Repetido") == [rejected.pk]
    rejected.refresh_from_db()
    assert (rejected.archived_by, rejected.note, rejected.is_waiting) == ("user:ana", "Repetido", False)
    entry = AuditEntry.objects.get(action="rejected_request.archive")
    assert (entry.target, entry.detail) == (str(rejected.pk), {"reason": "Repetido"})
    with pytest.raises(RequestRejected, match="foi arquivado por ana") as refused:
        rejected_requests.accept(rejected, actor="user:bia")
    assert refused.value.code == "archived"
    assert rejected_requests.archive(ids, actor="user:bia") == []


def test_archived_waits_again_by_an_undo_within_the_minute_or_a_restore():
    first, second = kept(), kept()
    ids = [first.pk, second.pk]
    rejected_requests.archive(ids, actor="user:ana", reason="Repetido")
    assert rejected_requests.undo_archive(ids, actor="user:bia") == []
    RejectedRequest.objects.filter(pk=first.pk).update(archived_at=timezone.now() - timedelta(minutes=2))
    assert rejected_requests.undo_archive(ids, actor="user:ana") == [second.pk]
    assert rejected_requests.restore(ids, actor="user:bia") == [first.pk]
    assert {(row.is_waiting, row.note, row.archived_at) for row in RejectedRequest.objects.all()} == {
        (True, "", None)
    }
    assert rejected_requests.accept(first, actor="user:bia").event_id


@pytest.mark.django_db(transaction=True)
def test_one_who_accepts_and_one_who_archives_at_once_do_one_of_both():
    rejected = kept()

    def run(move):
        try:
            return bool(move())
        except RequestRejected:
            return False
        finally:
            connection.close()

    moves = [
        lambda: rejected_requests.accept(rejected, actor="user:ana"),
        lambda: rejected_requests.archive([rejected.pk], actor="user:bia"),
    ]
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, moves)) == [False, True]
    rejected.refresh_from_db()
    assert bool(rejected.accepted_by) != bool(rejected.archived_by)
