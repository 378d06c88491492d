"""Who asks for no more messages, who perhaps does, and how an operator notes either."""

import pytest
from django.urls import reverse

from carinho.access.models import AuditEntry
from events.models import Event
from tests.clients import logged_in
from tests.whatsapp.inbox_client import SECRET, call, sample
from whatsapp import contacts
from whatsapp.callbacks import opt_out
from whatsapp.models import Contact

ASKED = [
    "SAIR",
    "sair",
    " Parar. ",
    "PARE!",
    "*SAIR*",
    "_sair_",
    "~parar~",
    "```stop```",
    "por favor parar",
    "Sair, por favor. Obrigada! 🙏",
    "Bom dia, remover",
    "remover",
    "Descadastrar",
    "não quero receber mensagens",
    "Não quero mais receber mensagens",
    "NAO QUERO MAIS RECEBER ESSAS MENSAGENS",
    "não quero receber nada de vocês",
    "Não desejo receber mais avisos",
    "Parem de me mandar mensagem",
    "não me mande mais mensagens",
    "me tira da lista",
    "sair da lista",
]
PERHAPS = [
    "cancelar",
    "Chega!",
    "excluir",
    "pode parar",
    "não quero mais",
    "como faço para sair da lista?",
    "vocês podem parar com essas mensagens no domingo?",
    "isso é spam",
    "vou bloquear",
    "minha mãe faleceu, não quero mais receber essas mensagens dela",
]
NOT_ASKED = [
    "",
    "vou sair agora",
    "não precisa parar",
    "pode parar o remédio?",
    "quero cancelar a visita de amanhã",
    "a enfermeira vai remover o curativo?",
    "não quero outra cuidadora",
    "obrigada",
    "quando ela vai parar de tossir?",
]


@pytest.mark.parametrize("written", ASKED)
def test_message_that_only_asks_for_no_more_messages(written):
    assert opt_out.is_asked(written)
    assert not opt_out.is_perhaps_asked(written)


@pytest.mark.parametrize("written", PERHAPS)
def test_message_that_perhaps_asks_for_it_is_for_a_person(written):
    assert not opt_out.is_asked(written)
    assert opt_out.is_perhaps_asked(written)


@pytest.mark.parametrize("written", NOT_ASKED)
def test_sentence_with_such_a_word_is_no_opt_out(written):
    assert not opt_out.is_asked(written)
    assert not opt_out.is_perhaps_asked(written)


@pytest.mark.django_db
def test_doubtful_wish_changes_nothing_and_is_forwarded_as_one(settings):
    settings.ZAPI = settings.ZAPI | {"instance": "simulator", "token": "simulator", "webhook_secret": SECRET}
    call(sample("received_text", text={"message": "como saio da lista? quero sair da lista de vocês"}))
    assert Contact.objects.get().opted_out_at is None
    said = Event.objects.get(type="whatsapp.inbound").data["text"]
    assert said.startswith("como saio da lista? quero sair da lista de vocês\n❓ ")
    assert "Contatos" in said


@pytest.mark.django_db
def test_operator_notes_a_wish_and_lifts_it_and_both_are_in_the_audit_log():
    contact = contacts.find_or_make(contacts.identity("5511987654321"))
    client = logged_in("Operador")
    page = reverse("admin:whatsapp_contact_change", args=[contact.pk])
    assert "Parar de enviar" in client.get(page).content.decode()
    chosen = {"ids": str(contact.pk), "reason": "pediu por telefone"}
    for _twice in range(2):
        client.post(reverse("admin:whatsapp_contact_opt_out"), chosen)
    assert Contact.objects.get().opted_out_at is not None
    for _twice in range(2):
        client.post(reverse("admin:whatsapp_contact_allow"), chosen)
    assert Contact.objects.get().opted_out_at is None
    entries = AuditEntry.objects.order_by("pk")
    assert [entry.action for entry in entries] == ["contact.opted_out", "contact.allowed_again"]
    assert {entry.target for entry in entries} == {f"contact {contact.pk}"}
    assert {entry.detail["reason"] for entry in entries} == {"pediu por telefone"}


@pytest.mark.django_db
def test_viewer_notes_no_wish():
    contact = contacts.find_or_make(contacts.identity("5511987654321"))
    answer = logged_in("Visualizador").post(
        reverse("admin:whatsapp_contact_opt_out"), {"ids": str(contact.pk)}
    )
    assert answer.status_code == 403
    assert Contact.objects.get().opted_out_at is None
