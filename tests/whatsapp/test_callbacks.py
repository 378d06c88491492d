"""Every kind of callback in its real shape, from the webhook to what follows from it."""

import threading

import pytest
from django.db import connection

from events.admin import payload_fields
from events.intake import envelope
from events.models import Event, RejectedRequest
from tests.whatsapp.inbox_client import FOLDER, OURS, call, later, post, sample
from whatsapp import contacts
from whatsapp.models import Callback, Contact, Received

pytestmark = pytest.mark.django_db

TEXT = "Olá, preciso de uma cuidadora para minha mãe."
UNTIL = "(arquivo disponível até 22/02/2026)"
LINES = {
    "text": TEXT,
    "ad": f"{TEXT}\nhttps://ad.test",
    "image": f"📷 Foto: {TEXT} {UNTIL}",
    "audio": f"🎤 Mensagem de voz: 0:07 {UNTIL}",
    "video": f"🎬 Vídeo: {TEXT} {UNTIL}",
    "document": f"📄 Documento: receita.pdf {UNTIL}",
    "sticker": f"🙂 Figurinha {UNTIL}",
    "location": "📍 Localização: Casa da Maria, Rua das Flores, 100 https://www.google.com/maps?q=-23.5505,-46.6333",
    "contact": "👤 Contato: Maria Souza 5511987650001",
    "button": "☑️ Escolheu: 5 ⭐⭐⭐⭐⭐",
    "list": "☑️ Escolheu: 5 ⭐⭐⭐⭐⭐",
    "poll": f"📊 Enquete: {TEXT} Sim/Não",
    "poll_vote": "📊 Votou: 5",
    "template": f"💬 Mensagem com botões: {TEXT}",
    "buttons": f"💬 Mensagem com botões: {TEXT}",
    "carousel": f"💬 Mensagem com cartões: {TEXT}",
    "pix_key": "💲 Chave Pix: Maria Souza",
    "order": "🛒 Pedido: Diárias",
    "product": "🛍️ Produto: Diária de cuidadora",
    "review_and_pay": "💲 Cobrança: 4N9AVI38VOB",
    "request_payment": "💲 Pedido de pagamento: 180 BRL",
    "review_order": "🛒 Andamento do pedido: 4N9AVI38VOB",
    "send_payment": "💲 Pagamento enviado: 180 BRL",
    "event": f"📅 Convite para evento: {TEXT}",
    "event_response": "📅 Resposta a convite: GOING",
    "pin": "📌 Fixou uma mensagem: pin",
    "newsletter_invite": f"📣 Convite para canal: {TEXT}",
    "status_image": f"📷 Foto de status: {TEXT} {UNTIL}",
    "by_lid": TEXT,
    "as_lid": TEXT,
}
NOISE = {
    "place_group": "group",
    "place_newsletter": "newsletter",
    "place_broadcast": "broadcast",
    "own_echo": "own_echo",
    "own_phone": "own_phone",
    "presence": "presence",
} | {
    path.stem: "notification"
    for path in FOLDER.glob("notice_*.json")
    if path.stem not in ("notice_missed_call", "notice_revoke")
}


@pytest.fixture(autouse=True)
def ours(settings):
    settings.ZAPI = settings.ZAPI | {
        "instance": "simulator",
        "token": "simulator",
        "webhook_secret": "segredo-de-teste",
    }


def inbound():
    return Event.objects.filter(type="whatsapp.inbound").order_by("pk")


@pytest.mark.parametrize(("kind", "line"), LINES.items())
def test_message_of_each_kind_becomes_a_readable_line(kind, line):
    (callback,) = call(sample(f"received_{kind}"))
    assert callback.status == "done"
    data = inbound().get().data
    assert data["text"] == line
    shown = {field.name: field.value for field in payload_fields.of(inbound().get(), revealed=True)}
    assert shown["kind"] != data["kind"]  # in the reader's words
    assert data.get("media_url", "").startswith("https://") is ("arquivo" in line)


@pytest.mark.parametrize(("name", "cause"), NOISE.items())
def test_noise_is_kept_with_its_cause_and_nothing_follows(name, cause):
    (callback,) = call(sample(name))
    assert (callback.status, callback.cause) == ("ignored", cause)
    assert callback.body["type"]
    assert not Event.objects.exists()
    assert not Contact.objects.exists()


def test_every_sample_is_understood():
    for path in sorted(FOLDER.glob("*.json")):
        call(sample(path.stem))
    assert not Callback.objects.filter(status="failed").exists()
    assert not Callback.objects.filter(cause="unknown_kind").exists()


def test_unknown_type_of_callback_is_kept_as_that():
    (callback,) = call({"type": "CoffeeCallback", "instanceId": "simulator"})
    assert (callback.status, callback.cause) == ("ignored", "unknown_kind")


def test_message_of_an_unknown_kind_sends_a_person_to_the_phone():
    body = sample("received_text")
    body.pop("text")
    call(body | {"hologram": {"url": "x"}})
    assert "veja no celular" in inbound().get().data["text"]


@pytest.mark.parametrize("lid", [None, "994488012345679@lid"])
def test_message_from_a_number_that_no_plan_knows_comes_in(lid):
    (callback,) = call(sample("received_text", phone="5215512345678", chatLid=lid, senderLid=lid))
    assert callback.status == "done", callback.error
    data = inbound().get().data
    assert (data["phone"], data.get("lid")) == ("+5215512345678", lid)
    lead = {"type": "lead.created", "data": {"name": "Rui", "phone": "+5215512345678"}}
    assert envelope.read(lead, source="whatsapp").phone == "+5215512345678"
    with pytest.raises(envelope.RequestRejected):
        envelope.read(lead, source="site")


def test_number_that_comes_as_a_number_is_its_digits():
    call(sample("received_text", phone=5511987654321.0, chatLid=None, senderLid=None))
    assert inbound().get().data["phone"] == "5511987654321"


def test_person_who_writes_has_whatsapp_whatever_a_check_answered_before():
    contact = contacts.find_or_make(contacts.identity("5511987654321"))
    contacts.save_number_check(contact.pk, exists=False, registered="", lid="")
    call(sample("received_text", phone="551187654321"))
    contact.refresh_from_db()
    assert (contact.has_whatsapp, contact.registered_phone) == (True, "551187654321")


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("template", {"hydratedTemplate": {"message": "Oi", "header": {"image": {"imageUrl": "https://f"}}}}),
        ("buttons", {"buttonsMessage": {"message": "Oi", "imageUrl": "https://f"}}),
        (
            "carousel",
            {"carouselMessage": {"text": "Oi", "cards": [{}, {"header": {"videoUrl": "https://f"}}]}},
        ),
    ],
)
def test_file_in_a_template_with_buttons_or_cards_is_not_dropped(kind, where):
    call(sample(f"received_{kind}", **where))
    assert inbound().get().data["media_url"] == "https://f"


def test_flag_that_a_photo_is_to_be_seen_once_is_no_content():
    waiting = sample("received_waiting", viewOnce=True)
    call(waiting, sample("received_image", messageId=waiting["messageId"]))
    later()
    assert [event.data["kind"] for event in inbound()] == ["image"]


@pytest.mark.parametrize(("kind", "line"), [("VOICE", "voz"), ("VIDEO", "vídeo")])
def test_missed_call_reaches_atendimento(kind, line):
    call(sample("notice_missed_call", notification=f"CALL_MISSED_{kind}"))
    assert inbound().get().data["text"] == f"📞 Chamada de {line} perdida"


def test_missed_call_of_ours_is_nobodys_message():
    (callback,) = call(sample("notice_missed_call", fromMe=True))
    assert (callback.status, callback.cause) == ("ignored", "own_phone")


@pytest.mark.parametrize("names", [{"messageId": "3A1"}, {"referenceMessageId": "3A1"}])
def test_deletion_reaches_atendimento_with_what_was_taken_back(names):
    call(sample("received_text", messageId="3A1"), sample("notice_revoke", **names))
    assert [event.data["text"] for event in inbound()] == [TEXT, f"🗑️ Apagou a mensagem: {TEXT}"]
    assert Received.objects.get().text == TEXT


def test_deletion_of_a_message_nobody_knows_waits_for_it_and_is_told():
    (callback,) = call(sample("notice_revoke"))
    assert callback.status == "waiting"
    Callback.objects.update(received_at="2026-01-23T10:00:00-03:00")
    later()
    assert inbound().get().data["text"] == "🗑️ Apagou uma mensagem"


def test_answer_to_our_status_reaches_atendimento_and_the_status_of_others_does_not():
    call(sample("place_status"), sample("place_status", phone="status@broadcast", messageId="3A1"))
    assert inbound().get().data["text"] == f"💬 Respondeu ao nosso status: {TEXT}"
    assert Callback.objects.get(body__messageId="3A1").cause == "status"


def test_answer_is_told_with_what_it_quotes():
    call(sample("received_text", messageId="3A1", text={"message": "Preço\n" + "x" * 200}))
    call(sample("received_text", messageId="3A2", referenceMessageId="3A1", text={"message": "E agora?"}))
    assert inbound().last().data["text"] == f"↪️ Em resposta a “Preço {'x' * 94}…”\nE agora?"
    assert Received.objects.get(message_id="3A2").text == "E agora?"


def test_text_longer_than_an_event_holds_is_told_as_far_as_it_fits():
    (callback,) = call(sample("received_text", text={"message": "x" * 70_000}))
    assert callback.status == "done"
    assert inbound().get().data["text"].endswith("x… (continua no celular)")
    assert len(Received.objects.get().text) == 70_000


@pytest.mark.parametrize(
    ("sender", "chat", "name"),
    [
        ("undefined", "Maria Souza", "Maria Souza"),
        ("null", "+55 11 98765-4321", None),
        (None, "None", None),
        ("🙂", 5511987654321, None),
    ],
)
def test_word_for_nothing_is_nobodys_name(sender, chat, name):
    call(sample("received_text", senderName=sender, chatName=chat))
    assert inbound().get().data.get("name") == name


# --- who may call -----------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["", "errado", "segredo-de-test", "segredo-de-testé"])
def test_wrong_secret_is_refused_and_nothing_is_kept(secret):
    assert post(sample("received_text"), secret=secret or "x").status_code == 403
    assert not Callback.objects.exists()


def test_no_secret_of_ours_lets_nobody_in(settings):
    settings.ZAPI = settings.ZAPI | {"webhook_secret": ""}
    assert post(sample("received_text"), secret="x").status_code == 403


def test_address_of_the_key_before_is_still_ours(settings):
    settings.ZAPI = settings.ZAPI | {"earlier_webhook_secrets": ["o-de-antes"]}
    assert post(sample("received_text"), secret="o-de-antes").status_code == 200


def test_token_or_instance_of_another_is_refused():
    assert post(sample("received_text"), token="other").status_code == 403
    assert post(sample("received_text", instanceId="other")).status_code == 403


def test_absent_token_and_instance_are_let_in():
    body = sample("received_text")
    body.pop("instanceId")
    assert post(body, token=None).status_code == 200


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_what_is_no_object_is_refused(body):
    assert post(body).status_code == 400


def test_character_that_cannot_be_stored_is_left_out():
    (callback,) = call(sample("received_text", text={"message": "Ol\x00á"}))
    assert callback.status == "done"
    assert inbound().get().data["text"] == "Olá"


# --- repeats and parts ------------------------------------------------------------------------------


def test_repeated_callback_is_counted_and_happens_once():
    body = sample("received_text")
    (callback,) = call(body, body, body | {"senderName": "Maria S."})
    assert callback.duplicates == 2
    assert inbound().count() == 1


def test_same_id_of_two_people_is_two_messages_and_so_is_ours():
    mine = sample("received_text", messageId="3A1")
    theirs = mine | {"phone": "5511987650001", "chatLid": "1@lid", "senderLid": "1@lid"}
    call(mine | {"fromMe": True}, mine, theirs, mine)
    assert [callback.status for callback in Callback.objects.order_by("pk")] == ["ignored", "done", "done"]
    assert Received.objects.count() == 2
    assert {event.data["phone"] for event in inbound()} == {mine["phone"], theirs["phone"]}


def test_message_known_under_lid_and_number_is_one_when_they_meet():
    text, lid = sample("received_text", messageId="3A1"), "994488012345679@lid"
    call(text | {"chatLid": None, "senderLid": None})
    call(text | {"phone": lid, "chatLid": lid})
    call(sample("received_text", messageId="3A2"))
    assert Contact.objects.count() == 1
    assert sorted(Received.objects.values_list("message_id", flat=True)) == ["3A1", "3A2"]


def test_status_of_many_messages_repeats_only_what_is_small():
    ids = [f"3EB0{number:016}" for number in range(1000)]
    body = sample("status_read", ids=ids, extra="x" * 230_000, more={"deep": "x" * 1000})
    assert post(body).status_code == 200
    rows = Callback.objects.all()
    assert {tuple(row.message_ids) for row in rows} == {(id,) for id in ids}
    assert max(len(str(row.body)) for row in rows) < 1000


def test_status_of_more_messages_than_there_can_be_is_refused_and_kept():
    assert post(sample("status_read", ids=list(range(1001)))).status_code == 422
    assert RejectedRequest.objects.get().code == "too_many_ids"
    assert not Callback.objects.exists()


def test_waiting_message_and_its_content_are_one_message():
    waiting = sample("received_waiting")
    call(waiting)
    assert not inbound().exists()
    call(sample("received_text", messageId="3AWAITING"))
    later()
    assert [event.data["text"] for event in inbound()] == [TEXT]
    assert Callback.objects.get(body__waitingMessage=True).cause == "superseded"


def test_content_that_comes_before_its_waiting_message_is_one_message_too():
    call(sample("received_text", messageId="3AWAITING"), sample("received_waiting"))
    later()
    assert inbound().count() == 1


def test_content_that_never_comes_sends_a_person_to_the_phone_and_may_still_come():
    call(sample("received_waiting"))
    Callback.objects.update(received_at="2026-01-23T10:00:00-03:00")
    later()
    assert "veja no celular" in inbound().get().data["text"]
    call(sample("received_text", messageId="3AWAITING"))
    assert [event.data["text"] for event in inbound()][1:] == [TEXT]
    assert Received.objects.get().text == TEXT


def test_correction_changes_the_message_and_is_told():
    text, edit = sample("received_text", messageId="3A1"), sample("received_edit", messageId="3A1")
    call(text, edit | {"momment": text["momment"] + 5000})
    assert Received.objects.get().text == "Bom dia, na verdade é para o meu pai."
    assert inbound().last().data["text"] == "✏️ Corrigiu a mensagem: Bom dia, na verdade é para o meu pai."


def test_correction_before_its_message_waits_for_it():
    text, edit = sample("received_text", messageId="3A1"), sample("received_edit", messageId="3A1")
    call(edit | {"momment": text["momment"] + 5000}, text)
    later()
    assert Received.objects.get().text == "Bom dia, na verdade é para o meu pai."
    assert inbound().count() == 2


def test_correction_whose_message_never_comes_becomes_the_message():
    (callback,) = call(sample("received_edit", messageId="3A1"))
    assert callback.status == "waiting"
    Callback.objects.update(received_at="2026-01-23T10:00:00-03:00")
    later()
    assert inbound().get().data["text"] == "Bom dia, na verdade é para o meu pai."


def test_correction_that_comes_after_a_later_one_changes_nothing():
    text, edit = sample("received_text", messageId="3A1"), sample("received_edit", messageId="3A1")
    newer = edit | {"momment": text["momment"] + 9000, "text": {"message": "Segunda correção"}}
    older = call(text, newer, edit | {"momment": text["momment"] + 5000})[-1]
    assert (older.status, older.cause) == ("ignored", "older")
    assert Received.objects.get().text == "Segunda correção"
    assert inbound().count() == 2


def test_second_copy_of_a_message_under_another_key_is_told_once():
    text = sample("received_text", messageId="3A1")
    copy = call(text, text | {"chatLid": None})[-1]
    assert (copy.status, copy.cause) == ("ignored", "superseded")
    assert inbound().count() == 1


def test_message_of_nobody_known_is_kept_with_that_cause():
    (callback,) = call(sample("received_text", phone="", chatLid=None, senderLid=None))
    assert (callback.status, callback.cause) == ("ignored", "no_person")


@pytest.mark.parametrize(
    ("kind", "part", "line"),
    [
        ("received_image", {"imageUrl": ""}, "não pôde ser baixado"),
        ("received_image", {"downloadError": True}, "não pôde ser baixado"),
        ("received_contact", {}, "veja no celular"),
    ],
)
def test_content_that_cannot_be_shown_sends_a_person_to_the_phone(kind, part, line):
    body = sample(kind)
    if kind == "received_image":
        body["image"] |= part
    else:
        body["contacts"] = [body.pop("contact")]
    call(body)
    assert line in inbound().get().data["text"]
    assert Received.objects.get().media_url == ""


def test_reaction_is_shown_on_the_message_and_removed_again():
    call(sample("received_text", messageId=OURS))
    call(sample("received_reaction"))
    assert Received.objects.get(message_id=OURS).reaction == "❤️"
    gone = sample("received_reaction", messageId="3A2")
    gone["reaction"]["value"] = ""
    call(gone)
    assert Received.objects.get(message_id=OURS).reaction == ""


def test_word_that_asks_for_no_more_messages_is_kept_on_the_person():
    call(sample("received_text", text={"message": "SAIR"}))
    assert Contact.objects.get().opted_out_at is not None
    assert inbound().count() == 1


@pytest.mark.django_db(transaction=True)
def test_storm_of_the_same_callback_is_one_message():
    body = sample("received_text")

    def storm():
        try:
            assert post(body).status_code == 200
        finally:
            connection.close()

    threads = [threading.Thread(target=storm) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    call()
    assert Callback.objects.get().duplicates == 11
    assert inbound().count() == 1
