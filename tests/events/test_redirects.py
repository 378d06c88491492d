"""What was for a retired number or record goes to its successor, until a day; the event stays as it came."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from carinho.access.models import AuditEntry
from carinho.access.roles import OPERATOR, VIEWER
from events import operations, preview, redirects
from events.admin import person
from events.engine import attempt, lane, redirection, transitions
from events.flow import StepEvent
from events.intake.envelope import RequestRejected
from events.models import Attempt, DeadLetter, Delivery, Event, FailureGroup, Redirect
from tests.clients import logged_in
from tests.console import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]
OLD, NEW = "5511987654321", "5521998765432"
SAID = "Redirecionado: Telefone, de +55 11 9••••-4321 para +55 21 9••••-5432"


def rule(kind, old, new, id=1):
    return {"id": id, "kind": kind, "old": old, "new": new}


def applied(payload, *rules, earlier=None, phone=""):
    event = StepEvent(1, "x", "crm", datetime(2026, 1, 1, tzinfo=UTC), payload, earlier, phone)
    return redirection.apply(event, rules), event


def test_identifiers_of_the_kind_are_replaced_and_nothing_else():
    payload = {"client_id": 42, "caregiver_id": 42, "amount": 42, "changes": {"client_id": 42}, "note": "42"}
    used, event = applied(payload, rule("client", "42", "57", 9), earlier={"client_id": 42, "lead_id": 42})
    assert used == (9,)
    assert event.payload == payload | {"client_id": 57}
    assert event.earlier == {"client_id": 57, "lead_id": 42}


@pytest.mark.parametrize(
    ("rules", "ends_at", "used"),
    [
        ([rule("phone", "1", "2", 1), rule("phone", "2", "3", 2)], "3", (1, 2)),
        ([rule("phone", "1", "2", 1), rule("phone", "2", "1", 2)], "2", (1,)),
        ([rule("client", "1", "2", 1)], "1", ()),
    ],
)
def test_successor_that_is_retired_too_leads_on_and_a_circle_ends(rules, ends_at, used):
    got, event = applied({"client_phone": "1"}, *rules, phone="1")
    assert (got, event.payload["client_phone"], event.phone) == (used, ends_at, ends_at)


def redirect(letter, *, new="(21) 99876-5432", days=30, **changes):
    given = {"field": "phone", "new": new, "reason": "Trocou de número", "actor": "user:ana"} | changes
    letter = DeadLetter.objects.select_related("event").get(pk=letter.pk)
    return redirects.create(letter, ends_at=timezone.now() + timedelta(days=days), **given)


def claimed(letter):
    operations.retry([letter.pk], actor="user:ana")
    [claim] = transitions.claim(letter.service, 5)
    return claim


def test_what_is_sent_and_what_the_preview_says_go_to_the_successor_and_the_event_stays():
    letter = rows.dead_letter()
    Delivery.objects.exclude(pk=letter.delivery_id).delete()
    made = redirect(letter)
    [seen] = preview.of([letter.pk])
    claim = claimed(letter)
    assert (seen.redirects, claim.redirects) == ((made.pk,), (made.pk,))
    assert claim.event.payload["phone"] == claim.event.phone == NEW
    assert Event.objects.get().data["phone"] == OLD
    lane.write([attempt.fail(claim, "rejected", ValueError("x"))])
    assert Attempt.objects.latest("pk").redirects == [made.pk]


@pytest.mark.parametrize("why", ["ended", "over", "another system", "in doubt"])
def test_without_a_redirect_in_force_it_goes_where_the_event_says(why):
    letter = rows.dead_letter()
    Delivery.objects.exclude(pk=letter.delivery_id).delete()
    made = redirect(letter)
    if why == "ended":
        redirects.end([made.pk], actor="user:bia")
    elif why == "over":
        long_ago = timezone.now() - timedelta(days=9)
        Redirect.objects.update(created_at=long_ago, ends_at=long_ago + timedelta(days=1))
    elif why == "another system":
        Redirect.objects.update(system="financeiro")
    operations.retry([letter.pk], actor="user:ana")
    if why == "in doubt":  # it is looked for where it may have been sent
        Delivery.objects.update(in_doubt_since=timezone.now())
    [claim] = transitions.claim("crm", 5)
    assert (claim.redirects, claim.event.payload["phone"]) == ((), OLD)


def test_redirect_is_audited_without_the_numbers_and_there_is_one_at_a_time():
    letter = rows.dead_letter()
    made = redirect(letter)
    with pytest.raises(RequestRejected, match="Já há um redirecionamento"):
        redirect(letter, new="(21) 99876-0000")
    assert redirects.end([made.pk], actor="user:bia") == [made.pk]
    assert redirects.end([made.pk], actor="user:bia") == []
    again = redirect(letter)
    long_ago = timezone.now() - timedelta(days=9)
    Redirect.objects.filter(pk=again.pk).update(created_at=long_ago, ends_at=long_ago + timedelta(days=1))
    redirect(letter)  # the time of the one before is over
    entries = AuditEntry.objects.filter(action__startswith="redirect.").order_by("pk")
    assert [entry.action.split(".")[1] for entry in entries] == ["create", "end", "create", "create"]
    assert (entries[0].detail["kind"], entries[0].detail["reason"]) == ("phone", "Trocou de número")
    assert OLD[-4:] not in str([entry.detail for entry in entries])


@pytest.mark.parametrize("do", ["", "save", "else"])
def test_form_shows_the_numbers_and_says_so_in_the_audit_log(do):
    address = reverse("admin:events_redirect_new", args=[rows.dead_letter().pk])
    page = logged_in("Operador").post(address, {"do": do})
    assert person.readable_phone(OLD) in page.content.decode()
    assert AuditEntry.objects.filter(action="person.revealed").count() == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"new": "98765"}, "Faltam dígitos"),
        ({"new": "21 99876-543"}, "Falta um dígito"),
        ({"new": "+55 11 98765-4321"}, "Diga um outro"),
        ({"new": " "}, "Campo obrigatório"),
        ({"days": -1}, "ainda não passou"),
    ],
)
def test_successor_that_intake_would_not_take_is_refused(given, says):
    letter = rows.dead_letter()
    with pytest.raises(RequestRejected) as refused:
        redirect(letter, **given)
    assert says in " ".join([refused.value.detail, *refused.value.fields.values()])
    assert not Redirect.objects.exists()


def test_number_of_a_record_is_not_shown_as_a_phone():
    letter = rows.dead_letter()
    Event.objects.filter(pk=letter.event_id).update(type="payment.failed", data={"client_id": 370675})
    form = reverse("admin:events_redirect_new", args=[letter.pk])
    assert "<b>370675</b>" in logged_in(OPERATOR).post(form).content.decode()


def test_operator_redirects_an_item_and_sends_again_all_that_waited_for_it():
    letter, _same, other = rows.dead_letter(), rows.dead_letter(), rows.dead_letter(phone="(31) 98888-7777")
    ana = logged_in(OPERATOR)
    form = reverse("admin:events_redirect_new", args=[letter.pk])
    assert "+55 11 98765-4321" in ana.post(form).content.decode()
    given = {
        "do": "save",
        "field": "phone",
        "new": "21 99876-5432",
        "until": "2099-12-31",
        "reason": "Trocou",
    }
    assert "Preencha o novo" in ana.post(form, given | {"reason": ""}).content.decode()
    page = ana.post(form, given, follow=True).content.decode()
    assert "Reenviar 2 itens" in page
    assert "o fim do dia 31/12/2099" in page
    made = Redirect.objects.get()
    waiting = ana.get(reverse("admin:events_deadletter_changelist"), {"redirect": made.pk})
    assert waiting.context["cl"].result_count == 2
    item = ana.get(reverse("admin:events_deadletter_change", args=[letter.pk])).content.decode()
    assert f"{SAID}. É para lá que vai" in item
    assert (
        "Redirecionado:"
        not in ana.get(reverse("admin:events_deadletter_change", args=[other.pk])).content.decode()
    )
    Attempt.objects.filter(delivery=letter.delivery).update(redirects=[made.pk])
    event = ana.get(reverse("admin:events_event_change", args=[letter.event_id])).content.decode()
    assert SAID in event
    assert OLD not in event


def test_items_of_a_system_with_very_many_are_led_to_and_not_counted(monkeypatch):
    made = redirect(rows.dead_letter())
    monkeypatch.setattr(redirects, "MOST_LOOKED_AT", 0)
    address = reverse("admin:events_redirect_change", args=[made.pk])
    shown = logged_in(OPERATOR).get(address).content.decode()
    assert "Reenviar o que espera por isto" in shown
    assert "Ver os itens abertos" in shown


def test_group_leads_to_the_form_and_a_viewer_may_not():
    rows.dead_letter()
    group = FailureGroup.objects.get()
    form = reverse("admin:events_redirect_in_group", args=[group.pk])
    assert "O que não vale mais" in logged_in(OPERATOR).post(form).content.decode()
    assert logged_in(VIEWER, "ver").post(form).status_code == 403
