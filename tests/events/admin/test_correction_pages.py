"""Corrigir e reenviar, as an operator meets it."""

import json
import re
from importlib import import_module
from unittest.mock import patch

import pytest
from django.apps import apps
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from carinho.access.models import AuditEntry
from carinho.access.roles import ADMINISTRATOR, OPERATOR, VIEWER
from carinho.console.base import page_of
from events import event_corrections, operations
from events.engine import transitions
from events.engine.transitions import Failure
from events.models import Correction, DeadLetter, Delivery, Event, FailureGroup, RejectedRequest
from tests.clients import logged_in
from tests.console import rows

pytestmark = pytest.mark.django_db


def wrong_phone(**data):
    return rows.dead_letter(cause="invalid_phone_number", reason="Invalid phone number", **data)


def address(dead_letter, name="new"):
    return reverse(f"admin:events_correction_{name}", args=[dead_letter.pk])


def opened(browser, dead_letter):
    """The form as the browser would send it back: its hidden version."""
    html = browser.post(address(dead_letter)).content.decode()
    return html, html.partition('name="version" value="')[2].partition('"')[0]


def html_of(response):
    return response.content.decode()


def test_the_form_has_every_field_in_portuguese_with_its_value_as_typed():
    html, _version = opened(
        logged_in(OPERATOR), wrong_phone(utm={"campaign": "inverno"}, id=7, lead_id=8, source="site")
    )
    assert "Lead id" not in html
    for words in (
        "Número na origem",
        "Origem",
        "Nome",
        "Telefone",
        "Campanha de marketing",
        'value="(11) 98765-4321"',
        'value="inverno"',
    ):
        assert words in html
    assert "Outros campos, que vieram vazios" in html
    assert AuditEntry.objects.get(action="person.revealed").actor == "user:ana"


@pytest.mark.parametrize(
    ("form", "item"),
    [
        ("events_correction_new", "events_deadletter"),
        ("events_correction_in_group", "events_failuregroup"),
        ("events_redirect_new", "events_deadletter"),
        ("events_redirect_in_group", "events_failuregroup"),
        ("events_rejectedrequest_correct", "events_rejectedrequest"),
        ("sync_syncfailure_correct", "sync_syncfailure"),
    ],
)
def test_address_of_a_form_in_a_bookmark_leads_to_the_item(form, item):
    address, browser = reverse(f"admin:{form}", args=[7]), logged_in(OPERATOR)
    answer = browser.get(address)
    assert (answer.status_code, answer.url) == (302, reverse(f"admin:{item}_change", args=[7]))
    assert browser.put(address).status_code == 405


def test_form_that_is_shown_again_is_in_the_audit_log_again_whoever_asks_and_how():
    browser, dead_letter = logged_in(OPERATOR), wrong_phone()
    version = event_corrections.version_of(dead_letter)
    html = html_of(browser.post(address(dead_letter), {"version": version, "do": "edit"}))
    assert "(11) 98765-4321" in html
    assert AuditEntry.objects.filter(action="person.revealed").count() == 1


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_sent():
    browser, dead_letter = logged_in(OPERATOR), wrong_phone()
    _html, version = opened(browser, dead_letter)
    form = {"version": version, "data.phone": "98765-4321", "do": "review"}
    html = html_of(browser.post(address(dead_letter), form))
    assert "Faltam dígitos ou o DDD no telefone" in html
    assert 'value="98765-4321"' in html
    assert Correction.objects.count() == 0


def test_while_typing_the_server_says_what_is_wrong_and_how_it_understands():
    browser, dead_letter = logged_in(OPERATOR), wrong_phone()
    check = address(dead_letter, "check")
    wrong = browser.post(check, {"data.phone": "11 1234"}).json()
    assert set(wrong["problems"]) == {"data.phone"}
    right = browser.post(check, {"data.phone": "021 99876 5432"}).json()
    assert right["problems"] == {}
    assert right["understood"] == {"data.phone": "Entendido: +55 21 99876-5432"}


@pytest.mark.parametrize(
    ("source", "typed", "said"),
    [
        ("site", "11 98801-999", "Falta um dígito"),
        ("site", "+55 (11) 8801-1999", "Falta um dígito"),
        ("whatsapp", "11988011999", "Comece com + e o código do país"),
    ],
)
def test_phone_that_would_be_completed_to_another_number_is_refused(source, typed, said):
    browser, dead_letter = logged_in(OPERATOR), wrong_phone()
    Event.objects.update(source=source)
    _html, version = opened(browser, dead_letter)
    assert (
        said
        in browser.post(address(dead_letter, "check"), {"data.phone": typed}).json()["problems"]["data.phone"]
    )
    form = {"version": version, "data.phone": typed, "do": "send", "reason": "A família ligou"}
    html = html_of(browser.post(address(dead_letter), form))
    assert said in html
    assert f'value="{typed}"' in html
    assert Correction.objects.count() == 0


def test_what_changes_is_shown_before_anything_is_sent_and_a_reason_is_asked():
    browser, dead_letter = logged_in(OPERATOR), wrong_phone()
    _html, version = opened(browser, dead_letter)
    form = {"version": version, "data.phone": "(21) 99876-5432", "do": "review"}
    html = html_of(browser.post(address(dead_letter), form))
    for words in ("+55 11 98765-4321", "+55 21 99876-5432", "Motivo da correção", "será reenviada"):
        assert words in html
    without = html_of(browser.post(address(dead_letter), form | {"do": "send"}))
    assert "Escreva o motivo da correção." in without
    assert Correction.objects.count() == 0
    sent = browser.post(address(dead_letter), form | {"do": "send", "reason": "A família ligou"}, follow=True)
    assert "Dados corrigidos." in html_of(sent)
    assert Event.objects.get().phone == "5521998765432"
    event_page = html_of(browser.get(reverse("admin:events_event_change", args=[dead_letter.event_id])))
    assert reverse("admin:events_correction_change", args=[Correction.objects.get().pk]) in event_page


def test_fields_that_were_left_alone_keep_what_is_stored():
    dead_letter = wrong_phone(message="Linha um\r\nlinha dois", age=81)
    browser = logged_in(OPERATOR)
    _html, version = opened(browser, dead_letter)
    form = {
        "version": version,
        "data.name": "Maria Souza",
        "data.phone": rows.PHONE,
        "data.message": "Linha um\r\nlinha dois",
        "data.age": "81",
        "data.email": "maria@exemplo.com",
        "data.utm.campaign": "",
        "do": "send",
        "reason": "Nome errado",
    }
    browser.post(address(dead_letter), form)
    correction = Correction.objects.get()
    assert list(correction.changed) == ["name"]
    assert correction.after == correction.before | {"name": "Maria Souza"}


def test_form_says_how_the_system_answered():
    html, _version = opened(logged_in(OPERATOR), wrong_phone())
    assert "CRM recusou o telefone: falta um dígito, sobra um, ou o número não existe." in html
    assert "<pre>Invalid phone number</pre>" in html


def pressed(browser, html):
    """The answer to the button for data that is right as it stands."""
    form = html.partition('<form id="as-it-is"')[2].partition("</form>")[0]
    named = [part.split('"')[0::2] for part in form.split('type="hidden" name="')[1:]]
    address = form.partition('action="')[2].partition('"')[0]
    return browser.post(address, {name: value for name, value, *_more in named}, follow=True)


def test_form_with_no_field_marked_offers_to_send_it_as_it_is_at_once():
    browser, dead_letter = logged_in(OPERATOR), rows.dead_letter(cause="invalid_data", reason="Rejected")
    marked, _version = opened(browser, wrong_phone())
    assert '<button type="submit" form="as-it-is"' not in marked
    html, _version = opened(browser, dead_letter)
    assert '<button type="submit" form="as-it-is"' in html
    assert "Reenviar 1 entrega?" in html_of(pressed(browser, html))


def test_nothing_changed_is_said_with_the_way_to_send_it_as_it_is():
    browser, dead_letter = logged_in(OPERATOR), wrong_phone()
    html, version = opened(browser, dead_letter)
    assert "Nenhum dado foi mudado" not in html
    html = html_of(
        browser.post(
            address(dead_letter), {"version": version, "data.phone": "11 98765 4321", "do": "review"}
        )
    )
    assert "Nenhum dado foi mudado." in html
    assert "c-error-text" not in html.partition("Nenhum dado foi mudado.")[0].rpartition("<div")[2]
    assert "não é preciso corrigir: “Reenviar como está”." in html
    assert '<button type="submit" form="as-it-is"' in html
    asked = html_of(pressed(browser, html))
    assert "Reenviar 1 entrega?" in asked
    assert f'name="ids" value="{dead_letter.pk}"' in asked


def test_the_second_of_two_operators_is_told_who_was_first():
    dead_letter = wrong_phone()
    ana, bia = logged_in(OPERATOR), logged_in(OPERATOR, "bia")
    (_html, version), (_html, same) = opened(ana, dead_letter), opened(bia, dead_letter)
    form = {"version": version, "data.phone": "(21) 99876-5432", "do": "send", "reason": "Ligou"}
    ana.post(address(dead_letter), form)
    late = bia.post(address(dead_letter), form | {"data.phone": "(31) 98888-7777"}, follow=True)
    assert "Nada foi mudado. ana já corrigiu os dados deste evento e o reenviou." in html_of(late)
    assert same == version
    assert Event.objects.get().phone == "5521998765432"


def test_a_closed_item_offers_no_correction():
    dead_letter = wrong_phone()
    operations.archive([dead_letter.pk], actor="user:bia")
    browser = logged_in(OPERATOR)
    assert "bia já arquivou este item." in html_of(browser.post(address(dead_letter), follow=True))
    page = html_of(browser.get(reverse("admin:events_deadletter_change", args=[dead_letter.pk])))
    assert address(dead_letter) not in page


def test_the_same_correction_is_offered_for_the_others_and_done_when_confirmed():
    first, *others = [wrong_phone() for _ in range(4)]
    browser = logged_in(OPERATOR)
    _html, version = opened(browser, first)
    form = {"version": version, "data.phone": "(21) 99876-5432", "do": "send", "reason": "Ligou"}
    page = html_of(browser.post(address(first), form, follow=True))
    assert "Mais 3 itens deste grupo têm o mesmo dado errado" in page
    correction = Correction.objects.get()
    asked = reverse("admin:events_correction_others", args=[correction.pk])
    html = html_of(browser.get(asked))
    assert "Corrigir e reenviar 3 itens" in html
    for secret in rows.IN_CLEAR:
        assert secret not in html
    ids = ",".join(str(row.pk) for row in others)
    operations.archive([others[0].pk], actor="user:bia")
    done = html_of(browser.post(asked, {"ids": ids}, follow=True))
    assert "2 itens corrigidos e reenviados." in done
    assert "1 item ficou como estava" in done
    assert DeadLetter.objects.filter(status="retrying").count() == 3


def test_a_correction_is_masked_until_it_is_asked_for():
    browser, dead_letter = logged_in(OPERATOR), wrong_phone()
    _html, version = opened(browser, dead_letter)
    form = {"version": version, "data.name": "Maria Souza", "do": "send", "reason": "Nome errado"}
    browser.post(address(dead_letter), form)
    page = reverse("admin:events_correction_change", args=[Correction.objects.get().pk])
    html = html_of(browser.get(page))
    assert f"Correção 1 do evento {dead_letter.event_id}" in html
    assert "Maria Souza" not in html
    assert "Nome" in html
    shown = browser.post(reverse("admin:events_correction_reveal", args=[Correction.objects.get().pk]))
    assert "Maria Souza" in html_of(shown)


def test_a_viewer_sees_the_button_with_the_reason_and_a_hand_made_request_is_refused():
    dead_letter, other = wrong_phone(), wrong_phone()
    browser = logged_in(VIEWER)
    page = html_of(browser.get(reverse("admin:events_deadletter_change", args=[dead_letter.pk])))
    assert "Corrigir e reenviar" in page
    assert "Seu papel permite ver, mas não fazer isto." in page
    form = {"version": "x", "data.phone": "(21) 99876-5432", "do": "send", "reason": "Ligou"}
    assert browser.post(address(dead_letter), form).status_code == 403
    assert browser.post(address(dead_letter, "check"), form).status_code == 403
    operator = logged_in(OPERATOR, "bia")
    _html, version = opened(operator, dead_letter)
    operator.post(address(dead_letter), form | {"version": version})
    asked = reverse("admin:events_correction_others", args=[Correction.objects.get().pk])
    assert browser.get(asked).status_code == 403
    assert browser.post(asked, {"ids": str(other.pk)}).status_code == 403
    assert "disabled" in html_of(
        browser.get(reverse("admin:events_correction_change", args=[Correction.objects.get().pk]))
    )


def test_pages_speak_portuguese_and_show_no_name_of_a_field():
    browser, dead_letter = logged_in(OPERATOR), wrong_phone()
    _html, version = opened(browser, dead_letter)
    form = {"version": version, "data.city": "Santos", "do": "review"}
    html = html_of(browser.post(address(dead_letter), form))
    assert "Cidade" in html
    assert json.dumps("city") not in html
    listed = html_of(browser.get(reverse("admin:events_correction_changelist")))
    assert "O que foi corrigido à mão" in listed


def rejected(data=None, **columns):
    body = {
        "type": "lead.created",
        "id": "site-1",
        "data": data or {"name": rows.NAME, "phone": "98765-4321"},
    }
    given = {
        "source": "site",
        "code": "invalid_data",
        "detail": "Há campos errados: data.phone.",
        "fields": {"data.phone": "Faltam dígitos: escreva como (11) 98765-4321."},
        "status_code": 422,
        "type": "lead.created",
        "is_proven": True,
        "body": json.dumps(body),
    }
    return RejectedRequest.objects.create(**(given | columns))


def rejected_address(row, name="correct"):
    return reverse(f"admin:events_rejectedrequest_{name}", args=[row.pk])


def test_a_refused_request_is_corrected_by_the_same_form_and_accepted():
    row, browser = rejected(), logged_in(OPERATOR)
    html = html_of(browser.post(rejected_address(row)))
    assert "Faltam dígitos ou o DDD no telefone: escreva como (11) 98765-4321." in html
    form = {"version": "open", "data.phone": "(21) 99876-543", "do": "review"}
    assert "Falta um dígito" in html_of(browser.post(rejected_address(row), form))
    form = {"version": "open", "data.phone": "(21) 99876-5432"}
    asked = html_of(browser.post(rejected_address(row), form | {"do": "review"}))
    for words in ("98765-4321", "+55 21 99876-5432", "Cadastrar o lead", "será enviada"):
        assert words in asked
    done = browser.post(rejected_address(row), form | {"do": "send", "reason": "Faltava o DDD"}, follow=True)
    row.refresh_from_db()
    assert f"Aceito: virou o evento {row.accepted_id}." in html_of(done)
    assert row.accepted.phone == "5521998765432"
    entry = AuditEntry.objects.get(action="rejected_request.accept")
    assert entry.detail["fields"] == ["data.phone"]


def test_the_page_of_a_refused_request_names_fields_in_portuguese_and_offers_what_can_work():
    row, browser = rejected(), logged_in(OPERATOR)
    page = html_of(browser.get(reverse("admin:events_rejectedrequest_change", args=[row.pk])))
    assert "Há campos errados: Telefone." in page
    assert "escreva como (11) 98765-4321." in page
    assert "Corrigir e aceitar" in page
    assert "Não sabe qual é o valor certo? Pergunte a quem enviou" in page
    for word in ("data.phone", "JSON", "Aceitar agora, como veio"):
        assert word not in page
    listed = html_of(browser.get(reverse("admin:events_rejectedrequest_changelist")))
    assert "data.phone" not in listed
    right = rejected({"name": rows.NAME, "phone": rows.PHONE})
    page = html_of(browser.get(reverse("admin:events_rejectedrequest_change", args=[right.pk])))
    assert "Aceitar agora, como veio" in page


def test_json_is_one_click_away_for_administrators():
    row, browser = rejected(), logged_in(ADMINISTRATOR)
    page = html_of(browser.get(reverse("admin:events_rejectedrequest_change", args=[row.pk])))
    assert "Ver como JSON" in page
    shown = html_of(browser.post(rejected_address(row, "reveal")))
    assert "Corrija aqui (JSON)" in shown


def test_refused_request_whose_data_is_right_is_accepted_from_the_form():
    row, browser = rejected({"name": rows.NAME, "phone": rows.PHONE}), logged_in(OPERATOR)
    form = {"version": "open", "data.phone": rows.PHONE, "do": "review"}
    html = html_of(browser.post(rejected_address(row), form))
    assert "Nenhum dado foi mudado." in html
    assert "Aceito: virou o evento" in html_of(pressed(browser, html))
    row.refresh_from_db()
    page = html_of(browser.get(page_of(row)))
    headline = page.partition('<h1 class="c-headline">')[2].partition("</h1>")[0]
    said = rf"Aceito (agora|há \d+ s): virou o evento #{row.accepted_id}"
    assert re.fullmatch(said, strip_tags(headline))
    assert page_of(row.accepted) in headline
    assert "Aceito por ana. Não há mais nada a fazer aqui." in page
    assert "Tinha sido recusado:" in page
    assert "Já foi aceito." not in page


def test_a_refused_request_that_somebody_accepted_meanwhile_says_who():
    row, browser = rejected(), logged_in(OPERATOR)
    form = {"version": "open", "data.phone": "(21) 99876-5432", "do": "send", "reason": "Faltava o DDD"}
    browser.post(rejected_address(row), form)
    late = logged_in(OPERATOR, "bia").post(rejected_address(row), form, follow=True)
    assert "Nada foi mudado. Este recusado já foi aceito por ana." in html_of(late)
    assert Event.objects.count() == 1


def test_a_viewer_corrects_no_refused_request():
    row, browser = rejected(), logged_in(VIEWER)
    assert browser.post(rejected_address(row)).status_code == 403
    assert browser.post(rejected_address(row, "check")).status_code == 403
    page = html_of(browser.get(reverse("admin:events_rejectedrequest_change", args=[row.pk])))
    assert "Seu papel permite ver, mas não fazer isto." in page


@pytest.mark.parametrize(
    "columns", [{"body": "{", "type": ""}, {"is_cut": True}, {"source": "whatsapp", "type": ""}]
)
def test_what_has_no_fields_is_for_an_administrator(columns):
    row = rejected(**columns)
    browser = logged_in(OPERATOR)
    assert browser.post(rejected_address(row)).status_code == 404
    page = html_of(browser.get(reverse("admin:events_rejectedrequest_change", args=[row.pk])))
    assert "Corrigir e aceitar" not in page


def test_group_leads_to_the_form_of_its_oldest_item_and_says_when_there_is_none():
    browser, first = logged_in(OPERATOR), wrong_phone()
    wrong_phone()
    group = FailureGroup.objects.get(cause="invalid_phone_number")
    in_group = reverse("admin:events_correction_in_group", args=[group.pk])
    assert in_group in html_of(browser.get(reverse("admin:events_deadletter_changelist")))
    assert address(first) in html_of(browser.post(in_group))
    assert AuditEntry.objects.filter(action="person.revealed").count() == 1
    operations.archive(list(DeadLetter.objects.values_list("pk", flat=True)), actor="user:bia")
    assert "Nenhum item deste grupo espera" in html_of(browser.post(in_group, follow=True))


def test_items_of_a_group_are_counted_through_while_they_are_corrected():
    browser, first, second = logged_in(OPERATOR), wrong_phone(), wrong_phone(phone="(11) 91234-5678")
    wrong_phone(phone="(11) 92345-6789")
    group = FailureGroup.objects.get(cause="invalid_phone_number")
    in_group = reverse("admin:events_correction_in_group", args=[group.pk])
    assert "Item 1 de 3</h1>" in html_of(browser.post(in_group))
    _html, version = opened(browser, first)
    form = {"version": version, "data.phone": "(21) 99876-5432", "do": "send", "reason": "Ligou"}
    page = html_of(browser.post(address(first), form, follow=True))
    assert "Mais 2 itens deste grupo esperam" in page
    assert "cada um precisa da sua correção" in page
    assert "Próximo item (2 de 3)" in page
    following = html_of(browser.post(in_group))
    assert "Item 2 de 3 (1 já corrigido hoje)" in following
    assert address(second) in following


def test_form_of_what_failed_for_a_key_says_that_the_data_is_not_to_blame():
    browser = logged_in(OPERATOR)
    html, _version = opened(browser, rows.dead_letter(cause="no_permission"))
    assert "Nada indica que um dado esteja errado." in html
    html, _version = opened(browser, rows.dead_letter(cause="not_found"))
    assert "Nada indica que um dado esteja errado." not in html


def test_the_field_that_the_system_named_is_marked_until_it_is_changed():
    browser, row = logged_in(OPERATOR), rows.dead_letter(cause="invalid_data", reason="Failed: Bad data")
    answer = '{"message": "Given data was invalid.", "errors": {"city": ["••••"]}}'
    row.delivery.attempt_log.update(answered=answer)
    form = browser.post(address(row)).context
    marked = {line.label: line.problem for line in form["lines"] + form["extra"] if line.problem}
    assert marked == {"Cidade": "CRM recusou este campo. Confira e mude o que está errado."}
    check = address(row, "check")
    assert set(browser.post(check, {"data.name": "Rosa"}).json()["problems"]) == {"data.city"}
    assert browser.post(check, {"data.city": "Santos"}).json()["problems"] == {}
    unnamed = "A resposta não nomeia nenhum campo deste formulário."
    assert form["it"].answered == "CRM recusou o pedido por um dos dados."
    row.delivery.attempt_log.update(answered="<html>Bad request</html>")
    answered = browser.post(address(row)).context["it"].answered
    assert answered == f"CRM recusou o pedido por um dos dados. {unnamed}"


def test_form_of_a_group_is_not_for_a_viewer():
    wrong_phone()
    group = FailureGroup.objects.get(cause="invalid_phone_number")
    answer = logged_in(VIEWER).post(reverse("admin:events_correction_in_group", args=[group.pk]))
    assert answer.status_code == 403


def test_message_that_went_to_the_old_phone_is_said_so_and_the_page_does_not_ask_for_itself_again():
    browser, dead_letter = logged_in(OPERATOR), wrong_phone()
    welcome = dead_letter.event.deliveries.get(step="send_welcome")
    sent_at = {"claimed_at": welcome.created_at, "finished_at": welcome.created_at}
    Delivery.objects.filter(pk=welcome.pk).update(status="done", due_at=None, **sent_at)
    _html, version = opened(browser, dead_letter)
    form = {"version": version, "data.phone": "21 99876-5432", "do": "review"}
    html = html_of(browser.post(address(dead_letter), form))
    assert "foi ao telefone antigo (final 4321) e não se repete: ao novo, alguém tem de ligar" in html
    assert "data-posted" in html
    sent = form | {"do": "send", "reason": "Ligou"}
    assert "data-posted" not in html_of(browser.get("/admin/events/correction/"))
    named = html_of(
        browser.post(address(dead_letter), form | {"data.phone": rows.PHONE, "data.name": "Rosa"})
    )
    assert "já foi feita, e não se repete" in named
    page = html_of(browser.post(address(dead_letter), sent, follow=True))
    assert "“Enviar as boas-vindas”: foi ao telefone antigo (final 4321) e não se repete" in page
    other = wrong_phone()
    _html, version = opened(browser, other)
    assert "telefone antigo" not in html_of(
        browser.post(address(other), sent | {"version": version}, follow=True)
    )


def moved_phone(browser, status="done", **data):
    """A correction of a phone to which the welcome had gone, or was on its way."""
    dead_letter = wrong_phone(**data)
    welcome = dead_letter.event.deliveries.filter(step="send_welcome")
    ended = {"done": {"finished_at": timezone.now()}, "running": {"leased_until": timezone.now()}}[status]
    welcome.update(status=status, due_at=None, claimed_at=timezone.now(), **ended)
    _html, version = opened(browser, dead_letter)
    form = {"version": version, "data.phone": "21 99876-5432", "do": "send", "reason": "Ligou"}
    assert browser.post(address(dead_letter), form).status_code == 302
    return Correction.objects.get(dead_letter=dead_letter)


def places_that_count_calls(browser):
    """What the menu, Painel, the rounds, Precisa de você and its list say of the calls that are owed."""
    owed = "/admin/events/correction/?call=owed"
    panel = browser.get("/admin/")
    lines = [line for group in panel.context["sidebar_navigation"] for line in group["items"]]
    answered = browser.get("/admin/monitoring/round/?kind=evening").context["checks"]
    checks = [row["check"] for row in answered]
    said = [
        found
        for found in browser.get("/admin/events/deadletter/").context["elsewhere"]
        if found.address == owed
    ]
    return {
        "menu": next(line.get("badge", 0) for line in lines if line["link"] == owed),
        "painel": next(card["number"] for card in panel.context["cards"] if card["address"] == owed),
        "ronda": next(int(check.value) for check in checks if check.url == owed),
        "precisa de você": sum(found.count for found in said),
        "list": browser.get(owed).context["cl"].result_count,
    }


def test_person_whose_message_went_to_the_old_phone_is_counted_everywhere_until_somebody_called():
    browser = logged_in(OPERATOR)
    corrections = [moved_phone(browser), moved_phone(browser, phone="(11) 91234-5678")]
    assert set(places_that_count_calls(browser).values()) == {2}
    item = reverse("admin:events_correction_change", args=[corrections[0].pk])
    assert "Já liguei" in html_of(browser.get(item))
    called = reverse("admin:events_correction_called")
    said = html_of(browser.post(called, {"ids": corrections[0].pk, "next": item}, follow=True))
    assert "Anotado: você já ligou." in said
    assert "Já ligou para o telefone novo" in said
    assert 'popovertarget="called-correction"' not in said
    assert set(places_that_count_calls(browser).values()) == {1}
    assert AuditEntry.objects.get(action="correction.called").actor == "user:ana"
    assert event_corrections.called([corrections[0].pk], actor="user:bia") == []
    assert logged_in(VIEWER, "vera").post(called, {"ids": corrections[1].pk}).status_code == 403
    assert "falta ligar" in html_of(browser.get("/admin/events/correction/"))


def test_list_of_calls_says_whom_to_call_and_what_they_did_not_read():
    browser = logged_in(OPERATOR)
    moved_phone(browser), moved_phone(browser, name="Rosa Lima")
    response = browser.get("/admin/events/correction/?call=owed")
    html = html_of(response)
    assert "<title>Ligações a fazer" in " ".join(html.split())
    assert 'tracking-tight">Ligações a fazer</span>' in html
    assert "abra a linha, veja o telefone novo, ligue e diga “Já liguei”" in html
    assert html.count("<span>Enviar as boas-vindas</span>") == 2
    assert html.count("final 4321") == 2
    assert [names for names in response.context["cl"].list_display if names in ("what", "call")] == []
    every = browser.get("/admin/events/correction/")
    assert "<title>Correções" in " ".join(html_of(every).split())
    assert "final 4321" not in html_of(every)


def test_message_that_was_on_its_way_is_counted_once_it_went_and_not_if_it_did_not():
    browser = logged_in(OPERATOR)
    correction = moved_phone(browser, status="running")
    assert not event_corrections.owed_calls().exists()
    welcome = correction.event.deliveries.filter(step="send_welcome")
    welcome.update(status="queued", leased_until=None, due_at=timezone.now())
    assert not event_corrections.owed_calls().exists()
    welcome.update(status="done", due_at=None, finished_at=timezone.now())
    assert event_corrections.owed_calls().get() == correction
    welcome.update(claimed_at=timezone.now())  # tried again after the correction: it went to the new phone
    assert not event_corrections.owed_calls().exists()


def moved_again(browser, letter, phone):
    """The item failed once more, and another phone was typed."""
    transitions.fail_held(
        [Failure(letter.delivery_id, "rejected", "invalid_phone_number", "No such phone")], error="No"
    )
    letter.refresh_from_db()
    _html, version = opened(browser, letter)
    form = {"version": version, "data.phone": phone, "do": "send", "reason": "Outro"}
    review = html_of(browser.post(address(letter), form | {"do": "review"}))
    assert browser.post(address(letter), form).status_code == 302
    return letter.corrections.first(), review


def test_phone_that_is_corrected_twice_asks_for_one_call_and_says_where_the_message_went():
    browser = logged_in(OPERATOR)
    first = moved_phone(browser)
    second, review = moved_again(browser, first.dead_letter, "31 99876-5433")
    assert event_corrections.owed_calls().get() == second
    page = html_of(browser.get(reverse("admin:events_correction_change", args=[second.pk])))
    for html in (review, page):
        assert "foi ao telefone antigo (final 4321)" in html


def test_phone_that_is_corrected_back_to_where_the_message_went_asks_for_no_call():
    browser = logged_in(OPERATOR)
    first = moved_phone(browser)
    letter = first.dead_letter
    second, review = moved_again(browser, letter, rows.PHONE)
    assert not event_corrections.owed_calls().exists()
    page = html_of(browser.get(reverse("admin:events_correction_change", args=[second.pk])))
    for html in (review, page):
        assert "foi ao telefone antigo" not in html
    third, _review = moved_again(browser, letter, "21 99876-5432")
    assert event_corrections.owed_calls().get() == third


def test_message_that_went_to_the_phone_between_asks_for_a_call_to_the_one_that_came_back():
    browser = logged_in(OPERATOR)
    first = moved_phone(browser)
    first.event.deliveries.filter(step="send_welcome").update(claimed_at=timezone.now())
    second, review = moved_again(browser, first.dead_letter, rows.PHONE)
    assert event_corrections.owed_calls().get() == second
    page = html_of(browser.get(reverse("admin:events_correction_change", args=[second.pk])))
    for html in (review, page):
        assert "foi ao telefone antigo (final 5432)" in html


def test_corrections_of_before_are_told_whether_a_call_is_owed_by_what_was_sent_when():
    browser = logged_in(OPERATOR)
    owed, called, unsent, back, twice = (moved_phone(browser, city=city) for city in "ABCDE")
    Correction.objects.filter(pk=called.pk).update(called_by="user:ana", called_at=timezone.now())
    unsent.event.deliveries.filter(step="send_welcome").update(status="queued", due_at=timezone.now())
    moved_again(browser, back.dead_letter, rows.PHONE)
    last, _review = moved_again(browser, twice.dead_letter, "31 99876-5433")
    Correction.objects.update(may_owe_call=False)
    migration = import_module("events.migrations.0010_owed_calls_of_before")
    with patch.object(migration, "AT_ONCE", 2), connection.schema_editor(atomic=False) as editor:
        migration.mark(apps, editor)
    assert set(event_corrections.owed_calls()) == {owed, last}
    assert set(Correction.objects.filter(may_owe_call=True)) == {owed, last}


def test_before_it_is_sent_the_message_is_read_as_the_person_will_receive_it():
    browser, dead_letter = logged_in(OPERATOR), wrong_phone(step="send_welcome")
    _html, version = opened(browser, dead_letter)
    form = {"version": version, "data.name": "Rosa Lima", "data.phone": "21 99876-5432", "do": "review"}
    html = html_of(browser.post(address(dead_letter), form))
    assert "A mensagem que a pessoa recebe" in html
    message = html.partition("A mensagem que a pessoa recebe")[2]
    assert "+55 21 99876-5432" in message
    assert "Rosa" in message
    other = wrong_phone()
    _html, version = opened(browser, other)
    assert "que a pessoa recebe" not in html_of(browser.post(address(other), form | {"version": version}))
