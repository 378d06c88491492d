"""Conectar: what the hub asks of a system, a try of a copy of it, and what follows from what was found."""

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from carinho.console import badges, dates, labels
from carinho.console.base import ConsoleAdmin, actor, ids_in, list_of, page, page_of, posted
from carinho.services import contract, openapi
from carinho.services.base import AUTH_HEADERS
from carinho.services.conformance_report import VERDICTS, ConformanceReport
from events import conformance_checks
from events.admin.system import card_facts
from events.models import CheckState, ConformanceCheck

OPERATE = "events.change_conformancecheck"
STATE_TONES = {"queued": "info", "running": "info", "failed": "danger"}
VERDICT_TONES = {"conforms": "success", "differs": "warning", "missing": "danger", "not_tried": "neutral"}
PAGES = {
    "cursor": _("por cursor, como no contrato"),
    "number": _("por número: ?page=&per_page="),
}
RECORDS = {
    "client": _("Número de um cliente da cópia"),
    "contract": _("Número de um contrato da cópia"),
    "caregiver": _("Número de um cuidador da cópia"),
    "service": _("Número de um atendimento da cópia"),
    "schedule": _("Número de uma agenda da cópia"),
    "invoice": _("Número de uma fatura da cópia"),
    "payment": _("Número de um pagamento da cópia"),
}


@admin.register(ConformanceCheck)
class ConformanceCheckAdmin(ConsoleAdmin):
    item_template = "admin/events/conformancecheck/item.html"

    def get_urls(self) -> list[URLPattern]:
        own = [
            self.post_path("start/", self.start_view, "start"),
            self.post_path("contract/", self.contract_view, "contract"),
        ]
        return own + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.must_view(request)
        asked = request.GET.get("system", "")
        system = asked if asked in settings.SYSTEMS else next(iter(settings.SYSTEMS))
        checks = list(ConformanceCheck.objects.filter(system=system)[: conformance_checks.KEPT])
        known = settings.SYSTEMS[system]
        last = (
            checks[0]
            if checks
            else ConformanceCheck(url=known["url"], auth=known["auth"], pages=known["pages"])
        )
        context = {
            "system": system,
            "label": labels.system(system),
            "systems": [(name, labels.system(name)) for name in settings.SYSTEMS],
            "operations": [(operation, _example(operation)) for operation in contract.of_system(system)],
            "given": last,
            "auths": list(AUTH_HEADERS),
            "pages": PAGES,
            "records": [
                (name, RECORDS[name], last.ids.get(name, "")) for name in contract.records_of(system)
            ],
            "checks": [{"check": check, "badge": result(check), "page": page_of(check)} for check in checks],
            "may_start": request.user.has_perm(OPERATE),
        }
        template = "admin/events/conformancecheck/connect.html"
        return page(request, template, _("Conectar um sistema"), **context)

    def contract_view(self, request: HttpRequest) -> HttpResponse:
        """The description of all calls, to be handed to whoever builds the other system."""
        self.must_view(request)
        name = 'attachment; filename="contrato-dos-sistemas.yaml"'
        return HttpResponse(
            openapi.as_yaml(), content_type="application/yaml", headers={"Content-Disposition": name}
        )

    @property
    def start_view(self) -> Any:
        return require_POST(self._start)

    def _start(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(OPERATE):
            raise PermissionDenied
        system = posted(request, "system")
        if system not in settings.SYSTEMS:
            return HttpResponseRedirect(list_of(ConformanceCheck))
        asked = _asked(request, system)
        if isinstance(asked, str):
            messages.error(request, asked)
            return HttpResponseRedirect(list_of(ConformanceCheck, f"system={system}"))
        check = conformance_checks.begin(system, actor(request), **asked)
        if check is None:
            messages.warning(request, _("Este sistema já está sendo testado. Espere o teste terminar."))
            return HttpResponseRedirect(list_of(ConformanceCheck, f"system={system}"))
        return HttpResponseRedirect(page_of(check))

    def crumb(self, row: Any) -> str:
        return f"{labels.system(row.system)} #{row.pk}"

    def item_context(self, request: HttpRequest, row: ConformanceCheck) -> dict[str, Any]:
        report = ConformanceReport.from_json(row.report) if row.report else None
        calls = report.calls if report else []
        return {
            "label": labels.system(row.system),
            "badge": result(row),
            "is_moving": row.ended_at is None,
            "report": report,
            "counts": [
                (badges.badge(VERDICTS[verdict], tone), count)
                for verdict, tone in VERDICT_TONES.items()
                if (count := sum(call.verdict == verdict for call in calls))
            ],
            "calls": [
                {"call": call, "badge": badges.badge(VERDICTS[call.verdict], VERDICT_TONES[call.verdict])}
                for call in sorted(calls, key=lambda call: call.is_fine)
            ],
            "back": list_of(ConformanceCheck, f"system={row.system}"),
        }


def result(check: ConformanceCheck) -> SafeString:
    """How a check ended, in one badge."""
    if not check.report:
        return badges.badge(CheckState(check.state).label, STATE_TONES.get(check.state, "neutral"))
    if check.report["conforms"]:
        return badges.badge(_("conforme"), "success")
    if check.report["can_be_connected"]:
        return badges.badge(_("convive, por configuração"), "warning")
    return badges.badge(_("algo precisa mudar no sistema"), "danger")


def _asked(request: HttpRequest, system: str) -> dict[str, Any] | str:
    """What the form asks for, or the sentence that says why it cannot be done."""
    known = settings.SYSTEMS[system]
    url, key = posted(request, "url").rstrip("/"), posted(request, "key")
    if not _is_address(url):
        return _now("O endereço devia começar com https:// ou http://, sem usuário nem senha.")
    if not key and url != known["url"].rstrip("/"):
        return _now("Para outro endereço que o configurado, digite a chave: a do hub não é enviada para lá.")
    writes = bool(request.POST.get("writes"))
    if writes and not request.POST.get("sure"):
        return _now("Para gravar registros de teste, confirme que o endereço é de uma cópia.")
    auth, pages = posted(request, "auth"), posted(request, "pages")
    ids = {name: posted(request, f"id_{name}") for name in contract.records_of(system)}
    ids = {name: id for name, id in ids.items() if id}
    if auth not in AUTH_HEADERS or pages not in PAGES or len(key) > 500:
        return _now("Escolha onde vai a chave e como vão as páginas.")
    if len(ids_in(ids.values())) < len(ids):
        return _now("Os registros da cópia são números.")
    return {
        "url": url,
        "key": key or known["key"],
        "auth": auth,
        "pages": pages,
        "ids": ids,
        "writes": writes,
    }


def _example(operation: contract.Operation) -> str:
    shown = operation.asks() if operation.is_list else operation.sends
    return json.dumps(dict(shown), ensure_ascii=False, indent=2) if shown else ""


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and parts.port != 0
            and not (parts.query or parts.fragment)
            and len(text) <= 500
            and text.isprintable()
            and " " not in text
        )
    except ValueError:
        return False


def last_checks() -> dict[str, SafeString]:
    """On each system's card: how its last check ended, and the way to try it."""
    last = ConformanceCheck.objects.order_by("system", "-id").distinct("system").filter(report__isnull=False)
    checks = {check.system: check for check in last}
    page = reverse("admin:events_conformancecheck_changelist")
    facts = {}
    for name in settings.SYSTEMS:
        check = checks.get(name)
        ended = format_html("{} {} ", result(check), dates.moment(check.ended_at)) if check else ""
        facts[name] = format_html(
            '<div><dt>{}</dt><dd>{}<a href="{}?system={}">{}</a></dd></div>',
            _("Contrato"),
            ended,
            page,
            name,
            _("Testar e conectar"),
        )
    return facts


card_facts.append(last_checks)
