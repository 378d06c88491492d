"""WhatsApp's pages: seen by all, changed by those who may."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from carinho.access.models import AuditEntry
from carinho.console.base import page_of
from events import titles
from events.engine import recovery
from events.models import Delivery
from tests.clients import logged_in
from tests.whatsapp.conftest import cancel, message_of
from tests.whatsapp.inbox_client import sample
from whatsapp import connection, contacts, messages, reconnect, templates
from whatsapp.admin.connection import NO_ANSWER
from whatsapp.callbacks import inbox
from whatsapp.models import Callback, Connection, Contact, SentMessage, Template

pytestmark = pytest.mark.django_db
PHONE = "5511987654321"
LISTS = ["connection", "sentmessage", "contact", "callback", "template"]


@pytest.fixture
def rows(db):
    event = cancel(1, phone=PHONE)
    contact = contacts.find_or_make(contacts.identity(PHONE, name="Maria Souza"))
    SentMessage.objects.update(contact=contact, phone=PHONE, name="service_cancelled", text="Olá, Maria!")
    inbox.store(sample("received_text"))
    return event


@pytest.mark.parametrize("role", ["Visualizador", "Operador", "Administrador"])
@pytest.mark.parametrize("name", LISTS)
def test_every_role_sees_every_list(zapi, rows, role, name):
    response = logged_in(role).get(reverse(f"admin:whatsapp_{name}_changelist"))
    assert response.status_code == 200
    assert PHONE not in response.content.decode()


def test_rows_have_pages_with_masked_people_and_showing_them_is_logged(rows):
    client, message = logged_in("Operador"), message_of(rows)
    for row in (message, Contact.objects.get(), Callback.objects.get()):
        page = client.get(
            reverse(f"admin:whatsapp_{row._meta.model_name}_change", args=[row.pk])
        ).content.decode()
        assert PHONE not in page
        assert "Maria Souza" not in page
    shown = client.post(reverse("admin:whatsapp_sentmessage_reveal", args=[message.pk])).content.decode()
    assert "Olá, Maria!" in shown
    assert AuditEntry.objects.filter(action="person.revealed", target=f"message {message.pk}").exists()


def written(name="payment_received"):
    message = messages.Message(name, to="", amount="R$ 1,00", paid_at="hoje")
    return messages.render(message, templates.own_texts())


def text_page(name="feedback_thanks"):
    return reverse("admin:whatsapp_template_text", args=[name])


def test_administrator_changes_a_text_with_preview_and_takes_it_back():
    client = logged_in("Administrador")
    page = client.post(text_page("payment_received"), {"text": "Pago: {{ amount }} 💚", "preview": "1"})
    assert "Pago: R$ 1.234,56 💚" in page.content.decode()
    assert not Template.objects.exists()
    client.post(text_page("payment_received"), {"text": "Pago: {{ amount }} 💚", "save": "1"})
    assert written() == "Pago: R$ 1,00 💚"
    client.post(text_page("payment_received"), {"back_to_file": "1"})
    assert written() != "Pago: R$ 1,00 💚"


@pytest.mark.parametrize("text", ["", "Olá {{ cpf }}", "Olá {{ amount", "{{ 1 }}"])
def test_text_that_could_not_be_written_is_refused_in_words(text):
    page = logged_in("Administrador").post(text_page("payment_received"), {"text": text, "save": "1"})
    assert 'role="alert"' in page.content.decode()
    assert not Template.objects.exists()


def test_operator_may_read_texts_and_not_change_them():
    client = logged_in("Operador")
    assert client.get(text_page()).status_code == 200
    assert client.post(text_page(), {"text": "x", "save": "1"}).status_code == 403


def test_only_an_operator_reconnects(zapi):
    viewer = logged_in("Visualizador")
    for name in ("qr", "code", "restore", "discard_in_hub", "discard_at_zapi"):
        assert viewer.post(reverse(f"admin:whatsapp_connection_{name}")).status_code == 403


def test_qr_code_phone_code_and_the_result_are_seen_on_the_page(zapi):
    client = logged_in("Operador")
    zapi.zapi_disconnect(keeps_session=False)
    Connection.load()
    Connection.objects.update(connected=False)
    page = client.get(reverse("admin:whatsapp_connection_changelist")).content.decode()
    assert "Desconectado" in page
    assert client.post(reverse("admin:whatsapp_connection_qr")).json()["value"].startswith("data:image/png")
    assert client.post(reverse("admin:whatsapp_connection_code"), {"phone": "11 94000-0000"}).json()["value"]
    assert client.post(reverse("admin:whatsapp_connection_code"), {"phone": "x"}).status_code == 422
    state = reverse("admin:whatsapp_connection_state") + "?check=1"
    assert client.get(state).json()["connected"] is False
    zapi.zapi_connect()
    assert client.get(state).json() == {"connected": True}
    assert client.post(reverse("admin:whatsapp_connection_qr")).json() == {"value": "", "connected": True}


def test_what_waits_here_and_at_zapi_is_a_list_of_which_only_the_chosen_are_discarded(zapi):
    client, event, other = logged_in("Operador"), cancel(1, phone=PHONE), cancel(2, phone=PHONE)
    zapi.zapi_disconnect(queued=3)
    Connection.load()
    Connection.objects.update(connected=False)
    page = client.get(reverse("admin:whatsapp_connection_changelist")).content.decode()
    here, there = re.split("Esperam no Z-API", page)
    assert here.count('name="chosen"') == 2
    assert PHONE not in page
    assert "Mensagem que não saiu do hub" in there
    chosen = re.findall('name="chosen" value="([^"]+)"', there)
    assert len(chosen) == 3
    in_hub = reverse("admin:whatsapp_connection_discard_in_hub")
    at_zapi = reverse("admin:whatsapp_connection_discard_at_zapi")
    answer = client.post(in_hub, {"chosen": [message_of(event).delivery_id, 10**17]}, follow=True)
    assert "1 mensagem descartada: ela não foi e não será enviada." in answer.content.decode()
    assert (message_of(event).status, message_of(other).status) == ("cancelled", "queued")
    answer = client.post(at_zapi, {"chosen": [chosen[0], "gone"]}, follow=True)
    assert "1 mensagem descartada" in answer.content.decode()
    assert zapi.zapi_pending()["queue"] == 2
    client.post(at_zapi, {"chosen": chosen[1:]})
    assert zapi.zapi_pending()["queue"] == 0


def restored(client):
    return client.post(reverse("admin:whatsapp_connection_restore"), follow=True).content.decode()


def restores(zapi):
    return [call for call in zapi.calls("zapi") if call["path"].endswith("restore-session")]


def test_session_is_asked_for_once_while_it_may_come_back(zapi):
    zapi.zapi_disconnect(keeps_session=False)
    connection.check()
    ana, bia = logged_in("Operador"), logged_in("Administrador", "bia")
    assert "ana pediu ao Z-API que retome a sessão" in restored(ana)
    assert "ana pediu ao Z-API que retome a sessão" in restored(bia)
    assert len(restores(zapi)) == 1
    Connection.objects.update(restore_asked_at=timezone.now() - reconnect.RESTORE_TAKES)
    assert "bia pediu ao Z-API que retome a sessão" in restored(bia)
    assert len(restores(zapi)) == 2


def test_session_that_did_not_come_back_says_why_to_everybody_until_it_is_connected(zapi):
    zapi.zapi_disconnect(keeps_session=False)
    connection.check()
    restored(logged_in("Operador"))
    Connection.objects.update(restore_asked_at=timezone.now() - reconnect.RESTORE_TAKES, checked_at=None)
    viewer, address = logged_in("Visualizador", "caio"), reverse("admin:whatsapp_connection_changelist")
    assert "não sabemos se ela voltou" in viewer.get(address).content.decode()
    connection.check()
    assert "e ela não voltou: o celular encerrou a sessão" in viewer.get(address).content.decode()
    zapi.zapi_connect()
    connection.check()
    zapi.zapi_disconnect()
    connection.check()
    assert "retomar a sessão (" not in viewer.get(address).content.decode()


def test_restore_that_zapi_refuses_is_told_at_once_and_may_be_tried_again(zapi):
    zapi.zapi_disconnect()
    connection.check()
    zapi.fault("zapi", status=400, path="restore-session")
    client = logged_in("Operador")
    assert "ana tentou retomar a sessão" in restored(client)
    zapi.heal("zapi")
    assert "ana pediu ao Z-API que retome a sessão" in restored(client)


def test_zapi_that_does_not_answer_breaks_no_page(zapi):
    Connection.load()
    Connection.objects.update(connected=False)
    zapi.fault("zapi", status=500)
    client = logged_in("Operador")
    cancel(1, phone=PHONE)
    html = client.get(reverse("admin:whatsapp_connection_changelist")).content.decode()
    assert "não respondeu</dd>" in html
    assert "1 aqui, e as que houver no Z-API, que não respondeu agora." in html
    assert client.post(reverse("admin:whatsapp_connection_qr")).status_code == 503
    assert str(NO_ANSWER) in restored(client)
    zapi.heal("zapi")
    assert "ana pediu ao Z-API que retome a sessão" in restored(client)


def test_person_who_changed_their_mind_receives_again():
    contact = contacts.find_or_make(contacts.identity(PHONE))
    Contact.objects.update(opted_out_at=contact.created_at)
    client = logged_in("Operador")
    client.post(reverse("admin:whatsapp_contact_allow"), {"ids": str(contact.pk), "reason": "pediu de novo"})
    assert Contact.objects.get().opted_out_at is None


def test_what_spoilt_while_disconnected_is_told_after_the_reconnect(zapi, rows):
    client = logged_in("Operador")
    connection._set(False, timezone.now() - timedelta(hours=1))
    Delivery.objects.filter(service="whatsapp").update(useful_until=timezone.now() - timedelta(minutes=1))
    recovery.recover_all()
    connection._set(True, timezone.now())
    cancel(2, phone=PHONE)  # after the outage: it has nothing to do with it
    page = client.get(reverse("admin:whatsapp_connection_changelist")).content.decode()
    assert "1 deixou de ser útil e não foi enviada" in page
    listed = client.get(reverse("admin:whatsapp_sentmessage_changelist") + "?outage=expired")
    assert [row.pk for row in listed.context["cl"].result_list] == [message_of(rows).pk]


def test_contact_page_leads_to_the_messages_and_lets_who_asked_to_stop_receive_again(rows):
    contact = Contact.objects.first()
    Contact.objects.update(opted_out_at=contact.created_at)
    client = logged_in("Operador")
    page = client.get(reverse("admin:whatsapp_contact_change", args=[contact.pk])).content.decode()
    assert "Voltar a enviar" in page
    address = f"{reverse('admin:whatsapp_sentmessage_changelist')}?contact={contact.pk}"
    assert address in page
    assert [row.pk for row in client.get(address).context["cl"].result_list] == [message_of(rows).pk]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("(11) 98765-4321", 1),
        (PHONE, 1),
        ("11 8765-4321", 1),
        ("3EB0", 1),
        ("3EB", 0),
        ("987654322", 0),
        ("Maria", 0),
    ],
)
def test_message_is_found_by_its_id_and_by_the_phone_as_one_types_it(rows, typed, found):
    SentMessage.objects.update(message_id="3EB0")
    listed = logged_in("Operador").get(reverse("admin:whatsapp_sentmessage_changelist"), {"q": typed})
    assert listed.context["cl"].result_count == found


def test_message_has_one_name_before_and_after_it_is_sent_and_its_page_names_the_text():
    client, message = logged_in("Operador"), message_of(cancel(1, phone=PHONE))
    pages = reverse("admin:whatsapp_sentmessage_changelist"), page_of(message)
    name = str(titles.step("service.cancelled", message.delivery.step))
    assert all(f">{name}<" in client.get(page).content.decode() for page in pages)
    SentMessage.objects.update(name="service_cancelled", status="accepted")
    assert all(f">{name}<" in client.get(page).content.decode() for page in pages)
    assert f"<dd>{templates.title('service_cancelled')}</dd>" in client.get(page_of(message)).content.decode()
