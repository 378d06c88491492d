"""Recusados: what can never be accepted is archived, one or many, and said to be so with who and why."""

import pytest
from django.urls import reverse

from carinho.access.roles import OPERATOR, VIEWER
from events.models import RejectedRequest
from tests.clients import logged_in

pytestmark = pytest.mark.django_db
LIST = reverse("admin:events_rejectedrequest_changelist")
ALL = {"action": "archive", "index": "0", "select_across": "1", "_selected_action": "0"}


@pytest.fixture
def waiting():
    """Two that wait, among others that do not."""

    def rejected(**columns):
        given = {"source": "site", "code": "invalid_json", "detail": "x", "status_code": 400, "body": "{"}
        return RejectedRequest.objects.create(**given | {"is_proven": True} | columns)

    rejected(accepted_by="user:ana")
    rejected(is_proven=False, body="")
    return [rejected(), rejected()]


def address(name):
    return reverse(f"admin:events_rejectedrequest_{name}")


def page(row):
    return reverse("admin:events_rejectedrequest_change", args=[row.pk])


def html_of(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def archive(browser, rows, **form):
    ids = ",".join(str(row.pk) for row in rows)
    given = {"ids": ids, "next": f"{LIST}?state=waiting", "why": "Era um teste"} | form
    return html_of(browser.post(address("archive"), given, follow=True))


def test_all_of_a_list_are_archived_after_one_question_and_the_pages_say_by_whom_and_why(waiting):
    browser = logged_in(OPERATOR)
    asked = browser.post(LIST, ALL)
    html = html_of(asked)
    assert "Arquivar 2 recusados?" in html
    assert "2 dos escolhidos ficam como estão" in html
    assert "O sistema de origem já enviou de novo, certo" in html
    said = archive(browser, waiting, ids=asked.context["ids"], reason="Pedido da Ana")
    assert "2 recusados arquivados." in said
    assert "Tudo certo: nenhum recusado espera correção." in html_of(browser.get(f"{LIST}?state=waiting"))
    searched = html_of(browser.get(f"{LIST}?state=waiting&q=nada"))
    assert "Nada aqui com esta busca ou estes filtros." in searched
    archived = browser.get(f"{LIST}?state=archived")
    assert set(archived.context["cl"].result_list) == set(waiting)
    assert "arquivado" in html_of(archived)
    item = html_of(browser.get(page(waiting[0])))
    assert "por ana: Era um teste: Pedido da Ana" in item
    assert "Foi arquivado: restaure antes de aceitar." in item


def test_the_button_beside_the_report_undoes_it_and_restaurar_does_later(waiting):
    browser = logged_in(OPERATOR)
    for undo, done in (("undo_archive", "Desfeito: 1 recusado"), ("restore", "1 recusado restaurado.")):
        archive(browser, waiting[:1])
        shown = html_of(browser.get(page(waiting[0])))
        assert 'popovertarget="restore-rejected"' in shown
        assert 'popovertarget="archive-rejected"' not in shown
        assert done in html_of(browser.post(address(undo), {"ids": waiting[0].pk, "next": LIST}, follow=True))
        assert 'popovertarget="archive-rejected"' in html_of(browser.get(page(waiting[0])))


def test_nothing_is_archived_without_a_reason_or_by_who_may_only_see(waiting):
    assert "Escolha o motivo do arquivamento." in archive(logged_in(OPERATOR), waiting, why="")
    viewer = logged_in(VIEWER, "vera")
    assert viewer.post(address("archive"), {"ids": waiting[0].pk, "why": "x"}).status_code == 403
    assert html_of(viewer.get(page(waiting[0]))).count("Seu papel permite ver, mas não fazer isto.")
    assert RejectedRequest.objects.waiting().count() == 2


def test_list_says_whom_each_is_about_as_far_as_it_can_be_read_and_masked(waiting):
    body = '{"type": "lead.created", "data": {"name": "Maria Souza", "phone": "(11) 98765-4321"}}'
    RejectedRequest.objects.filter(pk=waiting[0].pk).update(body=body, code="invalid_data")
    html = html_of(logged_in(VIEWER).get(LIST))
    assert '<span>M•••• S••••</span><span class="c-second">+55 11 9••••-4321</span>' in html
    assert "Souza" not in html
    assert html.count('class="field-who') == 4
