"""Precisa de você begins with the failures: how many, who is affected, what helps; each number is a link."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from carinho.access.models import AuditEntry
from carinho.access.roles import ADMINISTRATOR, OPERATOR, VIEWER
from carinho.console import dates
from carinho.console.base import page_of
from events import bulk_jobs, failure_groups, operations, recipes
from events.admin import bulk_question, preview
from events.engine import circuit_breakers, transitions
from events.engine.transitions import Failure
from events.models import BulkJob, DeadLetter, Delivery, FailureGroup, Recipe
from events.recipes import Texts
from tests.clients import logged_in, person
from tests.console import rows

pytestmark = pytest.mark.django_db
LIST = "/admin/events/deadletter/"
RECIPE = {
    "title": "CRM em manutenção",
    "happened": "O {sistema} para às terças.",
    "fixer": "A equipe do {sistema}.",
    "advice": "Espere até quarta.",
    "remedy": "systems",
}


@pytest.fixture(autouse=True)
def no_messages(monkeypatch):
    """No worker listens: the wake-ups after a retry go nowhere."""
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


@pytest.fixture
def group(db):
    rows.dead_letter()
    return FailureGroup.objects.get()


def address(group):
    return reverse("admin:events_failuregroup_change", args=[group.pk])


def post(browser, verb, group, **form):
    given = {"ids": group.pk, "next": address(group)} | form
    return browser.post(reverse(f"admin:events_failuregroup_{verb}"), given, follow=True)


def html_of(browser, path):
    response = browser.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_page_says_what_failed_how_many_and_who_is_affected_in_plain_words():
    rows.dead_letter(step="send_welcome"), rows.dead_letter(step="send_welcome", phone="(11) 91234-5678")
    html = html_of(logged_in(VIEWER), LIST)
    for words in (
        "1 falha, por sistema e causa",
        "WhatsApp · Enviar as boas-vindas",
        "O sistema não respondeu a tempo",
        "<b>2 itens</b>",
        "2 pessoas não receberam as boas-vindas",
        "↑ 2 na última hora",
        "WhatsApp recebeu o pedido e não respondeu no tempo combinado",
        "conexão",
    ):
        assert words in html


def test_age_of_one_item_that_failed_once_is_said_once():
    letter, browser = rows.dead_letter(), logged_in(VIEWER)
    html = html_of(browser, LIST)
    assert "<b>1 item</b>" in html
    assert not re.findall("a última|a primeira|↑", html)
    DeadLetter.objects.update(created_at=letter.created_at - timedelta(hours=2))
    assert "a primeira" in html_of(browser, LIST)


def test_each_number_of_a_group_leads_to_exactly_so_many_rows(group):
    rows.dead_letter(), rows.dead_letter(cause="invalid_data")
    old = rows.dead_letter()
    DeadLetter.objects.filter(pk=old.pk).update(failed_at="2026-01-01T00:00:00Z")
    browser = logged_in(VIEWER)
    for card in browser.get(LIST).context["groups"]:
        assert browser.get(card.rows).context["cl"].result_count == card.figures.open
        assert browser.get(card.recent_rows).context["cl"].result_count == card.figures.lately


def test_button_of_a_group_with_one_item_leads_to_the_item_and_of_several_to_their_list(group):
    alone, browser = DeadLetter.objects.get(), logged_in(VIEWER)
    recipes.write(group, Texts(**RECIPE | {"remedy": "rows"}), everywhere=False, actor="user:ana")
    item = reverse("admin:events_deadletter_change", args=[alone.pk])
    for page in (LIST, "/admin/", address(group)):
        assert re.search(rf'href="{item}">(<span[^>]*>list</span>)?Ver o item<', html_of(browser, page)), page
    rows.dead_letter()
    for page in (LIST, "/admin/", address(group)):
        assert f'href="{LIST}?group={group.pk}"><span' in html_of(browser, page), page


def test_most_urgent_come_first_and_what_is_silenced_or_under_way_last():
    silenced, taken = rows.dead_letter(cause="broken"), rows.dead_letter(cause="not_found")
    under_way, new = rows.dead_letter(cause="held_too_long"), rows.dead_letter()
    found = {group.cause: group for group in FailureGroup.objects.all()}
    failure_groups.silence([found[silenced.cause].pk], actor="user:ana")
    failure_groups.take([found[taken.cause].pk], actor="user:ana")
    operations.retry([under_way.pk], actor="user:ana")
    shown = [card.group.cause for card in logged_in(VIEWER).get(LIST).context["groups"]]
    assert shown == [new.cause, taken.cause, silenced.cause, under_way.cause]


def test_whoever_waits_comes_before_what_concerns_nobody_and_most_of_them_first():
    for number in range(2):
        rows.dead_letter(cause="broken", phone=f"(11) 98765-432{number}")
    rows.dead_letter(cause="not_found")
    event = rows.lead(utm={"campaign": "maio"})
    step = event.deliveries.get(step="attribute_campaign")
    Delivery.objects.filter(pk=step.pk).update(status="queued", due_at=event.received_at)
    transitions.fail_held([Failure(step.pk, "rejected", "invalid_data", "refused")], error="refused")
    browser = logged_in(VIEWER)
    for page in (LIST, "/admin/"):
        shown = [card.group.cause for card in browser.get(page).context["groups"]]
        assert shown == ["broken", "not_found", "invalid_data"]


def test_filtered_list_shows_its_rows_only_and_the_way_to_the_group(group):
    rows.dead_letter(cause="invalid_data")
    response = logged_in(VIEWER).get(f"{LIST}?group={group.pk}")
    assert response.context["groups"] == []
    assert [row.cause for row in response.context["cl"].result_list] == [group.cause]
    assert address(group) in response.content.decode()


def test_list_of_a_system_or_of_its_cause_begins_with_its_failures_their_recipes_and_buttons():
    rows.dead_letter(cause="no_permission"), rows.dead_letter(cause="not_found")
    rows.dead_letter(step="send_welcome", cause="no_permission")
    browser = logged_in(OPERATOR)

    def shown(query):
        groups = browser.get(LIST + query).context["groups"]
        return sorted((card.group.service, card.group.cause) for card in groups)

    assert shown("?service=crm") == [("crm", "no_permission"), ("crm", "not_found")]
    assert shown("?service=crm&cause=no_permission") == [("crm", "no_permission")]
    assert shown("?cause=no_permission") == shown("?service=crm&q=Maria") == []
    html = html_of(browser, f"{LIST}?service=crm&cause=no_permission")
    assert "Quem resolve" in html
    assert html.count("Conferir a chave com 1 item") == 1


@pytest.mark.parametrize("given", ["999999", "abc", "9" * 30, "-1"])
def test_group_that_does_not_exist_has_no_rows(group, given):
    response = logged_in(VIEWER).get(f"{LIST}?group={given}", follow=True)
    assert response.status_code == 200
    assert response.context["cl"].result_count == 0


def test_button_resends_the_whole_group_after_one_question(group):
    other = rows.dead_letter(cause="invalid_data")
    browser = logged_in(OPERATOR)
    html = html_of(browser, LIST)
    assert "Reenviar 1" in html
    form = {"action": "retry", "index": 0, "select_across": 1, "_selected_action": 0}
    asked = browser.post(f"{LIST}?group={group.pk}", form)
    assert "Reenviar 1 entrega" in asked.content.decode()
    browser.post(asked.context["address"], {"ids": asked.context["ids"], "next": asked.context["next"]})
    assert DeadLetter.objects.get(cause=group.cause).status == "retrying"
    assert DeadLetter.objects.get(pk=other.pk).status == "open"


def test_question_says_that_fewer_are_left_than_the_button_said_and_that_they_go_in_stages(group):
    letters = [rows.dead_letter() for _ in range(13)]
    browser = logged_in(OPERATOR)
    for page in (address(group), f"{LIST}?group={group.pk}"):
        assert '<input type="hidden" name="shown" value="14">' in html_of(browser, page)
    operations.retry([letter.pk for letter in letters[:1]], actor="user:bia")
    form = {"action": "retry", "index": 0, "select_across": 1, "_selected_action": 0, "shown": 14}
    asked = browser.post(f"{LIST}?group={group.pk}", form)
    html = asked.content.decode()
    assert "Agora são 13; quando a página foi aberta, eram 14: o que falta já saiu ou foi tratado." in html
    stages = "Saem em etapas: primeiro 1, depois até 10, depois os outros 2."
    assert stages in html
    assert "vão ao sistema CRM agora" in html
    assert "agora ao sistema" not in html
    job = browser.post(asked.context["address"], {"ids": asked.context["ids"]}, follow=True)
    assert stages in job.content.decode()
    for other in ({"shown": "x"}, {"select_across": 0, "_selected_action": letters[1].pk}):
        html = browser.post(f"{LIST}?group={group.pk}", form | other).content.decode()
        assert "Reenviar 1" in html
        assert "quando a página foi aberta" not in html


def test_while_the_system_is_down_the_button_leads_to_its_state(group):
    rows.down("crm")
    html = html_of(logged_in(OPERATOR), LIST)
    assert "Ir a Sistemas" in html
    assert "Reenviar 1" not in html
    circuit_breakers.reset("crm", actor="user:ana")
    assert "Reenviar 1" in html_of(logged_in(OPERATOR, "bia"), LIST)


def test_fault_of_our_program_leads_to_the_people_to_call(settings):
    settings.SUPPORT_DEVELOPMENT = "Davi, davi@exemplo.com"
    rows.dead_letter(cause="broken")
    browser = logged_in(OPERATOR)
    (card,) = browser.get(LIST).context["groups"]
    assert (card.help.text, card.help.address) == ("Escalar", f"{card.address}#contatos")
    html = html_of(browser, card.address)
    assert 'id="contatos"' in html
    assert "mailto:davi@exemplo.com" in html


def test_operator_who_opens_a_new_group_has_seen_it_and_a_viewer_has_not(group):
    logged_in(VIEWER, "vera").get(address(group))
    group.refresh_from_db()
    assert group.state == "new"
    logged_in(OPERATOR).get(address(group))
    group.refresh_from_db()
    assert group.state == "seen"


def test_operator_takes_notes_tags_and_silences_and_the_page_shows_it(group):
    browser = logged_in(OPERATOR)
    post(browser, "take", group)
    post(browser, "note", group, note="O fornecedor volta às 15h")
    post(browser, "tag", group, tags="Fornecedor, urgente")
    html = html_of(browser, address(group))
    for words in ("com ana", "O fornecedor volta às 15h", "fornecedor", "urgente"):
        assert words in html
    post(browser, "silence", group, reason="Manutenção até sexta")
    assert "silenciado com 1; com ana" in html_of(browser, LIST)
    post(browser, "unsilence", group)
    assert "silenciado com 1" not in html_of(browser, LIST)
    post(browser, "release", group)
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert actions == {f"group.{verb}" for verb in ("take", "note", "tag", "silence", "unsilence", "release")}


def test_second_operator_is_told_who_has_the_group(group):
    post(logged_in(OPERATOR), "take", group)
    html = post(logged_in(OPERATOR, "bia"), "take", group).content.decode()
    assert "ficou como estava" in html
    assert "com ana" in html
    group.refresh_from_db()
    assert group.owner == "user:ana"


def test_recipe_is_written_from_the_group_and_read_on_every_page_of_its_items(group):
    browser = logged_in(OPERATOR)
    post(browser, "write", group, **RECIPE)
    for path in (LIST, address(group), f"{LIST}{DeadLetter.objects.get().pk}/change/"):
        html = html_of(browser, path)
        assert "CRM em manutenção" in html
        assert "O CRM para às terças." in html
    assert "Ir a Sistemas" in html_of(browser, LIST)
    post(browser, "reset_recipe", group)
    assert not Recipe.objects.exists()
    assert "O sistema não respondeu a tempo" in html_of(browser, address(group))


@pytest.mark.parametrize("wrong", [{"title": ""}, {"remedy": "explode"}, {"title": "x" * 121}])
def test_recipe_that_lacks_something_is_not_written(group, wrong):
    html = post(logged_in(OPERATOR), "write", group, **(RECIPE | wrong)).content.decode()
    assert "Preencha todos os campos da receita." in html
    assert not Recipe.objects.exists()


@pytest.mark.parametrize(
    ("verb", "given"), [("tag", {"tags": "11 97531-7777"}), ("write", RECIPE | {"title": "Fale com a@b.com"})]
)
def test_what_everybody_reads_of_a_group_names_nobody(group, verb, given):
    html = post(logged_in(OPERATOR), verb, group, **given).content.decode()
    assert "todos leem este texto" in html
    assert not AuditEntry.objects.exists()


def test_number_in_a_recipe_is_masked_for_who_may_only_see(group):
    post(logged_in(OPERATOR), "write", group, **(RECIPE | {"advice": "Ligue para 11 97531-7777"}))
    trail = reverse("admin:access_auditentry_change", args=[AuditEntry.objects.get().pk])
    viewer = logged_in(VIEWER, "vera")
    for path in (LIST, address(group), f"{LIST}{DeadLetter.objects.get().pk}/change/", trail):
        assert "97531-7777" not in html_of(viewer, path)
    assert "97531-7777" in html_of(logged_in(OPERATOR, "bia"), address(group))


VERBS = {
    "take": {},
    "release": {},
    "silence": {},
    "unsilence": {},
    "note": {"note": "x"},
    "tag": {"tags": "x"},
    "write": RECIPE,
    "reset_recipe": {},
}


@pytest.mark.parametrize("verb", VERBS)
def test_viewer_is_refused_by_the_server_and_a_get_does_nothing(group, verb):
    post(logged_in(OPERATOR), "take", group)
    before = AuditEntry.objects.count()
    viewer = logged_in(VIEWER, "vera")
    path = reverse(f"admin:events_failuregroup_{verb}")
    assert viewer.post(path, {"ids": group.pk} | VERBS[verb]).status_code == 403
    assert logged_in(ADMINISTRATOR, "adm").get(path).status_code == 405
    assert AuditEntry.objects.count() == before
    group.refresh_from_db()
    assert (group.state, group.tags) == ("taken", [])


def test_viewer_sees_every_button_disabled_with_the_reason(group):
    html = html_of(logged_in(VIEWER), address(group))
    for button in ("Assumir", "Anotar", "Etiquetar", "Mudar a receita", "Reenviar 1", "Arquivar 1"):
        shown = re.search(rf"<button[^>]*>(?:(?!</button>).)*{button}", html)
        assert shown, button
        assert "disabled" in shown[0].rsplit("<button", 1)[1].partition(">")[0], button
    assert "Seu papel permite ver, mas não fazer isto" in html


def test_archive_asks_for_the_reason_and_takes_none_without(group):
    letter = DeadLetter.objects.get()
    browser = logged_in(OPERATOR)
    path = reverse("admin:events_deadletter_archive")
    refused = browser.post(path, {"ids": letter.pk}, follow=True).content.decode()
    assert "Escolha o motivo do arquivamento." in refused
    assert DeadLetter.objects.get().status == "open"
    browser.post(path, {"ids": letter.pk, "why": "Repetido", "reason": "veio duas vezes"})
    letter.refresh_from_db()
    assert (letter.status, letter.note) == ("archived", "Repetido: veio duas vezes")


def test_closed_item_gives_no_advice_and_says_how_long_it_is_kept(group):
    letter = DeadLetter.objects.get()
    path = f"{LIST}{letter.pk}/change/"
    browser = logged_in(OPERATOR)
    assert "O que fazer" in html_of(browser, path)
    operations.archive([letter.pk], actor="user:ana", reason="Repetido")
    html = html_of(browser, path)
    assert "O que fazer" not in html
    assert "faltam 364 dias" in html
    assert "por ana, com Arquivar" in html_of(browser, address(group))


def test_empty_list_below_what_is_sent_again_says_that_it_is_under_way(group):
    operations.retry(list(DeadLetter.objects.values_list("pk", flat=True)), actor="user:ana")
    html = html_of(logged_in(VIEWER), LIST)
    assert "1 sendo tentado de novo" in html
    assert "O que foi reenviado está a caminho" in html
    assert "Tudo certo" not in html


def test_empty_list_says_that_all_is_well_and_an_empty_search_does_not():
    browser = logged_in(VIEWER)
    assert "Tudo certo: nada precisa de você agora." in html_of(browser, LIST)
    searched = html_of(browser, LIST + "?q=ninguém")
    assert "Nada aqui com esta busca ou estes filtros." in searched
    assert "Tudo certo" not in searched


def test_groups_that_were_are_found_by_state_and_tag(group):
    failure_groups.tag([group.pk], ["fornecedor"], actor="user:ana")
    rows.dead_letter(cause="broken")
    browser = logged_in(VIEWER)
    path = reverse("admin:events_failuregroup_changelist")
    assert browser.get(path).context["cl"].result_count == 2
    assert list(browser.get(path, {"tag": "fornecedor"}).context["cl"].result_list) == [group]
    assert browser.get(path, {"state": "resolved"}).context["cl"].result_count == 0


@pytest.mark.usefixtures("sidebar_counted_once")
def test_more_groups_and_more_items_cost_no_more_statements(group):
    browser = logged_in(OPERATOR)
    rows.dead_letter(cause="no_permission"), rows.dead_letter(cause="invalid_data")
    browser.get(address(group))
    with CaptureQueriesContext(connection) as few:
        browser.get(LIST), browser.get(address(group))
    for cause in ("broken", "not_found", "invalid_data", "no_permission"):
        rows.dead_letter(cause=cause), rows.dead_letter(), rows.dead_letter(step="send_welcome", cause=cause)
    with CaptureQueriesContext(connection) as many:
        browser.get(LIST), browser.get(address(group))
    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("cause", "main"),
    [
        ("invalid_phone_number", "Corrigir e reenviar"),
        ("connection_timeout", "Reenviar"),
        ("broken", "Escalar"),
        ("not_found", ""),
    ],
)
def test_main_button_of_an_item_is_the_one_that_its_recipe_names(cause, main):
    letter = rows.dead_letter(cause=cause)
    html = html_of(logged_in(OPERATOR), f"{LIST}{letter.pk}/change/")
    head = html.partition('<div class="c-buttons">')[2].partition('<dl class="c-recipe">')[0]
    shown = re.findall(
        r'<button type="\w+" class="c-button c-primary"[^>]*popovertarget[^>]*>(.*?)</button>', head
    )
    shown += re.findall(
        r'<form method="post" action="[^"]*/correction/[^>]*>.*?c-primary.*?</button>', head, re.DOTALL
    )
    assert main in " ".join(shown) if main else not shown
    assert len(shown) == bool(main)


def buttons_of(browser, group):
    """What the head of the group's page offers to do with its items, but for what stands behind a summary."""
    page = html_of(browser, address(group)).partition('id="c-group"')[2]
    head = page.partition("</header>")[0].partition("<details")[0]
    return re.findall(r'class="c-button(?: c-primary)? ?"[^>]*><span[^>]*>[^<]*</span>([^<]*)<', head)


def test_rejected_key_is_tried_with_one_item_before_all_are_sent():
    *others, first = [rows.dead_letter(cause="no_permission") for _ in range(3)]
    browser, group = logged_in(OPERATOR), FailureGroup.objects.get()
    (card,) = browser.get(LIST).context["groups"]
    assert (card.help.text, card.help.items) == ("Conferir a chave com 1 item", (first.pk,))
    assert "já aceita" not in html_of(browser, address(group))
    assert buttons_of(browser, group) == ["Conferir a chave com 1 item"]
    one = {"action": "retry", "index": "0", "select_across": "0", "_selected_action": first.pk}
    assert "Conferir a chave com 1 item?" in browser.post(card.rows, one).content.decode()

    ids = ",".join(str(row.pk) for row in (first, *others))
    asked = browser.post(card.rows, one | {"select_across": "1"}).content.decode()
    assert asked.count("CRM recusou a nossa chave em «Cadastrar o lead»") == 1
    assert "e depois disso nenhuma chamada igual passou.<br>" in asked
    assert "Reenviar 3 entregas?" in asked
    assert 'name="rejected_key" value="1" required' in asked
    retry = reverse("admin:events_deadletter_retry")
    refused = browser.post(retry, {"ids": ids}, follow=True).content.decode()
    assert "3 itens não foram reenviados: o sistema recusou a nossa chave" in refused
    assert DeadLetter.objects.filter(status="open").count() == 3

    moved = {"status": "done", "due_at": None, "finished_at": timezone.now()}
    Delivery.objects.filter(pk=rows.lead().deliveries.get(step="register_lead").pk).update(**moved)
    (card,) = browser.get(LIST).context["groups"]
    assert card.help.text == "Reenviar 3"
    assert buttons_of(browser, group) == ["Reenviar 3"]
    since = dates.clock(moved["finished_at"])
    sentence = f"CRM recusou a nossa chave até {dates.clock(first.failed_at)}; desde {since} a aceita."
    for page in (LIST, address(group), reverse("admin:events_deadletter_change", args=[first.pk])):
        html = html_of(browser, page)
        assert sentence in html, page
        assert "Você: CRM já aceita a nossa chave." in html, page
    assert (
        "recusou a nossa chave" not in browser.post(card.rows, one | {"select_across": "1"}).content.decode()
    )


def test_group_of_a_system_that_refuses_everybody_offers_one_item_and_not_all():
    for number in range(5):
        letter = rows.dead_letter(cause="invalid_data", phone=f"(11) 98765-432{number}")
        rows.tried(letter.delivery, outcome="rejected")
    browser, group = logged_in(OPERATOR), FailureGroup.objects.get()
    assert "reenvie um só" in html_of(browser, address(group))
    assert buttons_of(browser, group) == ["Ir a Sistemas", "Tentar com 1 item"]


def test_where_the_data_is_right_what_does_not_help_is_offered_only_all_the_same():
    letters = []
    for number in range(5):
        letters.append(rows.dead_letter(cause="no_permission", phone=f"(11) 98765-432{number}"))
        rows.tried(letters[-1].delivery, outcome="rejected")
    browser, group = logged_in(OPERATOR), FailureGroup.objects.get()
    for page in (reverse("admin:events_deadletter_change", args=[letters[0].pk]), address(group)):
        html = html_of(browser, page)
        assert "Não corrija nem arquive os itens." in html
        before, _summary, after = html.partition("mesmo assim</summary>")
        assert "archive</span>Arquivar" not in before, page
        assert "archive</span>Arquivar" in after, page
    other = rows.dead_letter()
    html = html_of(browser, reverse("admin:events_deadletter_change", args=[other.pk]))
    assert "mesmo assim</summary>" not in html
    assert "archive</span>Arquivar" in html


def test_advice_that_sends_to_an_administrator_leads_to_who_that_is():
    rows.dead_letter(cause="no_permission")
    browser, boss = logged_in(OPERATOR), person(ADMINISTRATOR, "chefe")
    boss.first_name, boss.last_name, boss.email = "Rita", "Lima", "rita@exemplo.com"
    boss.save()
    link = '<a href="/admin/monitoring/alert/contacts/#administradores">'
    for page in (LIST, address(FailureGroup.objects.get())):
        assert f"{link}Um administrador</a>, conferindo a chave" in html_of(browser, page), page
    contacts = html_of(browser, "/admin/monitoring/alert/contacts/")
    assert '<b>Rita Lima</b> <a href="mailto:rita@exemplo.com">' in contacts
    assert "<b>ana</b>" not in contacts


def test_question_names_each_step_for_which_a_key_was_rejected():
    letters = [rows.dead_letter(cause="no_permission").pk for _ in range(2)]
    letters += [rows.dead_letter_of("payment.received", "add_history", "no_permission").pk for _ in range(2)]
    summary = preview.of_retried(bulk_question.retried(letters), [], len(letters))
    said = [(system, step) for system, step, _at in summary.rejected_keys]
    assert said == [("CRM", "Anotar no histórico"), ("CRM", "Cadastrar o lead")]


def test_items_go_to_a_system_that_rejected_the_key_by_a_second_yes():
    ids = ",".join(str(rows.dead_letter(cause="no_permission").pk) for _ in range(2))
    form = {"ids": ids, "rejected_key": "1"}
    logged_in(OPERATOR).post(reverse("admin:events_deadletter_retry"), form)
    assert BulkJob.objects.get().total == 2


def test_key_that_a_system_rejects_for_everybody_is_tried_with_one_item_too():
    for number in range(5):
        letter = rows.dead_letter(cause="no_permission", phone=f"(11) 98765-432{number}")
        rows.tried(letter.delivery, outcome="rejected")
    (card,) = logged_in(OPERATOR).get(LIST).context["groups"]
    assert card.advice.texts.title == "O sistema não aceita a nossa chave"
    assert card.help.text == "Conferir a chave com 1 item"


def test_group_of_one_item_names_the_one_system_that_its_data_came_from():
    rows.dead_letter(cause="invalid_data")
    assert "no sistema de origem (Site)" in html_of(logged_in(OPERATOR), LIST)


def test_failure_whose_items_wait_in_a_retry_that_goes_on_leads_to_it():
    ids = [rows.dead_letter().pk for _ in range(3)]
    job = bulk_jobs.start_retry(ids, "user:ana")  # one is on its way, and two wait for their turn
    html = html_of(logged_in(OPERATOR), LIST)
    assert f'href="{page_of(job)}"' in html
    assert "Ver o reenvio em andamento" in html
    bulk_jobs.cancel([job.pk], actor="user:ana")
    assert "Reenviar 3" in html_of(logged_in(OPERATOR, "bia"), LIST)
