"""What the list of runs can be narrowed by."""

import django_filters
from django.utils.translation import gettext_lazy as _

from carinho.api.moments import MomentFilter
from sync.job import Job
from sync.models import RunKind, RunStatus, SyncRun

JOBS = [(name, name) for name in sorted(Job.registry)]


class RunFilter(django_filters.FilterSet):
    """`since` and `until` bound the start of the run."""

    job = django_filters.ChoiceFilter(
        field_name="job_id", choices=JOBS, label=_("Nome, como sync.crm_operacao.")
    )
    status = django_filters.ChoiceFilter(choices=RunStatus.choices, label=_("Situação da execução."))
    kind = django_filters.ChoiceFilter(
        choices=RunKind.choices,
        label=_("Tipo: sincronização, simulação, conferência ou só alguns registros."),
    )
    since = MomentFilter(field_name="started_at", lookup_expr="gte", label=_("A partir deste momento."))
    until = MomentFilter(field_name="started_at", lookup_expr="lt", label=_("Antes deste momento."))

    class Meta:
        model = SyncRun
        fields: list[str] = []
