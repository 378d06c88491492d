"""An alert is opened once per cause, told, put off with a reason, and resolved when the cause is gone."""

import re
from datetime import timedelta

import pytest
import responses
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from responses import matchers
from standardwebhooks.webhooks import Webhook

from carinho.access.models import AuditEntry
from carinho.console import dates, support
from carinho.resending import LEASE, WAITS
from events.models import CircuitBreaker, OutageRecord
from events.queues import Queue
from monitoring import alerts, health, heartbeats, lasted, metrics, notifications, reached, watcher
from monitoring.models import Alert, Heartbeat, Notification
from tests.clients import logged_in
from tests.monitoring import hubs

pytestmark = pytest.mark.django_db

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
HOOK = "https://plantao.test/alertas"


@pytest.fixture(autouse=True)
def by_email(settings):
    settings.ALERT_EMAILS = ["plantao@carinho.test"]


def zapi_address(settings):
    zapi = settings.ZAPI
    return f"{zapi['url']}/instances/{zapi['instance']}/token/{zapi['token']}/send-text"


def subjects():
    return [message.subject for message in mail.outbox]


FULL = {"dead_letters": hubs.items(12)}
DOWN = {"breakers": hubs.breaker("open", 5), "held": {"total": 7, "by_service": {"crm": 7}}}


@pytest.mark.django_db(transaction=True)
def test_round_of_the_rules_takes_no_savepoints_and_few_statements(alive):
    alerts.evaluate()  # the first makes its own sign of life
    with CaptureQueriesContext(connection) as ran:
        alerts.evaluate()
    statements = [query["sql"] or "" for query in ran]
    assert not any("SAVEPOINT" in statement for statement in statements)
    assert len(statements) <= 41, statements


def test_one_alert_and_one_mail_however_often_it_is_seen(clock):
    for _ in range(5):
        clock.evaluate(15, **FULL)
    assert Alert.objects.count() == 1
    assert subjects() == ["[Carinho] Alerta (atenção): Itens que precisam de você: 12."]


def test_outage_is_one_alert_with_its_symptoms_inside(clock):
    clock.evaluate(**DOWN, retry_queue=hubs.retrying(300), pending=700, failures=(50, 100))
    alert = Alert.objects.get()
    assert (alert.rule, alert.subject, alert.severity) == ("circuit_breaker", "crm", "critical")
    assert len(alert.symptoms) == 3
    assert len(mail.outbox) == 1
    assert "Entregas para CRM tentando de novo: 300." in mail.outbox[0].body


def test_symptom_that_came_first_goes_into_the_alert_of_its_cause(clock):
    clock.evaluate(retry_queue=hubs.retrying(60))
    found = health.evaluate(hubs.hub(**DOWN, retry_queue=hubs.retrying(60)))
    assert alerts.current(found, clock.now).settling == []  # it is there, beside its cause
    clock.evaluate(15, **DOWN, retry_queue=hubs.retrying(60))
    assert list(alerts.open_alerts().values_list("rule", flat=True)) == ["circuit_breaker"]
    assert alerts.open_alerts().get().symptoms == ["Entregas para CRM tentando de novo: 60."]
    assert len(mail.outbox) == 2


def test_trouble_of_another_system_is_not_hidden_by_an_outage(clock):
    clock.evaluate(**DOWN, retry_queue=hubs.retrying(300, "marketing"))
    assert set(Alert.objects.values_list("rule", flat=True)) == {"circuit_breaker", "retry_queue"}


def test_gone_for_a_while_it_is_resolved_with_its_duration(clock):
    clock.evaluate(**FULL)
    clock.evaluate(60)
    assert Alert.objects.get().is_open
    clock.evaluate(61)
    assert not Alert.objects.get().is_open
    assert (
        subjects()[-1] == "[Carinho] Resolvido: Havia itens demais que precisavam de você: 12. Durou: 2 min."
    )


def test_flapping_is_one_alert_that_tells_once(clock):
    for _ in range(6):
        clock.evaluate(150, **FULL)
        clock.evaluate(150)
    alert = Alert.objects.get()
    assert alert.reopened == 5
    assert subjects().count("[Carinho] Alerta (atenção): Itens que precisam de você: 12.") == 1


def test_alert_that_comes_back_counts_from_the_present_outage(clock):
    clock.evaluate(**DOWN)
    clock.evaluate(600)
    again = DOWN | {"breakers": hubs.breaker("open", -655)}
    clock.evaluate(60, **again)
    began = hubs.NOW + timedelta(seconds=655)
    clock.evaluate(60, **again)
    alert = Alert.objects.get()
    assert (alert.reopened, alert.opened_at) == (1, began)
    found = health.evaluate(hubs.hub(now=clock.now, **again))
    assert alerts.current(found, clock.now).calls[support.DEVELOPMENT] == began + timedelta(minutes=30)


def test_outage_before_the_last_one_has_drained_counts_from_its_own_beginning(clock):
    clock.evaluate(**DOWN)
    closed = [CircuitBreaker(service="crm", state="closed", closed_at=clock.now)]
    backlog = {"crm": Queue(9, 9, clock.now - timedelta(minutes=1))}
    clock.evaluate(300, breakers=closed, queues=backlog)
    clock.evaluate(60, breakers=hubs.breaker("open", -350))
    assert Alert.objects.get().opened_at == hubs.NOW + timedelta(seconds=350)


def test_each_cause_of_many_items_is_told_taken_on_and_resolved_by_itself(clock):
    both = hubs.many_items(14, marketing=12)
    clock.evaluate(**both)
    crm, marketing = alerts.open_alerts().order_by("subject")
    assert (crm.subject, marketing.subject) == ("crm:invalid_data", "marketing:invalid_data")
    alerts.acknowledge([crm.pk], actor="user:ana")
    clock.evaluate(3601, **both)
    clock.evaluate(15, **hubs.many_items(14))
    clock.evaluate(130, **hubs.many_items(14))
    said = "Marketing · O sistema não aceitou os dados"
    assert subjects() == [
        "[Carinho] Alerta (atenção): CRM · O sistema não aceitou os dados: 14 itens de 14 pessoas.",
        f"[Carinho] Alerta (atenção): {said}: 12 itens de 12 pessoas.",
        f"[Carinho] Ainda em aberto (atenção): {said}: 12 itens de 12 pessoas.",
        f"[Carinho] Resolvido: {said}: eram 12 itens. Durou: 1 h.",
    ]
    assert alerts.open_alerts().get() == crm


def test_page_of_an_alert_says_who_has_it_until_when_nobody_is_reminded_and_what_ends_it(clock):
    clock.now = timezone.now()
    clock.evaluate(**FULL)
    alert, reader = Alert.objects.get(), logged_in("Operador")

    def shown():
        page = reader.get(f"/admin/monitoring/alert/{alert.pk}/change/").content.decode()
        return " ".join(re.sub("<[^>]+>", " ", page).split())

    assert "Com quem está com ninguém ainda Lembretes a cada 1 h, até alguém assumir ou adiar" in shown()
    assert "Fecha sozinho quando a causa passa e não volta em 2 min." in shown()
    assert "Assumir 1 alerta" in shown()
    assert "Adiar 1 alerta" in shown()
    until = timezone.now() + timedelta(days=2)
    alerts.snooze([alert.pk], actor="user:bia", reason="Janela combinada", until=until)
    hour = timezone.localtime(until).strftime("%d/%m %H:%M")
    assert f"adiado por bia até {hour} : Janela combinada" in shown()
    assert f"Lembretes param até {hour}; depois, a cada 1 h" in shown()
    alerts.acknowledge([alert.pk], actor="user:caio")
    assert re.search(r"com caio (agora|há \d+ s) ; adiado por bia", shown())
    assert "Lembretes param até ele fechar; se piorar, o plantão é avisado" in shown()
    assert "Assumir 1 alerta" not in shown()
    Alert.objects.update(resolved_at=timezone.now())
    assert "Assumido por caio" in shown()
    assert "Lembretes" not in shown()
    assert "Adiar 1 alerta" not in shown()


def test_length_of_an_outage_is_said_alike_on_each_page_and_apart_from_what_had_waited():
    began = timezone.now() - timedelta(hours=1)
    ended, settled = began + timedelta(seconds=130), began + timedelta(seconds=250)
    over = {"seen_at": settled, "opened_at": began, "resolved_at": settled + timedelta(minutes=2)}
    given = {"service": "crm", "cause": "circuit", "began_at": began, "ended_at": ended, "held": 34}
    outage = OutageRecord.objects.create(**given, settled_at=settled)
    away = Alert.objects.create(
        rule="circuit_breaker", subject="crm", message="CRM ficou fora do ar.", **over
    )
    other = Alert.objects.create(rule="dead_letters", subject="crm", message="Havia itens demais.", **over)
    said = "fora do ar por 2 min; o que esperava saiu em mais 2 min"
    reader = logged_in("Operador")
    shown = reader.get("/admin/monitoring/alert/").content.decode()
    assert f">{said}</td>" in shown
    assert ">6 min</td>" in shown
    assert said in reader.get(f"/admin/monitoring/alert/{away.pk}/change/").content.decode()
    page = reader.get(f"/admin/events/outagerecord/{outage.pk}/change/").content.decode()
    assert "CRM ficou fora do ar por 2 min" in page
    assert notifications.sentence(Notification(alert=away, event="resolved")).endswith(f"Durou: {said}.")
    assert lasted.of([away, other]) == {away.pk: said, other.pk: "6 min"}
    OutageRecord.objects.update(settled_at=None)
    assert lasted.of([away])[away.pk] == "fora do ar por 2 min; o que esperava ainda está saindo"
    OutageRecord.objects.update(held=0)
    assert lasted.of([away])[away.pk] == "fora do ar por 2 min"
    OutageRecord.objects.filter(pk=outage.pk).update(began_at=ended, ended_at=timezone.now())  # a later one
    Alert.objects.update(resolved_at=began + timedelta(seconds=120))
    assert lasted.of(list(Alert.objects.filter(pk=away.pk))) == {away.pk: "2 min"}


def test_later_the_same_cause_is_a_new_alert(clock):
    clock.evaluate(**FULL)
    clock.evaluate(200)
    clock.evaluate(1000, **FULL)
    assert Alert.objects.count() == 2


def test_worse_is_notified_at_once(clock):
    clock.evaluate(**FULL)
    clock.evaluate(15, dead_letters=hubs.items(60))
    assert subjects()[-1] == "[Carinho] Piorou (crítico): Itens que precisam de você: 60."


def test_open_alert_is_reminded_of_until_somebody_has_it(clock):
    clock.evaluate(**FULL)
    clock.evaluate(3601, **FULL)
    assert subjects()[-1].startswith("[Carinho] Ainda em aberto")
    assert alerts.acknowledge([Alert.objects.get().pk], actor="user:ana") == [Alert.objects.get().pk]
    clock.evaluate(3601, **FULL)
    assert len(mail.outbox) == 2
    assert alerts.acknowledge([Alert.objects.get().pk], actor="user:bia") == []
    assert AuditEntry.objects.get().action == "alert.acknowledge"


def test_what_a_person_does_while_the_rules_are_held_against_the_hub_stays(clock, monkeypatch):
    clock.evaluate(**FULL)
    decide, pk = alerts._event, Alert.objects.get().pk
    until = timezone.now() + timedelta(hours=4)

    def meanwhile(alert, now, **more):
        alerts.acknowledge([pk], actor="user:ana")
        alerts.snooze([pk], actor="user:bia", reason="Janela combinada", until=until)
        return decide(alert, now, **more)

    monkeypatch.setattr(alerts, "_event", meanwhile)
    clock.evaluate(15, dead_letters=hubs.items(13))
    alert = Alert.objects.get()
    assert (alert.acknowledged_by, alert.snoozed_by, alert.value) == ("user:ana", "user:bia", 13)


def test_snoozed_alert_is_quiet_until_then_and_says_why(clock):
    clock.now = timezone.now()
    clock.evaluate(**FULL)
    pk = Alert.objects.get().pk
    until, passed = clock.now + timedelta(hours=4), clock.now - timedelta(hours=1)
    assert alerts.snooze([pk], actor="user:ana", reason="", until=until) == []
    assert alerts.snooze([pk], actor="user:ana", reason="Janela combinada", until=passed) == []
    assert alerts.snooze([pk], actor="user:ana", reason="Janela combinada", until=until) == [pk]
    clock.evaluate(3700, **FULL)
    assert len(mail.outbox) == 1
    clock.evaluate(4 * 3600, **FULL)
    assert len(mail.outbox) == 2
    assert Alert.objects.get().snooze_reason == "Janela combinada"


@responses.activate
def test_webhook_is_signed_as_standard_webhooks_has_it(clock, settings):
    settings.ALERT_WEBHOOK_URL, settings.ALERT_WEBHOOK_SECRET = HOOK, SECRET
    sent = responses.post(HOOK)
    clock.evaluate(**FULL)
    request = sent.calls[0].request
    body = Webhook(SECRET).verify(request.body, dict(request.headers))
    assert body["type"] == "alert.opened"
    assert body["data"]["rule"] == "dead_letters"


@responses.activate
def test_notification_that_fails_is_tried_again_and_stops_no_other(clock, settings):
    settings.ALERT_WEBHOOK_URL = HOOK
    responses.post(HOOK, status=503)
    clock.evaluate(**FULL)
    assert len(mail.outbox) == 1
    assert "503" in Notification.objects.get(channel="webhook").error
    responses.replace(responses.POST, HOOK, status=200)
    clock.evaluate(15, **FULL)
    assert Notification.objects.get(channel="webhook").sent_at is not None
    assert Notification.objects.get(channel="webhook").attempts == 2


@responses.activate
def test_each_member_of_the_shift_is_told_once_though_another_cannot_be(clock, settings):
    settings.ALERT_WHATSAPP_NUMBERS = ["5511987654321", "551133330003"]
    wrong = matchers.json_params_matcher({"phone": "551133330003"}, strict_match=False)
    responses.post(zapi_address(settings), status=400, json={"error": "Invalid phone"}, match=[wrong])
    right = matchers.json_params_matcher({"phone": "5511987654321"}, strict_match=False)
    told_right = responses.post(zapi_address(settings), json={"messageId": "M1"}, match=[right])
    clock.evaluate(**FULL)
    for _ in range(4):
        Notification.objects.filter(status="queued").update(due_at=timezone.now())
        notifications.send_due()
    assert told_right.call_count == 1
    assert dict(Notification.objects.filter(channel="whatsapp").values_list("recipient", "attempts")) == {
        "5511987654321": 1,
        "551133330003": 5,
    }


@responses.activate
def test_each_attempt_is_made_by_one_process_however_long_it_takes(clock, settings):
    settings.ALERT_WEBHOOK_URL = HOOK
    sent = responses.add_callback(
        responses.POST, HOOK, lambda _request: notifications.send_due() or (200, {}, "")
    )
    clock.evaluate(**FULL)
    assert sent.call_count == 1
    assert Notification.objects.get(channel="webhook").status == "sent"


def test_attempt_whose_process_died_is_followed_by_another(clock, monkeypatch):
    with monkeypatch.context() as dying:
        dying.setitem(notifications.CHANNELS, "email", hubs.die)
        with pytest.raises(hubs.Died):
            clock.evaluate(**FULL)
    notifications.send_due()
    assert subjects() == []
    Notification.objects.update(due_at=timezone.now() - LEASE)
    notifications.send_due()
    assert len(subjects()) == 1


def give_up(settings):
    """A notification by webhook that was refused seven times."""
    settings.ALERT_WEBHOOK_URL = HOOK
    responses.post(HOOK, status=503)
    notification = Notification.objects.filter(channel="webhook")
    while notification.get().status == "queued":
        notification.update(due_at=timezone.now())
        notifications.send_due()
    return notification.get()


@responses.activate
def test_notification_that_was_given_up_is_a_reason_with_a_page_to_send_it_again(clock, settings):
    settings.ALERT_WEBHOOK_URL = HOOK
    clock.evaluate(**FULL)
    notification = give_up(settings)
    assert (notification.attempts, notification.due_at) == (len(WAITS) + 1, None)
    found = [
        row
        for row in health.evaluate(hubs.hub(failed_notifications=metrics.failed_notifications())).violations
        if row.rule.name == "notifications_failed"
    ]
    assert [row.observation.message for row in found] == ["Um aviso ao plantão pelo webhook não saiu."]
    page = logged_in("Operador")
    listed = page.get(found[0].observation.url)
    assert [row.pk for row in listed.context["cl"].result_list] == [notification.pk]
    responses.replace(responses.POST, HOOK, status=200)
    page.post("/admin/monitoring/notification/requeue/", {"ids": notification.pk})
    notifications.send_due()
    assert Notification.objects.get(pk=notification.pk).status == "sent"
    assert AuditEntry.objects.get().action == "notification.requeue"


@responses.activate
def test_pages_say_who_was_notified_and_when_and_that_nobody_is(clock, settings):
    settings.ALERT_EMAILS, page = [], logged_in("Operador")
    clock.evaluate(**FULL)

    def text(address="/admin/monitoring/notification/"):
        return page.get(address).content.decode()

    def of_alert():
        return text(f"/admin/monitoring/alert/{Alert.objects.latest('pk').pk}/change/")

    assert "Ninguém é avisado dos alertas" in text()
    assert "Nada deixou de sair" not in text()
    why = '<a href="/admin/monitoring/notification/">nenhum e-mail, número nem endereço está configurado</a>'
    assert f"ninguém foi avisado: {why}" in of_alert()
    assert "nenhum: nenhum e-mail" in of_alert()  # that is, no reminder
    assert "a cada 1 h" not in of_alert()
    assert f"Ninguém do plantão foi avisado</a>: {why}" in text("/admin/monitoring/alert/")
    settings.ALERT_EMAILS = ["plantao@carinho.test"]
    assert "Nenhum alerta precisou avisar o plantão até agora" in text()
    clock.evaluate(15, whatsapp=hubs.offline(1000).whatsapp)
    sent = Notification.objects.get(status="sent")
    said = text()
    assert "São avisados: por e-mail p•" in said
    assert f'O último saiu <time datetime="{timezone.localtime(sent.sent_at).isoformat()}"' in said
    assert notifications.sentence(sent) in said
    assert "Nada deixou de sair" in said
    assert "p•" in of_alert()
    assert "Plantão avisado" in text("/admin/monitoring/alert/")
    Notification.objects.create(alert=sent.alert, channel="email", event="opened", due_at=clock.now)
    assert "1 aviso ainda não saiu" in text()


def test_alert_of_which_nobody_was_notified_says_why_and_leads_to_it(clock, settings):
    clock.now, page = timezone.now(), logged_in("Operador")
    settings.ALERT_EMAILS = []
    clock.evaluate(**FULL)
    alert = Alert.objects.get()

    def why():
        html = page.get("/admin/monitoring/alert/").content.decode()
        said = re.search(r'Ninguém do plantão foi avisado</a>: <a href="([^"]+)">([^<]+)<', html)
        assert (
            said[0].partition("<a")[2]
            in page.get(f"/admin/monitoring/alert/{alert.pk}/change/").content.decode()
        )
        return said[2], page.get(said[1].replace("&amp;", "&")).status_code

    settings.ALERT_EMAILS = ["plantao@carinho.test"]  # only now
    next_at = dates.clock(alert.notified_at + timedelta(hours=1))
    assert why() == (f"não havia a quem avisar quando ele abriu; o lembrete sai às {next_at}", 200)
    Alert.objects.update(notified_at=None)
    assert why() == ("é só o fim do que já passou, e disso ninguém é avisado", 200)
    settings.ALERT_EMAILS, settings.ALERT_WHATSAPP_NUMBERS = [], ["5511987654321"]
    Alert.objects.update(rule="whatsapp_disconnected", subject="")
    assert (
        reached.nobody(Alert.objects.get()) == "o plantão só é avisado pelo WhatsApp, e o alerta é sobre isso"
    )
    Alert.objects.update(rule=alert.rule, subject=alert.subject)

    given = {"alert": alert, "channel": "email", "event": "opened"}
    sent = Notification.objects.create(**given, due_at=timezone.now())
    assert why() == ("o aviso está saindo", 200)
    due_at = timezone.now() + timedelta(minutes=5)
    Notification.objects.update(due_at=due_at)
    assert why() == (f"o aviso não saiu e é tentado de novo às {dates.clock(due_at)}", 200)
    Notification.objects.update(status="failed", due_at=None)
    assert why() == ("o aviso não pôde ser enviado", 200)
    notifications.discard([sent.pk], actor="user:ana")
    assert why() == ("o aviso foi descartado", 200)


def test_notification_that_nobody_needs_any_more_can_be_discarded(clock, settings):
    settings.ALERT_WEBHOOK_URL = HOOK
    clock.evaluate(**FULL)
    notification = give_up(settings)
    assert (
        logged_in("Visualizador", "leo")
        .post("/admin/monitoring/notification/discard/", {"ids": notification.pk})
        .status_code
        == 403
    )
    logged_in("Operador").post("/admin/monitoring/notification/discard/", {"ids": notification.pk})
    assert Notification.objects.get(pk=notification.pk).status == "discarded"
    assert notifications.requeue([notification.pk], actor="user:ana") == []


@responses.activate
def test_failed_channel_is_not_told_that_it_failed(clock, settings):
    settings.ALERT_WEBHOOK_URL = HOOK
    clock.evaluate(failed_notifications={"webhook": 2})
    assert set(Notification.objects.values_list("channel", flat=True)) == {"email"}


@responses.activate
def test_webhook_that_redirects_is_not_followed(clock, settings):
    settings.ALERT_WEBHOOK_URL = HOOK
    responses.post(HOOK, status=307, headers={"Location": "https://elsewhere.test/"})
    elsewhere = responses.post("https://elsewhere.test/")
    clock.evaluate(**FULL)
    assert elsewhere.call_count == 0
    assert "307" in Notification.objects.get(channel="webhook").error


@pytest.mark.parametrize("said", ["token\r\nBcc: x@y.z", "a\rb", "a\u2028b", "a\x0bb"])
def test_names_that_others_gave_neither_silence_nor_add_a_header_to_the_mail(clock, said):
    clock.evaluate(failed_webhooks={said: 1})
    (subject,) = subjects()
    said_in_one_line = " ".join(said.split())
    assert subject.endswith(f"Um webhook para {said_in_one_line} não saiu.")


@responses.activate
def test_whatsapp_tells_the_shift(clock, settings):
    settings.ALERT_WHATSAPP_NUMBERS = ["5511987654321"]
    sent = responses.post(zapi_address(settings), json={"messageId": "M1", "zaapId": "Z1"})
    clock.evaluate(**FULL)
    assert b"Itens que precisam de voc" in sent.calls[0].request.body
    assert Notification.objects.get(channel="whatsapp").sent_at is not None


@pytest.mark.parametrize(
    "trouble",
    [
        {"whatsapp": hubs.offline(1000).whatsapp},
        {"breakers": hubs.breaker("open", 5, "whatsapp")},
        hubs.many_items(0, whatsapp=12),
    ],
)
def test_whatsapp_is_never_told_through_itself(clock, settings, trouble):
    settings.ALERT_WHATSAPP_NUMBERS = ["5511987654321"]
    clock.evaluate(**trouble)
    assert set(Notification.objects.values_list("channel", flat=True)) == {"email"}


def test_missed_round_is_an_alert_though_not_a_reason(clock):
    due = hubs.late_round(0).missed_round
    clock.now = due.at + timedelta(minutes=31)
    clock.evaluate(missed_round=due, now=clock.now)
    assert Alert.objects.get().rule == "round_missed"


def test_web_process_notices_that_worker_and_clock_are_silent():
    long_ago = timezone.now() - timedelta(minutes=10)
    for part in (*heartbeats.PARTS, "watcher"):
        heartbeats.beat(part, long_ago)
    watcher.evaluate_if_overdue()
    silent = Alert.objects.filter(rule__endswith="_silent")
    assert set(silent.values_list("rule", "severity")) == {
        ("worker_silent", "critical"),
        ("beat_silent", "critical"),
    }
    assert Heartbeat.objects.get(name="watcher").seen_at > long_ago


def test_web_process_leaves_looking_to_others_while_they_do(alive):
    heartbeats.beat("watcher")
    watcher.evaluate_if_overdue()
    assert not Alert.objects.exists()


def test_mail_has_a_plain_part_and_a_page(clock):
    clock.evaluate(**FULL)
    message = mail.outbox[0]
    assert message.alternatives[0].mimetype == "text/html"
    assert "/admin/monitoring/alert/" in message.body
