"""A test event: its effects are named first, it is marked, and what did not go out can be cancelled."""

import pytest
from django.urls import reverse

from carinho.access.models import AuditEntry
from events.models import Event
from tests.clients import logged_in

pytestmark = pytest.mark.django_db
TRIAL = "/admin/events/event/trial/"


def test_test_event_names_its_effects_is_marked_and_is_cancelled_where_nothing_went_out():
    client = logged_in("Administrador")
    assert "?type=lead.created" in client.get(TRIAL).content.decode()
    form = client.get(TRIAL, {"type": "lead.created"}).content.decode()
    assert 'name="data.phone"' in form
    asked = {"type": "lead.created", "data.name": "Ana Teste", "data.phone": "x", "do": "review"}
    assert "c-wrong" in client.post(TRIAL, asked).content.decode()
    asked["data.phone"] = "11 98765-432"
    assert "Falta um dígito" in client.post(TRIAL, asked | {"do": "send"}).content.decode()
    asked["data.phone"] = "11 98765-4321"
    question = client.post(TRIAL, asked).content.decode()
    assert "→ CRM" in question
    assert "uma pessoa recebe a mensagem, +55 11 9••••-4321" in question
    assert not Event.objects.exists()
    page = client.post(TRIAL, asked | {"do": "send"}, follow=True).content.decode()
    event = Event.objects.get()
    assert event.is_trial
    assert (event.source, event.data["name"]) == ("site", "Ana Teste")
    assert ">teste</span>" in page
    assert "data-moving" in page
    undone = client.post(reverse("admin:events_event_undo", args=[event.pk]), follow=True).content.decode()
    assert "canceladas" in undone
    assert set(event.deliveries.values_list("status", flat=True)) == {"skipped"}
    done = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert {"event.trial", "event.trial_undo"} <= set(done)
    assert ">teste</span>" in client.get("/admin/events/event/").content.decode()


def test_a_step_that_comes_later_says_when(settings):
    settings.FEEDBACK_DELAY_SECONDS = 7200
    question = logged_in("Administrador").post(TRIAL, {"type": "service.completed", "do": "review"})
    said = {title: when for title, _system, when in question.context["effects"]}
    assert said["Avisar o cliente"] == "uma pessoa recebe a mensagem, +55 11 9••••-4321"
    assert said["Pedir a avaliação"] == "daqui a 2 h, uma pessoa recebe a mensagem, +55 11 9••••-4321"


def test_only_who_may_speak_for_a_system_sends_a_test_event(make_event):
    operator, event = logged_in("Operador"), make_event()
    assert operator.get(TRIAL).status_code == 403
    listed = operator.get("/admin/events/event/").content.decode()
    assert "disabled" in listed
    assert "Peça a quem é Administrador." in listed
    undo = reverse("admin:events_event_undo", args=[event.pk])
    assert operator.post(undo).status_code == 403
    assert logged_in("Administrador", "bia").post(undo).status_code == 404
