"""The console's pages: they say what is there, mask whom it is about, and ask the database little."""

import re

import pytest
from django.urls import reverse

from carinho.access import api_keys
from carinho.access.models import AuditEntry
from carinho.access.roles import ADMINISTRATOR, OPERATOR, VIEWER
from events import operations
from events.engine import circuit_breakers
from events.models import DeadLetter, Delivery, Event, RejectedRequest
from tests.clients import logged_in
from tests.console import rows

pytestmark = pytest.mark.django_db
LISTS = ["deadletter", "event", "delivery", "rejectedrequest", "auditentry", "circuitbreaker"]
ENGLISH = re.compile(
    r">\s*(Select|Run|Filters?|Search|Add|Delete|Save|Home|Welcome|Log in|Log out|Change|Apply|Reset"
    r"|Type to search|No results|Show all|Cancel|Light|Dark|System|View site|History)\b[^<]*<"
)


def page(browser, address):
    response = browser.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def changelist(model, query=""):
    app = "access" if model == "auditentry" else "events"
    return reverse(f"admin:{app}_{model}_changelist") + query


def change(row):
    return reverse(f"admin:events_{row._meta.model_name}_change", args=[row.pk])


@pytest.fixture
def world(db):
    """Something of everything."""
    dead_letter = rows.dead_letter()
    rows.retrying()
    rows.down("marketing")
    circuit_breakers.pause("financeiro", actor="user:ana", reason="Manutenção")
    RejectedRequest.objects.create(
        source="site",
        code="invalid",
        detail="Há campos errados: data.phone.",
        fields={"data.phone": "Deve ser um telefone."},
        status_code=422,
        is_proven=True,
        type="lead.created",
        body='{"type": "lead.created", "data": {"name": "Maria Aparecida Silva", "phone": "98765-4321"}}',
    )
    return dead_letter


@pytest.mark.parametrize("role", [VIEWER, OPERATOR, ADMINISTRATOR])
def test_every_page_opens_for_every_role_in_portuguese_and_masked(world, role):
    browser = logged_in(role)
    addresses = [
        reverse("admin:index"),
        reverse("admin:events_circuitbreaker_held"),
        reverse("admin:password_change"),
    ]
    addresses += [changelist(model) for model in LISTS]
    addresses += [changelist("delivery", "?queue=retrying"), changelist("delivery", "?queue=held")]
    addresses += [change(row) for row in (world, world.event, world.delivery, RejectedRequest.objects.get())]
    addresses += [reverse("admin:events_circuitbreaker_change", args=["marketing"])]
    for address in addresses:
        html = page(browser, address)
        assert not ENGLISH.search(html), (address, ENGLISH.search(html))
        for secret in rows.IN_CLEAR:
            assert secret not in html, address


def test_an_administrators_pages_open_in_portuguese():
    key, _text = api_keys.create("CRM", ["read"], actor="test")
    browser = logged_in(ADMINISTRATOR)
    names = ["auth_user_changelist", "auth_user_add", "auth_group_changelist", "access_apikey_add"]
    names += [
        f"django_celery_beat_{name}" for name in ("periodictask_changelist", "intervalschedule_changelist")
    ]
    names += ["django_celery_beat_crontabschedule_add", "axes_accessattempt_changelist"]
    addresses = [reverse(f"admin:{name}") for name in names]
    for address in [*addresses, reverse("admin:access_apikey_change", args=[key.prefix])]:
        html = page(browser, address)
        assert not ENGLISH.search(html), (address, ENGLISH.search(html))


def test_the_log_in_page_speaks_portuguese_and_leads_to_the_console(client):
    html = page(client, reverse("admin:login"))
    assert "Que bom ver você" in html
    assert not ENGLISH.search(html)


@pytest.mark.parametrize(
    ("model", "make", "most"),
    [("deadletter", rows.dead_letter, 31), ("event", rows.lead, 16), ("delivery", rows.retrying, 17)],
)
def test_a_list_costs_the_same_for_one_row_as_for_fifty(django_assert_max_num_queries, model, make, most):
    browser = logged_in(OPERATOR)
    for _ in range(50):
        make()
    page(browser, changelist("rejectedrequest"))  # the numbers of the sidebar are known for some seconds then
    with django_assert_max_num_queries(most) as queries:
        html = page(browser, changelist(model))
    assert html.count("data-row") == 50
    counted = [
        query["sql"]
        for query in queries.captured_queries
        if "COUNT" in (query["sql"] or "") and "LIMIT" not in query["sql"]
    ]
    assert not [sql for sql in counted if f"events_{model}" in sql and "WHERE" not in sql]


def test_the_fields_of_an_event_carry_the_titles_that_its_payload_declares():
    html = page(logged_in(VIEWER), change(rows.lead(utm={"campaign": "inverno"})))
    assert "Telefone" in html
    assert "Campanha de marketing" in html
    assert "inverno" in html


def test_a_phone_in_the_senders_key_is_masked_until_it_is_asked_for():
    event = rows.lead()
    Event.objects.filter(pk=event.pk).update(key="lead-5511987654321", source="api")
    browser = logged_in(OPERATOR)
    html = page(browser, change(event))
    assert "lead-+55 11 9••••-4321" in html
    assert "5511987654321" not in html
    assert "de API ·" in html
    revealed = browser.post(reverse("admin:events_event_reveal", args=[event.pk]))
    assert "lead-5511987654321" in revealed.content.decode()


def test_an_item_shows_the_cause_in_words_its_steps_and_what_came_back():
    html = page(logged_in(OPERATOR), change(rows.dead_letter()))
    for words in (
        "O sistema não respondeu a tempo",
        "Cadastrar o lead",
        "Enviar as boas-vindas",
        "Service unavailable",
    ):
        assert words in html


@pytest.mark.parametrize(
    ("outcome", "error", "said"),
    [
        ("unavailable", "Failed to register lead in CRM: Connection timeout", "CRM: sem resposta a tempo."),
        ("unavailable", "Failed to register lead in CRM: crm answered 503", "CRM: respondeu com erro 503."),
        ("rejected", "Failed to register lead in CRM: Invalid city", "CRM recusou o pedido (503)."),
        ("broken", "Broken: KeyError in our own code", "O nosso programa encontrou algo que não previa."),
    ],
)
def test_attempt_and_delivery_say_in_words_why_it_failed_and_the_text_is_one_click_away(outcome, error, said):
    delivery = rows.lead().deliveries.get(step="register_lead")
    rows.tried(delivery, reason=error, outcome=outcome)
    if "timeout" in error:
        delivery.attempt_log.update(status_code=None)
    Delivery.objects.filter(pk=delivery.pk).update(error=error, attempts=1)
    html = page(logged_in(OPERATOR), change(delivery))
    assert html.count(said) == 2
    assert html.count(f"<pre>{error}</pre>") == 2


def test_no_json_is_shown_unless_it_is_opened():
    letter, browser = rows.dead_letter(), logged_in(OPERATOR)
    for row in (letter, letter.delivery, letter.event):
        html = page(browser, change(row))
        assert "<pre>" in html
        assert "<pre>" not in re.sub(r'<details class="c-json">.*?</details>', "", html, flags=re.DOTALL)


def test_delivery_that_needs_somebody_says_what_its_item_says():
    item, browser = rows.dead_letter(), logged_in(OPERATOR)
    sentence = "CRM recebeu o pedido e não respondeu no tempo combinado, em nenhuma das tentativas."
    for row in (item, item.delivery):
        assert sentence in page(browser, change(row))


def test_a_viewer_sees_the_buttons_disabled_with_the_reason():
    dead_letter = rows.dead_letter()
    browser = logged_in(VIEWER)
    for address in (change(dead_letter), changelist("deadletter")):
        html = page(browser, address)
        assert "Seu papel permite ver, mas não fazer isto" in html
        assert reverse("admin:events_deadletter_retry") not in html


def test_the_list_shows_the_open_ones_until_asked_for_others():
    waiting, archived = rows.dead_letter(), rows.dead_letter()
    operations.archive([archived.pk], actor="test")
    browser = logged_in(VIEWER)
    assert [row.pk for row in browser.get(changelist("deadletter")).context["cl"].result_list] == [waiting.pk]
    everything = browser.get(changelist("deadletter", "?status=all")).context["cl"]
    assert {row.pk for row in everything.result_list} == {waiting.pk, archived.pk}


def test_row_of_a_list_has_its_checkbox_and_renders_no_widget():
    browser, rendered = logged_in(OPERATOR), set()
    rows.dead_letter()
    browser.get(changelist("deadletter", "?service=crm"))  # the first of a process renders more than others
    for number in (2, 3, 4):
        rows.dead_letter()
        answer = browser.get(changelist("deadletter", "?service=crm"))
        rendered.add(sum("widgets/" in str(template.name) for template in answer.templates))
        assert answer.content.count(b'type="checkbox" name="_selected_action"') == number
    assert len(rendered) == 1


@pytest.mark.parametrize(
    "term",
    [
        "(11) 91234-5678",
        "11912345678",
        "5511912345678",
        "1234-5678",
        "Benedito",
        "ramos bened",
        "#{pk}",
        "{event}",
        "telefone torto",
    ],
)
def test_an_item_is_found_by_phone_name_number_and_text(term):
    rows.dead_letter()
    wanted = rows.dead_letter(name="Benedito Ramos", phone="(11) 91234-5678", reason="Um telefone torto")
    term = term.format(pk=wanted.pk, event=wanted.event_id)
    found = logged_in(OPERATOR).get(changelist("deadletter"), {"q": term}).context["cl"].result_list
    assert wanted in found
    assert len(found) == 1 or term.strip("#").isdecimal()


@pytest.mark.parametrize("term", ["(11) 91234-5678", "5511912345678", "#{pk}", "{key}"])
def test_an_event_is_found_by_indexed_columns(term):
    rows.lead()
    wanted = rows.lead(phone="(11) 91234-5678")
    term = term.format(pk=wanted.pk, key=wanted.key)
    assert list(logged_in(VIEWER).get(changelist("event"), {"q": term}).context["cl"].result_list) == [wanted]


def test_filters_narrow_together_and_stand_above_the_list():
    rows.dead_letter(cause="invalid_data")
    wanted = rows.dead_letter(step="send_welcome", cause="connection_timeout")
    address = changelist(
        "deadletter", "?service=whatsapp&cause=connection_timeout&created_at_from=2020-01-01"
    )
    response = logged_in(VIEWER).get(address)
    assert list(response.context["cl"].result_list) == [wanted]
    assert "de 01/01/2020" in response.content.decode()


@pytest.mark.parametrize("model", ["event", "delivery"])
def test_days_are_whole_and_local_and_both_ends_count(model):
    event, other = rows.lead(), rows.lead()
    Event.objects.filter(pk=event.pk).update(received_at="2026-03-10T23:30:00-03:00")
    Event.objects.filter(pk=other.pk).update(received_at="2026-03-11T00:30:00-03:00")
    name = "received_at" if model == "event" else "event__received_at"
    address = changelist(model, f"?{name}_from=2026-03-10&{name}_to=2026-03-10")
    found = logged_in(VIEWER).get(address).context["cl"].result_list
    assert {row.pk if model == "event" else row.event_id for row in found} == {event.pk}


def test_a_filter_without_an_index_looks_at_the_newest_rows_only(monkeypatch):
    monkeypatch.setattr("carinho.console.filters.NEWEST", 2)
    old, new = rows.lead(), rows.lead()
    browser = logged_in(VIEWER)
    found = browser.get(changelist("delivery", "?status=queued")).context["cl"].result_list
    assert {row.event_id for row in found} == {new.pk}
    narrowed = browser.get(changelist("delivery", "?status=queued&event__received_at_from=2020-01-01"))
    assert {row.event_id for row in narrowed.context["cl"].result_list} == {old.pk, new.pk}


def test_each_number_of_the_front_page_leads_to_exactly_so_many_rows(world):
    rows.lead(utm={"campaign": "inverno"})
    Delivery.objects.filter(service="marketing").update(status="queued", due_at="2026-01-01T00:00:00Z")
    browser = logged_in(VIEWER)
    page = browser.get(reverse("admin:index")).context
    cards = page["cards"]
    pending = Event.objects.filter(status="pending").count()
    assert [card["number"] for card in cards] == [1, 1, pending, 1, 0]
    for card in cards:
        assert browser.get(card["address"]).context["cl"].result_count == card["number"], card["title"]
    titles = [check.title for check in page["checks"]]
    assert titles == ["Saúde", "WhatsApp", "Alertas", "Precisa de você", "Sincronizações"]
    waiting = page["checks"][3]
    assert browser.get(waiting.url).context["cl"].result_count == int(waiting.value) == 1


def test_each_outage_leads_to_exactly_the_rows_it_holds(world):
    rows.lead(utm={"campaign": "inverno"})
    Delivery.objects.filter(service="marketing").update(status="queued", due_at="2026-01-01T00:00:00Z")
    browser = logged_in(VIEWER)
    for card in browser.get(reverse("admin:events_circuitbreaker_held")).context["cards"]:
        assert browser.get(card["rows"]).context["cl"].result_count == card["queue"].due


def test_all_means_the_rows_as_they_stood_when_the_operator_was_asked():
    first = [rows.dead_letter() for _ in range(3)]
    browser = logged_in(OPERATOR)
    form = {"action": "archive", "index": 0, "select_across": 1, "_selected_action": [first[0].pk]}
    asked = browser.post(changelist("deadletter", "?service=crm"), form)
    assert "Arquivar 3 itens" in asked.content.decode()
    later = rows.dead_letter()
    answer = {"ids": asked.context["ids"], "next": asked.context["next"], "reason": "Tratado por telefone"}
    done = browser.post(asked.context["address"], answer, follow=True)
    assert done.redirect_chain[0][0] == changelist("deadletter", "?service=crm")
    assert "3 itens arquivados." in done.content.decode()
    assert set(DeadLetter.objects.filter(status="open")) == {later}
    assert set(DeadLetter.objects.filter(note="Tratado por telefone")) == set(first)


def test_what_somebody_else_moved_first_is_named_in_the_report():
    mine, theirs = rows.dead_letter(), rows.dead_letter()
    operations.archive([theirs.pk], actor="user:bia")
    address = reverse("admin:events_deadletter_archive")
    html = (
        logged_in(OPERATOR)
        .post(address, {"ids": f"{mine.pk},{theirs.pk}", "why": "Repetido"}, follow=True)
        .content.decode()
    )
    assert "1 item arquivado." in html
    assert f"ficou como estava: alguém ou o próprio sistema já o tinha movido: #{theirs.pk}" in html


def test_a_form_does_not_lead_to_a_foreign_page():
    address = reverse("admin:events_deadletter_retry")
    letter = rows.dead_letter()
    for ids, page in ((letter.pk, change(letter)), ("", changelist("deadletter"))):
        response = logged_in(OPERATOR, f"ana{ids}").post(
            address, {"ids": ids, "next": "https://example.com/"}
        )
        assert response.url == page


def test_a_refused_request_is_put_through_by_an_administrator_as_json(world):
    rejected = RejectedRequest.objects.get()
    browser = logged_in(ADMINISTRATOR)
    address = reverse("admin:events_rejectedrequest_accept", args=[rejected.pk])
    still_wrong = browser.post(address)
    assert "Ainda não dá para aceitar" in still_wrong.content.decode()
    body = '{"type": "lead.created", "data": {"name": "Maria Aparecida Silva", "phone": "11987654321"}}'
    assert logged_in(OPERATOR, "bia").post(address, {"body": body}).status_code == 403
    accepted = browser.post(address, {"body": body}, follow=True)
    rejected.refresh_from_db()
    assert rejected.accepted_by == "user:ana"
    assert f"virou o evento {rejected.accepted_id}" in accepted.content.decode()


def test_the_trail_tells_who_did_what_and_why():
    circuit_breakers.pause("crm", actor="user:ana", reason="Manutenção combinada")
    html = page(logged_in(VIEWER), changelist("auditentry"))
    for words in ("ana", "pausou o sistema", "CRM", "Manutenção combinada"):
        assert words in html


def test_trail_shows_a_viewer_no_word_that_was_written_about_a_person():
    letter = rows.dead_letter()
    circuit_breakers.pause("crm", actor="user:ana", reason="Manutenção, avisar em 11 98765-4321")
    operations.archive([letter.pk], actor="user:ana", reason="Maria já foi atendida")
    entry = AuditEntry.objects.get(action="dead_letter.archive")
    own_page = reverse("admin:access_auditentry_change", args=[entry.pk])
    viewer = logged_in(VIEWER)
    shown = page(viewer, changelist("auditentry")) + page(viewer, own_page)
    assert "Manutenção, avisar em +55 11 9••••-4321" in shown
    assert "•••• (21 caracteres)" in shown
    assert "já foi atendida" not in shown
    assert "já foi atendida" in page(logged_in(OPERATOR, "bia"), changelist("auditentry"))


def test_a_list_longer_than_anybody_leafs_is_not_counted_to_its_end(monkeypatch):
    monkeypatch.setattr("carinho.console.base.MOST_COUNTED", 3)
    for _ in range(5):
        rows.lead()
    browser = logged_in(VIEWER)
    response = browser.get(changelist("event"))
    assert response.context["cl"].result_count == 3
    assert "mais de 3;" in response.content.decode()
    monkeypatch.setattr("carinho.console.base.MOST_FOUND", 2)
    assert "mais de 2;" in browser.get(changelist("event"), {"q": rows.NAME}).content.decode()


def test_card_and_event_say_what_a_system_does_not_offer_yet(world, settings):
    settings.SYSTEMS = settings.SYSTEMS | {
        "crm": settings.SYSTEMS["crm"] | {"lacks": ["confirm_schedule", "put_caregiver"]}
    }
    browser = logged_in(VIEWER)
    html = page(browser, changelist("circuitbreaker"))
    assert html.count("Ainda não oferece") == 1
    assert "Marcar o contrato como sincronizado; Cadastrar ou alterar um cuidador" in html
    Delivery.objects.filter(pk=world.delivery.pk).update(
        service="crm", status="skipped", skip_cause="unoffered", due_at=None
    )
    assert "CRM ainda não oferece isto." in page(browser, change(world.event))


def test_item_event_and_delivery_lead_to_the_page_of_the_person(world):
    browser = logged_in(VIEWER)
    link = reverse("admin:monitoring_person_change", args=[world.event_id])
    for row in (world, world.event, world.delivery):
        assert link in page(browser, change(row))


def test_what_a_system_holds_says_when_it_goes_on_and_not_that_it_goes_now(settings):
    settings.RETRY_WAITS = [120, 5400]
    row = rows.retrying()
    Delivery.objects.filter(pk=row.pk).update(due_at=row.created_at)
    browser, address = logged_in(VIEWER), changelist("delivery", "?queue=retrying")
    assert ">agora<" in page(browser, address)
    assert "depois de 2 min, 1 h" in page(browser, address)
    assert ">agora<" not in page(browser, address + "&ready=0")
    rows.down()
    assert "quando CRM voltar" in page(browser, address + "&ready=1")
    rows.retrying()
    assert "</time>, se CRM já tiver voltado" in page(browser, address + "&ready=0")
    assert "respondeu com erro 503" in page(browser, change(row))
    assert "Retida: sai sozinha quando CRM voltar." in page(browser, change(row))


def test_what_was_rejected_and_waits_is_corrected_from_its_row_by_who_may(world):
    browser, rejected = logged_in(OPERATOR), RejectedRequest.objects.get()
    correct = reverse("admin:events_rejectedrequest_correct", args=[rejected.pk])
    button = f'form="correct-row" formaction="{correct}">Corrigir e aceitar<'
    verdict = page(browser, reverse("admin:index")).partition('id="health"')[2].partition("</section>")[0]
    assert f'<a href="{changelist("rejectedrequest", "?state=waiting")}">1 recusado</a>' in verdict
    assert f'<a href="{changelist("deadletter")}">1 item</a>' in verdict
    assert button in page(browser, changelist("rejectedrequest", "?state=waiting"))
    assert "Ver o que muda" in browser.post(correct).content.decode()
    assert "formaction" not in page(logged_in(VIEWER, "bia"), changelist("rejectedrequest"))
    RejectedRequest.objects.update(body="{")
    assert "formaction" not in page(browser, changelist("rejectedrequest"))
