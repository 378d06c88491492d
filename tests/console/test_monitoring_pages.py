"""The pages of monitoring in a real browser: at a desk and on a phone, and what an operator does there."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from events import operations
from events.models import DeadLetter, Event
from monitoring import alerts, charts, heartbeats, snapshot
from monitoring.models import Alert, Round
from tests.console import rows

pytestmark = pytest.mark.django_db(transaction=True)
IS_CUT = """parts => parts.filter(part => part.scrollWidth > part.clientWidth + 1)
    .map(part => part.textContent)"""

PAGES = [
    "/admin/",
    "/admin/?period=7d",
    "/admin/monitoring/round/?kind=morning",
    "/admin/monitoring/round/?kind=evening",
    "/admin/monitoring/alert/",
    "/admin/monitoring/alert/contacts/",
    "/admin/monitoring/report/",
    "/admin/monitoring/report/daily/",
    "/admin/monitoring/report/weekly/",
    "/admin/events/circuitbreaker/",
]


@pytest.fixture(autouse=True)
def hub(no_messages):
    """Traffic, failures, one system down, and an alert about it."""
    for part in ("worker", "beat", "scheduler"):
        heartbeats.beat(part)
    rows.dead_letter()
    rows.retrying()
    rows.down("crm")
    for hours in (1, 2, 3):  # enough for a chart
        Event.objects.filter(pk=rows.lead().pk).update(received_at=timezone.now() - timedelta(hours=hours))
    for minutes in (30, 15, 0):
        charts.sample_queues(snapshot.take_snapshot(timezone.now() - timedelta(minutes=minutes)))
    alerts.evaluate()


def test_pages_are_whole_at_a_desk_and_on_a_phone(visit):
    errors = []
    visit.on("pageerror", lambda error: errors.append(str(error)))
    for address in PAGES:
        assert visit.goto(address).status == 200
        for width in (1280, 390):
            visit.set_viewport_size({"width": width, "height": 844})
            # a chart takes its new width some moments after the page has
            page = visit.locator("html")
            expect(page).to_have_js_property("scrollWidth", page.evaluate("html => html.clientWidth"))
        assert visit.locator(":is(#systems, #syncs) .m-scroll").evaluate_all(IS_CUT) == [], address
    assert errors == []


def test_the_panel_says_at_a_glance_whether_to_worry_and_where_to_click(visit):
    visit.goto("/dashboard")
    verdict = visit.get_by_role("status").first
    expect(verdict).to_contain_text("Crítico")
    verdict.get_by_role("link", name="CRM está fora do ar").click()
    expect(visit).to_have_url(re.compile("circuitbreaker/crm/change/$"))


def test_charts_are_drawn_and_told_in_numbers(visit):
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    for hours in (1, 2, 3):  # of the same day a week before: today may have begun a moment ago
        received_at = midnight - timedelta(days=7) + timedelta(hours=hours)
        Event.objects.filter(pk=rows.lead().pk).update(received_at=received_at)
    visit.goto("/admin/")
    chart = visit.get_by_role("img", name="Eventos por hora")
    expect(chart).to_be_visible()
    painted = (
        "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(v => v)"
    )
    visit.wait_for_function(painted, arg=chart.element_handle())
    visit.get_by_text("Ver em números").first.click()
    expect(visit.get_by_role("columnheader", name="concluídos")).to_be_visible()


def passed(visit, seconds=10.1):
    """The page's own clock goes on, and what it asked for then has come."""
    with visit.expect_response(lambda answer: answer.request.resource_type == "fetch"):
        visit.clock.run_for(seconds * 1000)


def test_panel_and_badges_refresh_without_a_reload_and_leave_alone_what_is_in_use(visit_by_clock):
    visit = visit_by_clock
    visit.goto("/admin/")
    visit.evaluate("window.marked = true")
    rows.dead_letter()
    passed(visit)
    card = visit.locator("#checks a", has_text="Precisa de você")
    expect(card.locator(".m-value")).to_have_text("2")
    expect(visit.locator("#nav-sidebar-apps a", has_text="Precisa de você")).to_contain_text("2")
    assert visit.evaluate("window.marked")
    card.focus()
    rows.dead_letter()
    passed(visit)
    expect(visit.locator("#nav-sidebar-apps a", has_text="Precisa de você")).to_contain_text("3")
    expect(card.locator(".m-value")).to_have_text("2")
    expect(card).to_be_focused()


def test_panel_has_five_cards_of_the_morning_and_no_row_with_a_hole(visit):
    visit.goto("/admin/")
    titles = ["Saúde", "WhatsApp", "Alertas", "Precisa de você", "Sincronizações"]
    expect(visit.locator("#checks a > .m-value + span")).to_have_text(titles)
    numbers = visit.locator("#numbers > a")
    expect(numbers.filter(has_text="Ligações a fazer")).to_have_attribute("href", re.compile("call=owed"))
    for row in (visit.locator("#checks > a"), numbers):
        boxes = [card.bounding_box() for card in row.all()]
        assert (len({box["y"] for box in boxes}), len(boxes)) == (1, 5)
    visit.set_viewport_size({"width": 390, "height": 844})
    first, *_others, last = [card.bounding_box()["width"] for card in numbers.all()]
    assert last > 2 * first
    visit.set_viewport_size({"width": 1280, "height": 900})


def test_failures_on_the_panel_keep_their_places_and_new_ones_come_last(visit_by_clock):
    visit = visit_by_clock
    visit.goto("/admin/")
    places = visit.locator("#c-groups > li:not(:empty)")
    expect(places).to_have_count(1)
    first = places.first.get_attribute("id")
    for number in range(3):
        rows.dead_letter(cause="not_found", phone=f"(11) 98765-432{number}")
    passed(visit)
    expect(places).to_have_count(2)
    assert places.first.get_attribute("id") == first
    visit.reload()
    expect(places.nth(1)).to_have_attribute("id", first)


def test_step_that_fails_as_another_does_joins_its_card_where_that_stands(visit_by_clock):
    visit = visit_by_clock
    for page in ("/admin/", "/admin/events/deadletter/"):
        rows.dead_letter(cause="not_found", phone="(11) 98765-4320")
        visit.goto(page)
        places = visit.locator("#c-groups > li:not(:empty)")
        before = places.evaluate_all("all => all.map(place => place.id)")
        expect(places).to_have_count(2)
        rows.dead_letter_of("payment.received", "add_history")
        passed(visit)
        lines = places.locator(".c-group-lines > li")
        expect(lines).to_have_count(2)
        assert places.evaluate_all("all => all.map(place => place.id)") == before
        lines.get_by_role("link", name="Anotar no histórico").focus()
        visit.keyboard.press("Enter")
        expect(visit).to_have_url(re.compile(r"failuregroup/\d+/change/$"))
        operations.archive(
            list(DeadLetter.objects.filter(step="add_history").values_list("pk", flat=True)),
            actor="user:ana",
            reason="Repetido",
        )


def test_list_never_moves_under_the_hand_and_offers_what_is_new(visit_by_clock):
    visit = visit_by_clock
    visit.goto("/admin/events/deadletter/")
    visit.locator("#result_list .action-select").first.check()
    rows.dead_letter()
    passed(visit)
    expect(visit.locator("#result_list .action-select")).to_have_count(1)
    expect(visit.locator("#result_list .action-select").first).to_be_checked()
    visit.locator("body").click(position={"x": 5, "y": 5})
    visit.evaluate("document.activeElement.blur()")
    passed(visit)
    expect(visit.get_by_text("A lista mudou.")).to_be_visible()
    expect(visit.locator("#result_list .action-select").first).to_be_checked()
    visit.get_by_role("link", name="Mostrar como está agora").click()
    expect(visit.locator("#result_list .action-select")).to_have_count(2)


def test_page_says_so_when_the_hub_does_not_answer(visit_by_clock):
    visit = visit_by_clock
    visit.goto("/admin/")
    visit.route("**/admin/", lambda route: route.abort())
    visit.clock.run_for(10_100)
    expect(visit.get_by_text("Sem resposta do hub")).to_be_visible()


def test_critical_verdict_names_whom_to_call(visit):
    visit.goto("/admin/")
    expect(visit.get_by_role("status").first).to_contain_text("operacao@carinho.com.vc")
    visit.goto("/admin/monitoring/alert/contacts/")
    expect(visit.get_by_text("dev@carinho.com.vc")).to_be_visible()


def test_alert_is_taken_on_and_put_off_with_a_reason(visit):
    visit.goto("/admin/monitoring/alert/")
    visit.get_by_role("button", name="Assumir").first.click()
    visit.get_by_role("button", name="Assumir 1 alerta").click()
    expect(visit.get_by_text("Com quem está: com ana")).to_be_visible()
    until = timezone.localtime().replace(second=0, microsecond=0) + timedelta(days=3)
    visit.get_by_role("button", name="Adiar").first.click()
    visit.get_by_label("Até quando").fill(f"{until:%Y-%m-%dT%H:%M}")
    visit.get_by_label("Motivo").fill("O CRM avisou a parada")
    visit.get_by_role("button", name="Adiar 1 alerta").click()
    expect(visit.get_by_text("O CRM avisou a parada")).to_be_visible()
    alert = Alert.objects.get()
    assert (alert.snoozed_by, alert.snoozed_until) == ("user:ana", until)


def test_round_is_concluded_in_the_page(visit):
    visit.goto("/admin/monitoring/round/?kind=morning")
    expect(visit.get_by_text("Assuma os alertas que vai tratar, o pior primeiro")).to_be_visible()
    visit.get_by_label("Recado para o próximo turno").fill("CRM fora desde cedo")
    visit.get_by_role("button", name="Concluir ronda").click()
    expect(visit.get_by_text("Ronda concluída. Obrigado!")).to_be_visible()
    assert Round.objects.get().note == "CRM fora desde cedo"
