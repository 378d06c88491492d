"""Receipts of our own messages, in any order and before we know them."""

import itertools
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from events import operations
from events.engine import transitions
from events.engine.attempt import Result
from events.engine.transitions import Failure
from events.models import Delivery, Event
from tests.whatsapp.conftest import cancel, message_of
from tests.whatsapp.inbox_client import OURS, call, later, sample
from whatsapp import contacts, in_doubt, outbox, reachability
from whatsapp.callbacks import processing
from whatsapp.messages import Message
from whatsapp.models import Callback, SentMessage

pytestmark = pytest.mark.django_db

STATUS = {"delivery": "sent", "status_sent": "sent", "status_received": "delivered", "status_read": "read"}


@pytest.fixture(autouse=True)
def ours(settings):
    settings.ZAPI = settings.ZAPI | {
        "instance": "simulator",
        "token": "simulator",
        "webhook_secret": "segredo-de-teste",
    }


@pytest.fixture
def event(db):
    return cancel(1, phone="5511987650001")


def accept(event, id=OURS):
    """What the lane writes when Z-API has the message."""
    Delivery.objects.filter(event=event, service="whatsapp").update(status="done", due_at=None)
    message = message_of(event)
    message.message_id, message.status, message.accepted_at = id, "accepted", message.created_at
    message.save()
    outbox.inbox.make_due([id])
    return message


def test_message_is_made_with_its_delivery_and_follows_it(event):
    delivery = event.deliveries.get(service="whatsapp")
    assert (message_of(event).status, message_of(event).phone) == ("queued", "5511987650001")
    Delivery.objects.filter(pk=delivery.pk).update(status="dead", due_at=None, error="Failed")
    assert message_of(event).status == "failed"
    Delivery.objects.filter(pk=delivery.pk).update(status="queued", due_at=event.received_at)
    assert message_of(event).status == "queued"
    Delivery.objects.filter(pk=delivery.pk).update(status="skipped", due_at=None, skip_cause="expired")
    assert message_of(event).status == "expired"


@pytest.mark.parametrize("order", list(itertools.permutations(STATUS)), ids="-".join)
def test_receipts_in_any_order_end_the_same(event, order):
    accept(event)
    call(*(sample(name) for name in order))
    message = message_of(event)
    assert message.status == "read"
    assert all((message.sent_at, message.delivered_at, message.read_at))


def test_receipts_before_the_answer_of_the_send_are_not_lost(event):
    call(sample("delivery"), sample("status_received"))
    assert set(Callback.objects.values_list("status", flat=True)) == {"waiting"}
    accept(event)
    later()
    assert message_of(event).status == "delivered"


@pytest.mark.parametrize(("zaap_id", "ids"), [("", [OURS]), ("Z1", ["Z1"])])
def test_receipt_before_the_answer_is_read_again_as_soon_as_a_lane_wrote_the_answer(event, zaap_id, ids):
    call(sample("status_received", ids=ids))
    delivery = event.deliveries.get(service="whatsapp")
    Delivery.objects.filter(pk=delivery.pk).update(status="done", due_at=None)
    answer = {"message_id": OURS} | ({"zaap_id": zaap_id} if zaap_id else {})
    outbox.write_outcomes([Result(SimpleNamespace(id=delivery.pk), "done", "done", value=answer)])
    processing.process()
    assert message_of(event).status == "delivered"


def test_one_status_for_several_messages_reaches_each_of_them(event):
    accept(event)
    other = message_of(cancel(2, phone="5511987654321"))
    call(sample("status_read", ids=[OURS, "3EB0B"]))
    assert message_of(event).status == "read"
    SentMessage.objects.filter(pk=other.pk).update(
        message_id="3EB0B", status="accepted", accepted_at=other.created_at
    )
    later()
    other.refresh_from_db()
    assert other.status == "read"


def test_failure_goes_to_a_person_with_its_reason_and_a_receipt_overrides_it(event):
    accept(event)
    call(sample("delivery_failed"))
    message = message_of(event)
    letter = event.dead_letters.get()
    assert (message.status, message.failure) == ("failed", "shadow_ban")
    assert "limitou" in message.reason
    assert (letter.status, letter.cause) == ("open", "refused_later")
    call(sample("status_received"))
    message, delivery = message_of(event), event.deliveries.get(service="whatsapp")
    letter.refresh_from_db()
    assert (message.status, message.reason, delivery.status, letter.status) == (
        "delivered",
        "",
        "done",
        "resolved",
    )


def test_failure_after_a_receipt_changes_nothing(event):
    accept(event)
    call(sample("status_received"), sample("delivery_failed"))
    assert message_of(event).status == "delivered"
    assert not event.dead_letters.exists()


def test_undocumented_error_is_shown_to_a_person_as_it_came(event):
    accept(event)
    call(sample("delivery", error="Quantum flip"))
    assert "Quantum flip" in message_of(event).reason
    assert event.dead_letters.exists()


@pytest.mark.parametrize(("error", "failure"), [("Quantum flip", "Quantum flip"), (None, "")])
def test_status_that_says_failed_gives_the_reason_that_came_with_it(event, error, failure):
    accept(event)
    call(sample("status_read", status="FAILED", error=error))
    assert (message_of(event).status, message_of(event).error) == ("failed", failure)
    assert event.dead_letters.get().cause == "refused_later"


def test_receipt_counts_from_the_moment_that_z_api_gives_it(event):
    accept(event)
    at = timezone.now().replace(microsecond=0) - timedelta(minutes=7)
    call(sample("status_received", momment=int(at.timestamp() * 1000)))
    assert message_of(event).delivered_at == at


def test_each_move_is_an_event_that_causes_nothing(event):
    accept(event)
    call(sample("delivery"), sample("status_sent"), sample("status_read"))
    moves = Event.objects.filter(type="whatsapp.status")
    assert [move.data["status"] for move in moves.order_by("pk")] == ["sent", "read"]
    assert not Delivery.objects.filter(event__in=moves).exists()


def test_our_reading_of_their_message_is_no_delivery_of_ours(event):
    accept(event)
    (callback,) = call(sample("status_read", status="READ_BY_ME"))
    assert callback.cause == "read_by_us"
    assert message_of(event).status == "accepted"


def test_status_that_nobody_knows_is_kept_with_that_cause(event):
    accept(event)
    (callback,) = call(sample("status_read", status="TELEPATHY"))
    assert (callback.status, callback.cause) == ("ignored", "unknown_status")
    assert message_of(event).status == "accepted"


def test_receipt_of_a_message_that_is_never_ours_is_given_up(event, monkeypatch):
    call(sample("status_read"))
    for _ in range(8):
        later()
    assert Callback.objects.get().cause == "not_ours"


def sent_again(event):
    """WhatsApp refused it, and a person queued it again: it has no id until it is sent."""
    accept(event)
    call(sample("delivery_failed"))
    letter = event.dead_letters.get()
    assert operations.retry([letter.pk], actor="user:ana") == [letter.pk]
    assert (message_of(event).status, message_of(event).message_id) == ("queued", None)
    return letter


def test_receipt_of_the_first_send_ends_a_retry_that_has_not_started(event):
    letter = sent_again(event)
    call(sample("status_received"))
    delivery = event.deliveries.get(service="whatsapp")
    letter.refresh_from_db()
    assert (message_of(event).status, delivery.status, delivery.due_at) == ("delivered", "done", None)
    assert letter.status == "resolved"
    call(sample("status_read"))
    assert message_of(event).status == "read"


def test_receipt_of_the_first_send_counts_after_the_second_was_sent_too(event):
    sent_again(event)
    accept(event, "3EB0SECOND")
    call(sample("status_received"))
    message = message_of(event)
    assert (message.status, message.message_id) == ("delivered", "3EB0SECOND")


def test_receipt_of_the_first_send_proves_the_failure_of_the_second_wrong(event):
    sent_again(event)
    accept(event, "3EB0SECOND")
    call(sample("delivery_failed", messageId="3EB0SECOND", id="3EB0SECOND"))
    assert message_of(event).status == "failed"
    call(sample("status_received"))
    assert message_of(event).status == "delivered"
    assert event.deliveries.get(service="whatsapp").status == "done"


def test_other_news_of_the_first_send_is_old(event):
    sent_again(event)
    callback = call(sample("status_sent"))[-1]
    assert (callback.status, callback.cause) == ("ignored", "older")
    assert message_of(event).status == "queued"


def test_traces_of_a_failed_send_do_not_match_the_one_after_it(event):
    sent_again(event)
    message = message_of(event)
    Delivery.objects.filter(pk=message.delivery_id).update(in_doubt_since=timezone.now() - timedelta(hours=1))
    message = SentMessage.objects.select_related("delivery").get(pk=message.pk)
    traces = in_doubt.traces_of(message, contacts.find_or_make(contacts.identity(message.phone)))
    assert (traces.found, traces.unmatched) == (None, 0)


def put_in_doubt(event):
    """A message whose send ended in a time-out an hour ago."""
    hour_ago = timezone.now() - timedelta(hours=1)
    message = message_of(event)
    message.contact = contacts.find_or_make(contacts.identity(message.phone))
    message.first_tried_at = hour_ago
    message.save()
    Delivery.objects.filter(pk=message.delivery_id).update(in_doubt_since=hour_ago)
    return SentMessage.objects.select_related("delivery").get(pk=message.pk)


def test_as_many_unexplained_receipts_as_messages_in_doubt_mean_that_all_were_sent(event):
    one, other = put_in_doubt(event), put_in_doubt(cancel(2, phone="5511987650001"))
    call(sample("status_received", ids=["3EB0A", "3EB0B"]))
    found = [in_doubt.traces_of(message, message.contact).found for message in (one, other)]
    assert {each["message_id"] for each in found} == {"3EB0A", "3EB0B"}


def test_fewer_receipts_than_messages_in_doubt_match_nothing(event):
    one, other = put_in_doubt(event), put_in_doubt(cancel(2, phone="5511987650001"))
    call(sample("status_received", ids=["3EB0A"]))
    assert {in_doubt.traces_of(message, message.contact).found for message in (one, other)} == {None}


def given_up(event):
    """A message of which nobody could tell, put before a person an hour ago."""
    message = put_in_doubt(event)
    transitions.fail_held([Failure(message.delivery_id, "unknown", "unknown_outcome", "?")], error="?")
    SentMessage.objects.filter(pk=message.pk).update(failure="in_doubt")


def test_late_receipt_settles_the_one_message_that_was_given_up(event):
    given_up(event)
    call(sample("status_received", ids=["3EB0A"]))
    message = message_of(event)
    assert (message.message_id, message.status, message.failure) == ("3EB0A", "delivered", "")
    assert (message.delivery.status, event.dead_letters.get().status) == ("done", "resolved")


def test_late_receipt_settles_nothing_when_two_were_given_up(event):
    other = cancel(2, phone="5511987650001")
    given_up(event), given_up(other)
    call(sample("status_received", ids=["3EB0A"]))
    assert {message_of(each).status for each in (event, other)} == {"failed"}
    call(sample("status_received", ids=["3EB0B"]))
    later()
    assert {message_of(each).message_id for each in (event, other)} == {"3EB0A", "3EB0B"}


def test_receipt_that_came_when_anothers_traces_come_is_the_others(event):
    long_in_doubt, other = put_in_doubt(event), put_in_doubt(cancel(2, phone="5511987650001"))
    just_now = timezone.now()
    Delivery.objects.filter(pk=other.delivery_id).update(in_doubt_since=just_now)
    call(sample("status_received", ids=["3EB0A"]))
    traces = in_doubt.traces_of(long_in_doubt, long_in_doubt.contact)
    assert (traces.found, traces.unmatched) == (None, 0)


def test_message_tried_after_a_receipt_has_no_part_in_it(event):
    one, later_one = put_in_doubt(event), put_in_doubt(cancel(2, phone="5511987650001"))
    call(sample("status_received", ids=["3EB0A"]))
    Delivery.objects.filter(pk=later_one.delivery_id).update(in_doubt_since=timezone.now())
    traces = in_doubt.traces_of(one, one.contact)
    assert traces.found is not None
    assert traces.found["message_id"] == "3EB0A"


def test_old_message_nobody_could_tell_of_does_not_blur_a_new_one(event):
    given_up(event)
    week_ago = timezone.now() - timedelta(days=7)
    SentMessage.objects.filter(delivery__event=event).update(first_tried_at=week_ago)
    new = put_in_doubt(cancel(2, phone="5511987650001"))
    call(sample("status_received", ids=["3EB0A"]))
    traces = in_doubt.traces_of(new, new.contact)
    assert traces.found is not None
    assert traces.found["message_id"] == "3EB0A"


def test_receipt_is_of_the_message_whose_traces_come_then_and_not_of_an_earlier_one(event):
    given_up(event)
    new = put_in_doubt(cancel(2, phone="5511987650001"))
    call(sample("status_received", ids=["3EB0A"]))
    assert in_doubt.traces_of(new, new.contact).found is None
    tried_at = timezone.now() - in_doubt.trace_takes() - timedelta(seconds=10)
    Delivery.objects.filter(pk=new.delivery_id).update(in_doubt_since=tried_at)
    Callback.objects.update(received_at=tried_at + timedelta(seconds=1))
    new = SentMessage.objects.select_related("delivery").get(pk=new.pk)
    found = in_doubt.traces_of(new, new.contact).found
    assert found is not None
    assert found["message_id"] == "3EB0A"


@pytest.mark.parametrize("trace", ["receipt", "echo"])
@pytest.mark.parametrize(("hours", "settles"), [(23, True), (25, False)])
def test_trace_settles_what_a_person_looks_after_if_it_comes_within_a_day(event, trace, hours, settles):
    given_up(event)
    tried_at = timezone.now() - timedelta(hours=hours)
    SentMessage.objects.filter(pk=message_of(event).pk).update(first_tried_at=tried_at, text="Olá de novo")
    call(sample("status_received", ids=["3EB0A"]) if trace == "receipt" else echo("Olá de novo"))
    expected = ("3EB0A", "") if settles else (None, "in_doubt")
    assert (message_of(event).message_id, message_of(event).failure) == expected


def echo(text, id="3EB0A"):
    return sample("own_echo", messageId=id, phone="5511987650001", chatLid=None, text={"message": text})


def test_trace_of_an_attempt_before_the_last_is_the_messages_own(event):
    message = put_in_doubt(event)
    call(sample("status_received", ids=["3EB0A"]))
    last_attempt = timezone.now() - in_doubt.trace_takes() - timedelta(seconds=1)
    Callback.objects.update(received_at=last_attempt - timedelta(seconds=1))
    Delivery.objects.filter(pk=message.delivery_id).update(in_doubt_since=last_attempt)
    message = SentMessage.objects.select_related("delivery").get(pk=message.pk)
    found = in_doubt.traces_of(message, message.contact).found
    assert found is not None
    assert found["message_id"] == "3EB0A"


def test_late_echo_settles_what_was_given_up_unless_another_message_is_on_its_way(event):
    given_up(event)
    SentMessage.objects.filter(delivery__event=event).update(text="Olá de novo")
    other = cancel(2, phone="5511987650001")
    running = Delivery.objects.filter(event=other, service="whatsapp")
    running.update(status="running", due_at=None, leased_until=timezone.now() + timedelta(minutes=1))
    SentMessage.objects.filter(delivery__event=other).update(contact=message_of(event).contact)
    call(echo("Olá de novo"))
    assert message_of(event).message_id is None
    running.update(status="done", leased_until=None)
    call(echo("Olá de novo", id="3EB0B"))
    assert (message_of(event).message_id, message_of(event).status) == ("3EB0B", "sent")
    assert event.dead_letters.get().status == "resolved"


def tried_now(event):
    """A message whose send ended in a time-out at this moment."""
    message = put_in_doubt(event)
    now = timezone.now()
    SentMessage.objects.filter(pk=message.pk).update(first_tried_at=now, text="Olá de novo")
    Delivery.objects.filter(pk=message.delivery_id).update(in_doubt_since=now)
    return SentMessage.objects.select_related("delivery").get(pk=message.pk)


def test_receipt_matches_nothing_while_the_echo_that_says_more_may_still_come(event):
    message = tried_now(event)
    call(sample("status_received", ids=["3EB0A"]))
    traces = in_doubt.traces_of(message, message.contact)
    assert (traces.found, traces.unmatched) == (None, 1)


def test_receipt_matches_nothing_while_another_message_to_the_person_is_on_its_way(event):
    message = put_in_doubt(event)
    other = cancel(2, phone="5511987650001")
    soon = timezone.now() + timedelta(minutes=1)
    running = Delivery.objects.filter(event=other, service="whatsapp")
    running.update(status="running", due_at=None, leased_until=soon)
    SentMessage.objects.filter(delivery__event=other).update(contact=message.contact)
    call(sample("status_received", ids=["3EB0A"]))
    assert in_doubt.traces_of(message, message.contact).found is None
    running.update(status="done", leased_until=None)
    assert in_doubt.traces_of(message, message.contact).found is not None


def test_echo_says_at_once_that_its_message_was_sent_whatever_blanks_it_lost(event):
    message = tried_now(event)
    call(echo(" Olá  de\nnovo "))
    found = in_doubt.traces_of(message, message.contact).found
    assert found == {"message_id": "3EB0A", "zaap_id": ""}


def test_echo_of_a_message_with_choices_is_found_by_the_text_among_them(event):
    message = tried_now(event)
    call(echo("") | {"text": None, "list": [{"title": "Sim"}, {"description": "Olá de novo"}]})
    assert in_doubt.traces_of(message, message.contact).found is not None


def test_traces_are_read_with_since_when_z_api_could_call_back(event):
    message = tried_now(event)
    assert in_doubt.traces_of(message, message.contact).reachable_since is None
    reachability.give_sign(is_first=True)
    assert in_doubt.traces_of(message, message.contact).reachable_since == reachability.since()


def test_lane_looks_for_the_traces_of_what_is_in_doubt_before_a_repeat(event):
    message = tried_now(event)
    call(echo("Olá de novo"))
    claim = SimpleNamespace(id=message.delivery_id)
    outgoing = outbox.Outgoing(claim, Message("x", to=message.phone), contacts.identity(message.phone))
    outgoing.contact = message.contact
    in_doubt.prefetch([outgoing])
    assert outgoing.traces.found == {"message_id": "3EB0A", "zaap_id": ""}


def on_its_way(event, contact):
    soon = timezone.now() + timedelta(minutes=1)
    running = Delivery.objects.filter(event=event, service="whatsapp")
    running.update(status="running", due_at=None, leased_until=soon)
    SentMessage.objects.filter(delivery__event=event).update(contact=contact)


@pytest.mark.parametrize("trace", ["receipt", "echo"])
def test_trace_counts_while_a_message_to_somebody_else_is_on_its_way(event, trace):
    given_up(event)
    SentMessage.objects.filter(delivery__event=event).update(text="Olá de novo")
    someone = contacts.find_or_make(contacts.identity("5511987654321"))
    on_its_way(cancel(2, phone="5511987654321"), someone)
    call(sample("status_received", ids=["3EB0A"]) if trace == "receipt" else echo("Olá de novo"))
    assert (message_of(event).message_id, message_of(event).failure) == ("3EB0A", "")


def test_receipt_that_came_before_the_echo_counts_once_the_echo_says_whose_it_is(event):
    given_up(event), given_up(cancel(2, phone="5511987650001"))
    SentMessage.objects.filter(delivery__event=event).update(text="Olá de novo")
    call(sample("status_received", ids=["3EB0A"]))
    assert message_of(event).message_id is None
    call(echo("Olá de novo"))
    processing.process()
    assert (message_of(event).message_id, message_of(event).status) == ("3EB0A", "delivered")


def test_echo_of_another_text_settles_nothing_and_is_kept_as_an_echo(event):
    given_up(event)
    (callback,) = call(echo("Bom dia"))
    assert message_of(event).failure == "in_doubt"
    assert (callback.status, callback.cause) == ("ignored", "own_echo")


def test_receipt_of_a_message_whose_echo_has_another_text_is_no_trace(event):
    message = put_in_doubt(event)
    call(echo("Bom dia"), sample("status_received", ids=["3EB0A"]))
    traces = in_doubt.traces_of(message, message.contact)
    assert (traces.found, traces.unmatched) == (None, 0)


def test_echo_of_the_same_text_with_an_id_that_another_message_has_is_no_trace(event):
    message = tried_now(event)
    accept(cancel(2, phone="5511987650001"), id="3EB0A")
    call(echo("Olá de novo"))
    assert in_doubt.traces_of(message, message.contact).found is None


@pytest.mark.parametrize(("seconds", "counts"), [(4, True), (6, False)])
def test_trace_may_come_as_long_before_the_attempt_as_clocks_differ(event, seconds, counts):
    message = tried_now(event)
    call(echo("Olá de novo"))
    Callback.objects.update(received_at=message.first_tried_at - timedelta(seconds=seconds))
    assert (in_doubt.traces_of(message, message.contact).found is not None) is counts


def test_who_types_does_not_show_that_z_api_calls_back_about_messages(event):
    message = tried_now(event)
    call(sample("presence"))
    assert in_doubt.traces_of(message, message.contact).called_back_at is None


def test_echo_whose_id_is_known_settles_no_other_message(event):
    given_up(event)
    SentMessage.objects.filter(delivery__event=event).update(text="Olá de novo")
    accept(cancel(2, phone="5511987650001"), id="3EB0A")
    (callback,) = call(echo("Olá de novo"))
    assert message_of(event).message_id is None
    assert (callback.status, callback.cause) == ("ignored", "own_echo")
