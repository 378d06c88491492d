"""A person mends an event's data: open steps go on with it, done ones do not repeat, both versions stay."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from carinho.access.models import AuditEntry
from events import event_corrections, operations, retention
from events.engine import attempt, lane, transitions
from events.engine.transitions import Failure
from events.event_corrections import StaleVersion
from events.intake import envelope, ingestion
from events.intake.envelope import RequestRejected
from events.models import Correction, DeadLetter, Delivery, Event
from tests.console import rows

pytestmark = pytest.mark.django_db
WRONG, RIGHT = "(11) 98765-4321", "(21) 99876-5432"


def wrong_phone(step="register_lead", **data):
    return rows.dead_letter(step, cause="invalid_phone_number", reason="Invalid phone number", **data)


def correct(dead_letter, *, reason="A família ligou", actor="user:ana", version=None, **changes):
    dead_letter = DeadLetter.objects.select_related("event").get(pk=dead_letter.pk)
    data = event_corrections.as_sent(dead_letter.event) | changes
    version = version or event_corrections.version_of(dead_letter)
    return event_corrections.correct(dead_letter, data, version=version, actor=actor, reason=reason)


def steps(event):
    return dict(event.deliveries.values_list("step", "status"))


def fail(event, step, cause="invalid_data"):
    delivery = event.deliveries.get(step=step)
    transitions.fail_held([Failure(delivery.pk, "rejected", cause, "Refused")], error="Refused")


def test_corrected_data_replaces_the_wrong_one_and_what_failed_is_sent_again():
    dead_letter = wrong_phone()
    correction = correct(dead_letter, phone=RIGHT)
    event = Event.objects.get()
    assert (event.data["phone"], event.phone, event.subject) == (
        "5521998765432",
        "5521998765432",
        "phone:5521998765432",
    )
    assert event.as_sent["phone"] == RIGHT
    dead_letter.refresh_from_db()
    assert (dead_letter.status, dead_letter.moved_by) == ("retrying", "user:ana")
    assert correction.changed == {"phone": ("5511987654321", "5521998765432")}


def test_both_versions_are_kept_as_they_were_typed():
    dead_letter = wrong_phone()
    correct(dead_letter, phone=RIGHT)
    fail(Event.objects.get(), "register_lead", "invalid_phone_number")
    correct(dead_letter, name="Ana Souza", actor="user:bia")
    second, first = Correction.objects.all()
    assert (first.number, first.before["phone"], first.after["phone"]) == (1, WRONG, RIGHT)
    assert (second.number, second.before["name"], second.after["name"]) == (2, rows.NAME, "Ana Souza")
    assert (second.actor, second.reason) == ("user:bia", "A família ligou")


def test_every_open_step_goes_on_with_the_new_data_and_a_done_one_is_not_repeated():
    dead_letter = wrong_phone("send_welcome", utm={"campaign": "inverno"})
    event = dead_letter.event
    Delivery.objects.filter(event=event, step="register_lead").update(
        status="done", due_at=None, result={"lead_id": 1}
    )
    Delivery.objects.filter(event=event, step="attribute_campaign").update(
        status="queued", due_at="2020-01-01T00:00Z"
    )
    correct(dead_letter, phone=RIGHT)
    assert steps(event) == {
        "register_lead": "done",
        "send_welcome": "queued",
        "attribute_campaign": "queued",
    }
    [claim] = transitions.claim("marketing", 5)
    assert claim.event.payload["phone"] == "5521998765432"
    subjects = dict(event.deliveries.values_list("step", "subject"))
    assert subjects["send_welcome"] == subjects["attribute_campaign"] == "phone:5521998765432"
    assert subjects["register_lead"] == "phone:5511987654321"


def test_all_failed_steps_of_the_event_are_sent_again():
    dead_letter = wrong_phone()
    fail(dead_letter.event, "send_welcome", "invalid_phone_number")
    correct(dead_letter, phone=RIGHT)
    assert set(steps(dead_letter.event).values()) == {"queued"}
    assert not DeadLetter.objects.filter(status="open").exists()


def test_a_step_that_only_now_applies_is_added_and_waits_for_the_one_before_it():
    dead_letter = wrong_phone()
    correct(dead_letter, utm={"campaign": "inverno"})
    added = Delivery.objects.get(step="attribute_campaign")
    assert (added.status, added.after, added.service) == ("waiting", "register_lead", "marketing")


def test_a_step_that_only_now_applies_is_queued_when_the_one_before_it_is_done():
    dead_letter = wrong_phone("send_welcome")
    Delivery.objects.filter(step="register_lead").update(status="done", due_at=None, result={"lead_id": 1})
    correct(dead_letter, utm={"campaign": "inverno"})
    added = Delivery.objects.get(step="attribute_campaign")
    assert added.status == "queued"
    assert added.due_at is not None


def test_a_step_that_only_now_applies_is_skipped_when_the_one_before_it_will_not_happen():
    dead_letter = wrong_phone("send_welcome")
    Delivery.objects.filter(step="register_lead").update(
        status="skipped", skip_cause="archived", due_at=None, finished_at="2020-01-01T00:00Z"
    )
    correct(dead_letter, utm={"campaign": "inverno"})
    added = Delivery.objects.get(step="attribute_campaign")
    assert (added.status, added.skip_cause) == ("skipped", "earlier")


@pytest.mark.parametrize("is_dead", [False, True])
def test_a_step_that_no_longer_applies_is_cancelled(is_dead):
    dead_letter = wrong_phone(utm={"campaign": "inverno"})
    if is_dead:
        Delivery.objects.filter(step="attribute_campaign").update(status="queued", due_at="2020-01-01T00:00Z")
        fail(dead_letter.event, "attribute_campaign")
    correct(dead_letter, utm={"source": "google"})
    assert steps(dead_letter.event)["attribute_campaign"] == "skipped"
    assert steps(dead_letter.event)["register_lead"] == "queued"


def test_a_step_new_in_the_code_is_not_added_by_a_correction():
    dead_letter = wrong_phone()
    Delivery.objects.filter(step="send_welcome").delete()  # as if the flow had not had it then
    correct(dead_letter, phone=RIGHT)
    assert set(steps(dead_letter.event)) == {"register_lead"}


def test_the_end_of_use_follows_the_corrected_day():
    data = {
        "service_id": 1, "client_id": 2, "caregiver_id": 3, "client_phone": WRONG,
        "starts_at": "2099-01-23T10:30:00-03:00", "address": "Rua A, 1",
    }  # fmt: skip
    read = envelope.read({"type": "service.scheduled", "id": "s-1", "data": data}, source="operacao")
    event = Event.objects.get(pk=ingestion.record([read])[0].event_id)
    fail(event, "tell_client")
    correct(DeadLetter.objects.get(), starts_at="2099-02-01T08:00:00-03:00")
    assert event.deliveries.get(step="tell_client").useful_until.isoformat() == "2099-02-01T11:00:00+00:00"


def test_what_intake_would_refuse_is_refused_with_a_sentence_beside_the_field():
    dead_letter = wrong_phone()
    with pytest.raises(RequestRejected) as refused:
        correct(dead_letter, phone="98765-4321", name="")
    assert set(refused.value.fields) == {"data.phone", "data.name"}
    assert Correction.objects.count() == 0


def test_the_same_number_typed_otherwise_is_no_correction():
    with pytest.raises(RequestRejected) as refused:
        correct(wrong_phone(), phone="11987654321")
    assert refused.value.code == "nothing_changed"


def test_the_senders_repeat_of_what_it_sent_is_still_recognised():
    dead_letter = wrong_phone()
    event = dead_letter.event
    body = {"type": event.type, "id": event.key, "data": event_corrections.as_sent(event)}
    correct(dead_letter, phone=RIGHT)
    [again] = ingestion.accept([envelope.read(body, source="site")])
    assert (again.event_id, again.is_duplicate) == (event.pk, True)


def test_the_audit_log_names_the_fields_and_masks_their_values():
    dead_letter = wrong_phone()
    correct(dead_letter, phone=RIGHT)
    entry = AuditEntry.objects.get(action="event.correct")
    assert (entry.actor, entry.target) == ("user:ana", f"event {dead_letter.event_id}")
    assert entry.detail == {
        "fields": ["phone"],
        "before": {"phone": "+55 11 9••••-4321"},
        "after": {"phone": "+55 21 9••••-5432"},
        "reason": "A família ligou",
    }
    assert "98765" not in json.dumps(list(AuditEntry.objects.values_list("detail", flat=True)))


@pytest.mark.parametrize(
    ("meanwhile", "sentence"),
    [
        (lambda row: operations.archive([row.pk], actor="user:bia"), "bia já arquivou este item."),
        (lambda row: operations.retry([row.pk], actor="user:bia"), "bia já reenviou este item."),
        (lambda row: correct(row, actor="user:bia", name="Outra"), "bia já corrigiu os dados"),
    ],
)
def test_it_stops_and_says_who_when_somebody_else_dealt_with_it(meanwhile, sentence):
    dead_letter = wrong_phone()
    version = event_corrections.version_of(dead_letter)
    meanwhile(dead_letter)
    with pytest.raises(StaleVersion, match=sentence):
        correct(dead_letter, version=version, phone=RIGHT)


def test_it_stops_when_it_was_sent_again_and_failed_meanwhile():
    dead_letter = wrong_phone()
    version = event_corrections.version_of(dead_letter)
    operations.retry([dead_letter.pk], actor="user:bia")
    fail(dead_letter.event, "register_lead")
    with pytest.raises(StaleVersion, match="falhou de novo"):
        correct(dead_letter, version=version, phone=RIGHT)


@pytest.mark.django_db(transaction=True)
def test_of_operators_who_correct_one_item_at_the_same_instant_one_does():
    dead_letter = wrong_phone()
    version = event_corrections.version_of(dead_letter)
    gate = threading.Barrier(4)

    def run(number):
        try:
            gate.wait()
            return correct(dead_letter, version=version, actor=f"user:{number}", name=f"Pessoa {number}")
        except StaleVersion as overtaken:
            return str(overtaken)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(run, range(4)))
    [done] = [result for result in results if isinstance(result, Correction)]
    assert Event.objects.get().data["name"] == done.after["name"]
    assert Correction.objects.count() == 1
    said = {result for result in results if isinstance(result, str)}
    assert said == {f"{done.actor.removeprefix('user:')} já corrigiu os dados deste evento e o reenviou."}


def test_others_are_those_of_the_same_step_and_cause_with_the_same_wrong_value():
    first, same = wrong_phone(), wrong_phone(name="Outra Pessoa")
    wrong_phone(phone="(31) 98888-7777")
    rows.dead_letter(cause="connection_timeout")
    wrong_phone("send_welcome")
    correction = correct(first, phone=RIGHT)
    assert list(event_corrections.others(correction)) == [same]


def test_others_lack_the_field_that_was_lacking():
    first, same = wrong_phone(), wrong_phone()
    wrong_phone(utm={"source": "google", "campaign": "verão"})
    correction = correct(first, utm={"source": "google"})
    assert correction.changed == {"utm.source": (None, "google")}
    assert list(event_corrections.others(correction)) == [same]


def test_the_same_correction_reaches_the_others_with_one_audit_entry_each(django_assert_max_num_queries):
    dead_letters = [wrong_phone() for _ in range(12)]
    correction = correct(dead_letters[0], phone=RIGHT)
    ids = [row.pk for row in event_corrections.others(correction)]
    operations.archive(ids[:1], actor="user:bia")
    with django_assert_max_num_queries(40):
        done = event_corrections.repeat(correction, ids, actor="user:ana")
    assert sorted(done) == sorted(ids[1:])
    assert Event.objects.filter(phone="5521998765432").count() == 11
    assert DeadLetter.objects.filter(status="retrying").count() == 11
    assert Correction.objects.filter(repeats=correction).count() == 10
    entries = AuditEntry.objects.filter(action="event.correct", detail__repeats=correction.pk)
    assert entries.count() == 10


def test_what_is_wrong_in_another_way_stays_for_a_person():
    first, other = wrong_phone(), wrong_phone()
    Event.objects.filter(pk=other.event_id).update(data={"phone": "5511987654321"}, as_sent={})
    correction = correct(first, phone=RIGHT)
    assert event_corrections.repeat(correction, [other.pk], actor="user:ana") == []
    assert DeadLetter.objects.get(pk=other.pk).status == "open"


def test_corrections_go_with_their_event():
    correct(wrong_phone(), phone=RIGHT)
    Event.objects.update(received_at="2020-01-01T00:00Z", status="processed")
    retention.prune()
    assert not Event.objects.exists()


def test_a_corrected_delivery_ends_resolved(make_delivery, calls):
    delivery = make_delivery(7)
    calls.put("https://billing.test/visits/7/hours", status=422, json={"message": "Invalid visit"})
    lane.write([attempt.attempt(claim) for claim in transitions.claim("billing", 5)])
    dead_letter = DeadLetter.objects.get(delivery=delivery)
    correct(dead_letter, id=8)
    calls.put("https://billing.test/visits/8/hours", json={})
    lane.write([attempt.attempt(claim) for claim in transitions.claim("billing", 5)])
    dead_letter.refresh_from_db()
    assert dead_letter.status == "resolved"
