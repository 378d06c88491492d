"""A caregiver's data changed in Cuidadores: CRM gets it."""

from datetime import timedelta

from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from pydantic import Field

from carinho.services.crm import CRM
from carinho.services.cuidadores import Cuidadores
from carinho.services.pagination import Page
from events.intake.payload import Payload, Text
from sync.job import Fields, Job, Record, Window, chosen
from whatsapp.phone import Phone

CAREGIVER = ("name", "phone", "email", "city", "status", "active", "skills", "availability", "rating")


class CaregiverRecord(Payload):
    name: Text | None = Field(None, title="Nome")
    phone: Phone | None = Field(None, title="Telefone")
    email: Text | None = Field(None, title="E-mail")
    city: Text | None = Field(None, title="Cidade")
    status: Text | None = Field(None, title="Situação")
    active: bool | None = Field(None, title="Ativo(a)")
    rating: float | None = Field(None, title="Nota")


class CuidadoresCrm(Job):
    """Caregivers updated since the last good run → CRM, which does not let them be read back."""

    name = "sync.cuidadores_crm"
    title = _("Cuidadores → CRM")
    purpose = _("Atualiza os dados dos cuidadores.")
    source = Cuidadores
    target = CRM
    schedule = crontab(minute="0", hour="*/4")
    limit = timedelta(hours=3)
    fields = CaregiverRecord
    corrections = {
        "missing_there": ngettext_lazy(
            "Levar %(count)d cuidador ao CRM", "Levar %(count)d cuidadores ao CRM", "count"
        ),
        "different": ngettext_lazy(
            "Acertar %(count)d cuidador no CRM", "Acertar %(count)d cuidadores no CRM", "count"
        ),
    }

    def pull(self, source: Cuidadores, cursor: str, window: Window) -> Page:
        return source.caregivers(cursor, updated_since=window.since)

    def pull_all(self, source: Cuidadores, cursor: str, window: Window) -> Page:
        return source.caregivers(cursor)

    def wanted(self, record: Record) -> Fields:
        return chosen(record, CAREGIVER)

    def write(self, target: CRM, key: str, wanted: Fields) -> Fields:
        target.put_caregiver(int(key), wanted)
        return {}
