"""The pictures of docs/guia-do-operador.md, taken anew by `make images`.

Its name keeps it out of `make test`, where `test_operator_guide.py` opens the same pages without a browser.
"""

import itertools
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page

from events.models import CircuitBreaker, Delivery, Event, FailureGroup
from monitoring import alerts, heartbeats
from sync import schedules
from sync.models import RunStatus, SyncDifference, SyncFailure, SyncJob, SyncRun
from tests.console import rows
from whatsapp.models import Connection

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_messages")]

FOLDER = settings.BASE_DIR / "docs" / "imagens"
PAGES = {  # by name of the picture, in the guide's order
    "painel": "/admin/",
    "ronda": "/admin/monitoring/round/?kind=morning",
    "precisa-de-voce": "/admin/events/deadletter/",
    "falha": "/admin/events/failuregroup/{group}/change/",
    "item": "/admin/events/deadletter/{item}/change/",
    "sincronizacoes": "/admin/sync/syncjob/",
    "whatsapp": "/admin/whatsapp/connection/",
    "relatorio": "/admin/monitoring/report/daily/?date={today}",
    "sistemas": "/admin/events/circuitbreaker/",
}


def test_pictures_of_the_guide_are_taken(visit: Page):
    known = fill()
    visit.set_viewport_size({"width": 1320, "height": 860})
    FOLDER.mkdir(exist_ok=True)
    for name, address in PAGES.items():
        assert visit.goto(address.format(**known)).status == 200
        visit.screenshot(path=FOLDER / f"{name}.png", animations="disabled")


def fill() -> dict[str, object]:
    """A morning with something of everything: one system is away, phones are wrong, WhatsApp is off."""
    now = timezone.now()
    lost_at = now - timedelta(minutes=12)
    phone = (f"(11) 98765-{number}" for number in itertools.count(4321)).__next__
    for part in heartbeats.PARTS:
        heartbeats.beat(part)
    for hours in range(1, 6):
        for _ in range(hours % 3 + 3):
            event = rows.lead(phone=phone())
            event.deliveries.update(status="done", due_at=None, finished_at=now)
            Event.objects.filter(pk=event.pk).update(
                received_at=now - timedelta(hours=hours), status="processed", settled_at=now
            )
    wrong = [
        rows.dead_letter(cause="invalid_phone_number", reason="Invalid phone number", phone=phone())
        for _ in range(3)
    ]
    rows.dead_letter(cause="connection_timeout", phone=phone())
    rows.dead_letter(cause="not_found", reason="Client not found", phone=phone())
    rows.retrying(phone=phone())
    rows.down("atendimento")
    _fill_syncs()
    Connection.objects.update_or_create(
        pk=Connection.ONLY,
        defaults={"connected": False, "phone_online": False, "changed_at": lost_at, "checked_at": now},
    )
    CircuitBreaker.objects.update_or_create(service="whatsapp", defaults={"offline_since": lost_at})
    Delivery.objects.filter(service="whatsapp", status="queued").update(held_since=now)
    alerts.evaluate()
    group = FailureGroup.objects.get(cause="invalid_phone_number")
    return {"item": wrong[0].pk, "group": group.pk, "today": timezone.localdate()}


def _fill_syncs() -> None:
    now = timezone.now()
    schedules.ensure_jobs()
    for job in SyncJob.objects.all():
        run = SyncRun.objects.create(
            job=job, status=RunStatus.DONE, author="schedule", read=24, written=9, failed=0, finished_at=now
        )
    job, key = "sync.crm_financeiro", "contract-41"
    SyncDifference.objects.create(job_id=job, key=key, kind="different", fields=["amount"], run=run)
    SyncFailure.objects.create(
        job_id=job,
        key="41",
        run=run,
        kind="rejected",
        cause="invalid_data",
        reason="Invalid amount",
        payload={},
    )
