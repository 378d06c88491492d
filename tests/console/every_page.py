"""Every page of the console over rows of every kind, found in the admin's own table of addresses."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import urljoin

from axes.models import AccessAttempt
from django.urls import resolve
from django.utils import timezone

from carinho.access import api_keys
from carinho.access.audit_log import Audited
from carinho.webhooks import lifecycle, subscriptions
from events import bulk_jobs, event_corrections, operations, redirects
from events.models import Delivery, Event, RejectedRequest
from monitoring import alerts, charts, heartbeats, snapshot
from monitoring.models import Alert, Notification, Report, Round
from sync import schedules
from sync.models import LogLine, PlannedWrite, RunStatus, SyncDifference, SyncFailure, SyncRun
from sync.models.run import SENTENCES
from tests.console import rows
from whatsapp.models import Callback, Connection, Contact, SentMessage, Template

DEAD = {  # the cause, and the English reason that the API gives
    "max_retries_exceeded": "Failed to register lead in CRM: Max retries exceeded (crm answered 503)",
    "invalid_data": "Failed to register lead in CRM: Invalid city",
    "invalid_phone_number": "Failed to register lead in CRM: Invalid phone number",
    "not_found": "Failed to register lead in CRM: Client not found",
    "no_permission": "Failed to register lead in CRM: Forbidden",
    "unknown_outcome": "Failed to register lead in CRM: Connection lost",
    "held_too_long": "Held for more than 24 hours",
    "broken": "Broken: ValueError in our own code",
    "connection_timeout": "Failed to register lead in CRM: Connection timeout",
}
FILES = {"admin:jsi18n", "admin:events_conformancecheck_contract"}
VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr", "path")


def fill() -> None:
    """Rows of every kind, most in several states."""
    now = timezone.now()
    _fill_events(now)
    _fill_syncs(now)
    _fill_whatsapp(now)
    _fill_monitoring(now)
    api_keys.create("site", ["events"], actor="user:ana")
    subscribed = {"name": "Painel da TI", "address": "https://192.0.2.9/avisos", "is_on": True}
    row, _secret = subscriptions.create(subscribed | {"kinds": list(lifecycle.KINDS)}, actor="user:ana")
    subscriptions.send_test([row.pk], actor="user:ana")
    AccessAttempt.objects.create(
        username="bia", ip_address="192.0.2.7", failures_since_start=5, get_data="", post_data=""
    )
    for action in Audited.registry.values():
        action.record("user:ana", "event 1", {"reason": "a família se mudou"})


def _fill_events(now: datetime) -> None:
    letters = [rows.dead_letter(cause=cause, reason=reason) for cause, reason in DEAD.items()]
    rows.dead_letter(step="send_welcome", cause="invalid_phone_number", reason="Invalid phone number")
    rows.dead_letter_of("payment.received", "add_history")
    rows.retrying()
    rows.retrying(step="send_welcome")
    for hours in (1, 2, 3):
        Event.objects.filter(pk=rows.lead().pk).update(received_at=now - timedelta(hours=hours))
    rows.down("crm")
    Delivery.objects.filter(service="crm", status="queued", attempts=0).update(held_since=now)
    wrong = letters[2]
    event_corrections.correct(
        wrong,
        event_corrections.as_sent(wrong.event) | {"city": "São Paulo"},
        version=event_corrections.version_of(wrong),
        actor="user:ana",
        reason="a cidade estava errada",
    )
    redirects.create(
        letters[0],
        field="phone",
        new="(21) 99876-5432",
        ends_at=now + timedelta(days=30),
        reason="trocou de número",
        actor="user:ana",
    )
    operations.archive([letters[3].pk], actor="user:ana", reason="Outro motivo")
    bulk_jobs.start_retry([letter.pk for letter in letters[5:7]], "user:ana")
    RejectedRequest.objects.create(
        source="site",
        code="invalid_data",
        detail="O telefone não existe.",
        fields={"data.phone": "Não é um telefone."},
        status_code=422,
        type="lead.created",
        body='{"type": "lead.created", "data": {"name": "Maria", "phone": "12"}}',
        is_proven=True,
    )
    RejectedRequest.objects.create(
        source="crm", code="bad_signature", detail="A assinatura não confere.", status_code=401
    )


def _fill_syncs(now: datetime) -> None:
    schedules.ensure_jobs()
    for status in RunStatus:
        run = SyncRun.objects.create(
            job_id="sync.crm_operacao",
            status=status,
            author="schedule",
            read=12,
            written=9,
            failed=3,
            finished_at=None if status == RunStatus.RUNNING else now,
        )
    given = {"author": "ana", "system": "crm", "run": run.pk, "reason": "Connection timeout", "count": 2}
    given |= {"seconds": 30, "actor": "ana", "minutes": 60, "compared": 9, "agreeing": 8}
    for code in SENTENCES:
        LogLine.objects.create(run=run, code=code, detail=given | {"kind": "ValueError", "status": "done"})
    PlannedWrite.objects.create(run=run, key="41", action="create", fields=["starts_at"], wanted={})
    for job, cause, reason in (
        ("sync.crm_operacao", "not_found", "Contract not found"),
        ("sync.operacao_financeiro", "invalid_data", "Invalid amount"),
    ):
        SyncFailure.objects.create(
            job_id=job, key="41", run=run, kind="rejected", cause=cause, reason=reason, payload={"id": 41}
        )
    for number, kind in enumerate(("missing_there", "missing_here", "different", "orphan", "unreadable")):
        SyncDifference.objects.create(
            job_id="sync.operacao_financeiro", key=f"service-{number}", kind=kind, fields=["amount"], run=run
        )


def _fill_whatsapp(now: datetime) -> None:
    person = Contact.objects.create(key="5511987654321", phone="5511987654321", name=rows.NAME)
    Contact.objects.create(key="5511912345678", phone="5511912345678", opted_out_at=now)
    states = ("read", "failed", "held", "delivered")
    for message, status in zip(SentMessage.objects.order_by("pk"), states, strict=False):
        message.contact, message.status, message.name, message.error = person, status, "lead_welcome", ""
        message.text = "Olá, Maria! 💛"
        message.save()
    Callback.objects.create(key="1", type="ReceivedCallback", body={"text": "oi"}, status="failed")
    Callback.objects.create(key="2", type="PresenceChat", body={}, status="ignored", cause="presence")
    Connection.objects.update_or_create(
        pk=1, defaults={"connected": True, "phone_online": True, "checked_at": now, "last_received_at": now}
    )
    Template.objects.create(name="lead_welcome", text="Olá, {{ name }}!", changed_by="user:ana")


def _fill_monitoring(now: datetime) -> None:
    for part in heartbeats.PARTS:
        heartbeats.beat(part)
    for minutes in (30, 15, 0):
        charts.sample_queues(snapshot.take_snapshot(now - timedelta(minutes=minutes)))
    alerts.evaluate()
    about = Alert.objects.first()
    for status, error in (("failed", "Connection refused"), ("sent", ""), ("queued", "")):
        Notification.objects.create(
            alert=about,
            channel="email",
            recipient="ana@exemplo.com",
            event="opened",
            status=status,
            error=error,
            due_at=now if status == "queued" else None,
            sent_at=now if status == "sent" else None,
        )
    Round.objects.create(day=now, kind="morning", done_at=now, done_by="user:ana", status="healthy")
    Report.objects.create(kind="daily", day=now, summary="Tudo em ordem.")


class ShownPage(HTMLParser):
    """What a page offers to click and what it shows, by where it stands."""

    UNREAD = ("script", "style", "template")
    TEXTS = ("aria-label", "placeholder", "alt", "data-title", "data-label")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.shown: list[str] = []
        self.tooltips: list[str] = []
        self.headings: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and (given.get("href") or "").startswith(("/", "?")):
            self.links.append(given["href"] or "")
        classes = given.get("class") or ""
        is_icon = "material-symbols" in classes
        if tag not in VOID:
            self._open.append("icon" if is_icon else tag)
        self.shown += [given[name] or "" for name in self.TEXTS if given.get(name)]
        if tag == "input" and given.get("type") in ("submit", "button"):
            self.shown.append(given.get("value") or "")
        if given.get("title"):
            self.tooltips.append(given["title"] or "")

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag not in VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        where = set(self._open)
        if not data.strip() or where & {*self.UNREAD, "icon"}:
            return
        if "title" in where:
            self.headings.append(data.strip())
        if not where & {"pre", "code", "kbd", "textarea"}:
            self.shown.append(data.strip())


def walk(show: Callable[[str], str]) -> Iterator[tuple[str, str, ShownPage]]:
    """One page of each view that clicks lead to from the panel: address, the view's name, and what it says.

    `show` opens an address and returns its HTML.
    """
    waiting, met = ["/admin/"], {"admin:index", *FILES}
    while waiting:
        address = waiting.pop(0)
        page = ShownPage(show(address))
        yield address, resolve(address.partition("?")[0]).url_name or "", page
        for link in page.links:
            path, _mark, query = urljoin(address, link).partition("#")[0].partition("?")
            view = resolve(path).view_name if path.startswith("/admin/") else ""
            if view and view not in met:
                met.add(view)
                waiting.append(f"{path}?{query}" if query else path)
