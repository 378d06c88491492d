"""The page of a retry of many: how far it is, what became of each item, and who may do what to it."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from carinho.access.roles import OPERATOR, VIEWER
from carinho.console import dates
from carinho.services.errors import Rejected, Unavailable
from events import bulk_jobs, operations, status_badges
from events.engine import attempt, lane, transitions
from events.models import BulkJob, CircuitBreaker, DeadLetter, Delivery
from tests.clients import logged_in
from tests.console import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]
LIST = "/admin/events/deadletter/"
JOBS = "/admin/events/bulkjob/"


def address(job):
    return reverse("admin:events_bulkjob_change", args=[job.pk])


def html_of(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def post(browser, name, **form):
    return browser.post(reverse(f"admin:events_{name}"), form, follow=True)


def letters(count):
    return [rows.dead_letter() for _ in range(count)]


def ids_of(found):
    return ",".join(str(letter.pk) for letter in found)


def at_work(failing=()):
    """CRM takes what is due until nothing is; those of `failing` are refused."""
    refused = {letter.delivery_id for letter in failing}
    no = Rejected("No", doing="register lead", system="CRM")
    while taken := transitions.claim("crm", 5):
        lane.write(
            [
                attempt.fail(claim, "rejected", no) if claim.id in refused else attempt.finish(claim, None)
                for claim in taken
            ]
        )
        bulk_jobs.advance_all()


def test_retry_of_many_leads_to_a_page_that_claims_no_success():
    found = letters(3)
    response = post(logged_in(OPERATOR), "deadletter_retry", ids=ids_of(found), next=LIST)
    assert response.redirect_chain == [(address(BulkJob.objects.get()), 302)]
    html = html_of(response)
    for words in ("Reenvio de 3 itens começado", "Desfazer", "0 de 3 terminaram", "1 a caminho"):
        assert words in html
    for words in ("reenviadas", "entregues"):
        assert words not in html.split('id="reenvio"')[1].split("</section>")[0]


def test_page_says_that_what_is_on_its_way_failed_and_when_it_is_tried_again():
    browser, found = logged_in(OPERATOR), letters(3)
    job = bulk_jobs.start_retry([letter.pk for letter in found], "user:ana")
    assert "tenta de novo" not in html_of(browser.get(address(job)))
    (claim,) = transitions.claim("crm", 5)
    lane.write([attempt.retry_later(claim, Unavailable("crm answered 500", cause="server_error"))])
    delivery, tried = found[0].delivery, found[0].delivery.attempt_log.latest("id")
    delivery.refresh_from_db()
    html, page = html_of(browser.get(address(job))), f"{LIST}{found[0].pk}/change/"
    assert (
        f'<a href="{page}">O primeiro item</a> falhou às {dates.clock(tried.started_at)} (respondeu com erro '
        f"500) e tenta de novo às {dates.clock(delivery.due_at)}.</p>"
    ) in html
    Delivery.objects.filter(pk=delivery.pk).update(due_at=found[0].created_at - timedelta(hours=1))
    assert "e é tentado de novo agora." in html_of(browser.get(address(job)))
    rows.down("crm")  # for which it waits then
    html = html_of(browser.get(address(job)))
    assert "1 entrega espera por ele" in html
    assert "tentado de novo" not in html
    CircuitBreaker.objects.all().delete()
    at_work()
    assert "O primeiro item" not in html_of(browser.get(address(job)))


def test_page_says_for_which_system_it_waits_and_since_when():
    browser = logged_in(OPERATOR)
    job = bulk_jobs.start_retry([letter.pk for letter in letters(3)], "user:ana")
    assert "espera por ele" not in html_of(browser.get(address(job)))
    since = rows.down("crm").outage_since
    html = html_of(browser.get(address(job)))
    assert f"CRM</a> {status_badges.system(CircuitBreaker.objects.get(pk='crm'), None)}" in html
    assert f"{dates.since(since)}: <a href" in html
    assert "1 entrega espera por ele e sai sozinha quando ele voltar." in html
    waiting = re.search(r'href="([^"]+)">1 entrega espera', html)[1].replace("&amp;", "&")
    assert browser.get(waiting).context["cl"].result_count == 1
    rows.down("financeiro")
    assert html_of(browser.get(address(job))).count("espera por ele") == 1


def test_question_counts_what_the_click_moves_and_says_why_not_the_others():
    browser, (archived, done) = logged_in(OPERATOR), letters(2)
    first, second, other = [rows.client_dead_letter(id) for id in (7, 8, 9)]
    operations.archive([archived.pk], actor="user:bia")
    DeadLetter.objects.filter(pk=done.pk).update(status="resolved", closed_at=timezone.now())
    rows.client_written(7)
    rows.client_written(8)

    def asked(action):
        chosen = {"action": action, "index": "0", "select_across": "1", "_selected_action": "0"}
        return html_of(browser.post(f"{LIST}?status=all", chosen))

    html = asked("retry")
    assert html.count('<span class="c-without-yes">Reenviar 1 entrega</span>') == 2
    ticked = (
        '<span class="c-with-yes" data-yes="overtaken">Reenviar 3 entregas: 1 normal e 2 ultrapassadas</span>'
    )
    assert html.count(ticked) == 2
    assert "5 itens: 1 vai agora, 2 ultrapassados ficam, 1 já foi arquivado, 1 já foi entregue." in html
    assert "2 itens ultrapassados: eventos mais novos" in html
    assert f'name="ids" value="{ids_of([first, second, other])}"' in html
    assert "Arquivar 3 itens?" in asked("archive")
    assert "3 de 5: " in asked("archive")
    assert "Restaurar 1 item?" in asked("restore")
    assert "3 estão em aberto" in asked("restore")


def test_question_names_what_is_overtaken_and_by_what_and_lists_the_rest(monkeypatch):
    monkeypatch.setattr("events.admin.preview.MOST_NAMED", 2)
    browser, found = logged_in(OPERATOR), [rows.client_dead_letter() for _ in range(3)]
    later = rows.client_written()
    chosen = {"action": "retry", "index": "0", "select_across": "1", "_selected_action": "0"}
    asked = browser.post(LIST, chosen)
    html = html_of(asked)
    named = [letter for letter in found if f'href="{LIST}{letter.pk}/change/"' in html]
    assert named == found[:2]
    assert "M•••• S••••" in html
    assert rows.NAME not in html
    assert f"Cliente atualizado #{later.pk}" in html
    assert "Ver os 3 na lista" in html
    listed = browser.get(asked.context["preview"].overtaken.rows).context["cl"].result_list
    assert set(listed) == set(found)
    assert f"#{later.pk}" in html_of(browser.get(f"{LIST}{found[0].pk}/change/"))
    monkeypatch.setattr("events.admin.bulk_question.MOST_LISTED", 2)
    assert "Ver os primeiros 2 na lista" in html_of(browser.post(LIST, chosen))


def test_what_is_overtaken_is_called_so_everywhere_and_goes_by_one_second_yes():
    browser, letter = logged_in(OPERATOR), rows.client_dead_letter()
    assert "ultrapassado" not in html_of(browser.get(LIST))
    rows.client_written()
    why = "um evento mais novo já gravou o mesmo registro no sistema, e reenviar pode trazer de volta o dado"
    sentence, page = f"Item ultrapassado: {why}", f"{LIST}{letter.pk}/change/"
    listed = html_of(browser.get(LIST))
    assert listed.count(">ultrapassado</span>") == 1
    assert why in listed
    assert html_of(browser.get(page)).count(sentence) == 2  # on the page, and in the window that asks
    asked = {"action": "retry", "index": "0", "select_across": "0", "_selected_action": letter.pk}
    assert html_of(browser.post(LIST, asked)).count(sentence) == 1
    refused = html_of(post(browser, "deadletter_retry", ids=letter.pk, next=LIST))
    assert f"{sentence} antigo. Não foi reenviado" in refused
    assert "Reenviando" in html_of(post(browser, "deadletter_retry", ids=letter.pk, overtaken="1", next=page))


def test_recipe_and_buttons_of_what_is_overtaken_advise_against_the_retry():
    browser, letter = logged_in(OPERATOR), rows.client_dead_letter()
    page = f"{LIST}{letter.pk}/change/"
    assert "mesmo assim</summary>" not in html_of(browser.get(page))
    rows.client_written()
    html = html_of(browser.get(page))
    before, _summary, after = html.partition("mesmo assim</summary>")
    assert re.search(r'class="c-button c-primary"[^>]*><span[^>]*>archive</span>Arquivar', before)
    assert "replay</span>Reenviar" not in before
    assert "replay</span>Reenviar" in after.partition("</header>")[0]
    assert "Não reenvie: um evento mais novo já gravou este cadastro" in html
    assert "use Reenviar" not in html
    row = html_of(browser.get(LIST)).partition('id="result_list"')[2]
    assert 'form="retry-row"' not in row
    assert 'popovertarget="archive-row"' in row


def test_question_and_result_of_a_retry_say_how_many_go_and_that_the_overtaken_stay():
    browser, found = logged_in(OPERATOR), [rows.client_dead_letter(id) for id in (7, 8, 9, 10)]
    for id in (7, 8, 9):
        rows.client_written(id)
    chosen = {"action": "retry", "index": "0", "select_across": "1", "_selected_action": "0"}
    asked = browser.post(LIST, chosen)
    html = html_of(asked)
    assert "4 itens: 1 vai agora, 3 ultrapassados ficam." in html
    assert "1 item vai ao sistema Financeiro agora." in html
    assert "O que acontece se você não marcar nada abaixo" in html
    done = post(browser, "deadletter_retry", ids=asked.context["ids"], next=LIST)
    html = html_of(done)
    for words in ("Reenvio de 4 itens", "1 a caminho", "3 ultrapassados não saíram", "Não foram reenviados"):
        assert words in html
    left = re.search(r'href="([^"]+)">3 ultrapassados', html)[1].replace("&amp;", "&")
    assert set(browser.get(left).context["cl"].result_list) == set(found[:3])
    html = html_of(browser.post(LIST, chosen))
    assert "3 itens: 3 ultrapassados ficam. Só vão se você marcar abaixo." in html
    assert "O que acontece se você marcar abaixo" in html
    assert "Reenviar 3 entregas?" in html


def test_question_about_what_was_dealt_with_meanwhile_says_only_that():
    found = letters(2)
    operations.archive([letter.pk for letter in found], actor="user:bia")
    chosen = {"action": "retry", "index": "0", "select_across": "1", "_selected_action": "0"}
    html = html_of(logged_in(OPERATOR).post(f"{LIST}?status=all", chosen))
    assert "2 itens: 2 já foram arquivados." in html
    assert "marcar" not in html.partition("c-question")[2].partition("</section>")[0]


def test_question_says_of_each_item_whether_it_goes_waits_or_is_not_sent():
    letters(2)
    rows.client_dead_letter()
    late = rows.dead_letter("send_welcome")
    Delivery.objects.filter(pk=late.delivery_id).update(useful_until=timezone.now())
    rows.down("crm")
    chosen = {"action": "retry", "index": "0", "select_across": "1", "_selected_action": "0"}
    html = html_of(logged_in(OPERATOR).post(LIST, chosen))
    assert "4 itens: 1 vai agora, 2 esperam, 1 não será enviado." in html
    assert "1 item não será enviado: passou da hora de ser útil." in html
    assert "2 itens esperam: CRM não está recebendo. Saem sozinhos quando voltar." in html


def test_all_that_a_search_finds_is_moved_and_exported_however_few_a_page_counts(monkeypatch):
    monkeypatch.setattr("events.admin.search.MOST_FOUND", 1)
    browser, query = logged_in(OPERATOR), "?q=Maria"
    letters(4)
    assert browser.get(LIST + query).context["cl"].result_count == 1
    chosen = {"action": "archive", "index": "0", "select_across": "1", "_selected_action": "0"}
    assert "Arquivar 4 itens?" in html_of(browser.post(LIST + query, chosen))
    exported = browser.post(reverse("admin:events_deadletter_export", args=["csv"]) + query)
    assert len(exported.getvalue().decode().splitlines()) == 5


def test_each_number_of_the_result_leads_to_exactly_its_rows():
    found = letters(6)
    job = bulk_jobs.start_retry([letter.pk for letter in found], "user:ana")
    operations.archive([found[2].pk], actor="user:bia")
    at_work(failing=[found[4]])
    bulk_jobs.resume([job.pk], actor="user:ana")
    at_work()
    browser = logged_in(VIEWER)
    results = browser.get(address(job)).context["results"]
    expected = {
        "4 entregues": {0, 1, 3, 5},
        "1 falhou de novo": {4},
        "1 já tinha sido tratado fora deste reenvio": {2},
    }
    assert [result["text"] for result in results] == list(expected)
    for result in results:
        shown = browser.get(result["address"]).context["cl"]
        assert {letter.pk for letter in shown.result_list} == {
            found[place].pk for place in expected[result["text"]]
        }


def test_what_a_cancelled_retry_left_open_is_not_counted_as_ended():
    job = bulk_jobs.start_retry([letter.pk for letter in letters(3)], "user:ana")
    bulk_jobs.cancel([job.pk], actor="user:ana")
    html = html_of(logged_in(VIEWER).get(address(job)))
    for words in ("0 de 3 terminaram", "3 ficaram em aberto"):
        assert words in html


def test_page_of_a_job_that_stopped_says_where_and_what_and_the_day_begins_with_it():
    found = letters(30)
    job = bulk_jobs.start_retry([letter.pk for letter in found], "user:ana")
    at_work(failing=[found[5]])
    browser = logged_in(OPERATOR)
    html = html_of(browser.get(address(job)))
    for words in (
        "parou sozinho",
        "No item 6 de 30 apareceu uma causa que nenhum tinha",
        "Continuar",
        "Cancelar",
    ):
        assert words in html
    assert reverse("admin:events_deadletter_change", args=[found[5].pk]) in html
    start = html_of(browser.get(LIST))
    assert "1 reenvio em etapas parou e espera você continuar ou cancelar." in start
    assert f'href="{JOBS}"' in start
    post(browser, "bulkjob_resume", ids=job.pk)
    at_work()
    html = html_of(browser.get(address(job)))
    assert "terminado" in html
    assert "espera em aberto" not in html


@pytest.mark.django_db(
    transaction=True
)  # in one transaction all fail at its beginning, before they are there
def test_job_says_of_each_cause_what_its_items_say_and_in_which_system():
    found = [rows.dead_letter(phone=f"(11) 98765-432{number}") for number in range(5)]
    browser = logged_in(OPERATOR)
    post(browser, "deadletter_retry", ids=ids_of(found))
    job = BulkJob.objects.get()
    at_work(failing=found)
    bulk_jobs.resume([job.pk], actor="user:ana")
    at_work(failing=found)
    html = html_of(browser.get(address(job)))
    assert "5 falharam de novo" in html
    assert "<td>CRM · O sistema recusa tudo" in html
    other = DeadLetter.objects.order_by("-pk").first()
    DeadLetter.objects.filter(pk=other.pk).update(cause="not_found")  # it failed once more, and otherwise
    assert "<td>CRM · O sistema não aceitou os dados" in html_of(browser.get(address(job)))


@pytest.mark.usefixtures("sidebar_counted_once")
def test_list_of_jobs_shows_their_ends_with_as_many_statements_for_more():
    browser, asked = logged_in(VIEWER), []
    browser.get(JOBS)
    for _ in range(2):
        for _ in range(3):
            bulk_jobs.start_retry([letter.pk for letter in letters(2)], "user:ana")
        at_work()
        with CaptureQueriesContext(connection) as queries:
            html = html_of(browser.get(JOBS))
        asked.append(len(queries))
    assert "Reenvio de 2 itens" in html
    assert "terminado" in html
    assert asked[0] == asked[1]
    counting = [query["sql"] for query in queries if "events_bulkitem" in (query["sql"] or "")]
    assert len(counting) == 1  # the paginator counts jobs, not their items


def test_viewer_sees_the_buttons_of_a_job_with_the_reason_why_not():
    job = bulk_jobs.start_retry([letter.pk for letter in letters(3)], "user:ana")
    html = html_of(logged_in(VIEWER).get(address(job)))
    assert "Seu papel permite ver, mas não fazer isto." in html
    assert "bulkjob/pause/" not in html


def test_undo_by_somebody_else_or_after_a_minute_is_refused_in_words():
    found = letters(3)
    job = bulk_jobs.start_retry([letter.pk for letter in found], "user:bia")
    browser = logged_in(OPERATOR)
    assert "só quem começou o reenvio pode" in html_of(post(browser, "bulkjob_undo", ids=job.pk))
    BulkJob.objects.update(actor="user:ana", created_at=timezone.now() - timedelta(seconds=61))
    assert "no primeiro minuto e enquanto ele não terminou" in html_of(
        post(browser, "bulkjob_undo", ids=job.pk)
    )
    job.refresh_from_db()
    assert job.state == "running"
    operations.archive([found[2].pk], actor="user:bia")
    refused = html_of(post(browser, "deadletter_undo_archive", ids=found[2].pk))
    assert "Só quem arquivou pode desfazer, e só no primeiro minuto." in refused
    assert DeadLetter.objects.get(pk=found[2].pk).status == "archived"


def test_retry_of_one_leads_to_its_page_and_back_to_the_list_as_it_was():
    [letter] = letters(1)
    next_page = f"{LIST}?cause=connection_timeout"
    response = post(logged_in(OPERATOR), "deadletter_retry", ids=letter.pk, next=next_page)
    html = html_of(response)
    assert response.context["original"] == letter
    assert "Reenviando…" in html
    assert "A entrega está na fila." in html
    assert f'href="{next_page}"' in html
    lane.write([attempt.finish(claim, None) for claim in transitions.claim("crm", 5)])
    html = html_of(response.client.get(reverse("admin:events_deadletter_change", args=[letter.pk])))
    assert "Reenviando…" not in html
    assert "Entregue" in html


def test_item_that_was_retried_promises_another_attempt_only_where_one_comes():
    [letter] = letters(1)
    operations.retry([letter.pk], actor="user:ana")
    browser, delivery = logged_in(VIEWER), Delivery.objects.filter(pk=letter.delivery_id)
    address = reverse("admin:events_deadletter_change", args=[letter.pk])
    delivery.update(attempts=1)
    assert "A tentativa 1 não deu certo; outra vem sozinha." in html_of(browser.get(address))
    delivery.update(status="dead", due_at=None)
    assert "outra vem sozinha" not in html_of(browser.get(address))


def test_retry_of_one_that_somebody_else_sent_first_says_so():
    [letter] = letters(1)
    operations.retry([letter.pk], actor="user:bia")
    html = html_of(post(logged_in(OPERATOR), "deadletter_retry", ids=letter.pk, next=LIST))
    assert "bia já reenviou este item." in html


@pytest.mark.parametrize("asked", ["x", "1-", "-failed", "1-x", "9999999999999-failed", "1-failed"])
def test_a_made_up_job_in_the_address_of_the_list_shows_nothing_foreign(asked):
    letters(1)
    response = logged_in(VIEWER).get(f"{LIST}?bulk={asked}")
    assert response.status_code in (200, 302)
