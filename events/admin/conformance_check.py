"""Conectar: what the hub asks of a system, a try of a copy of it, and what follows from what was found."""

import json
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from carinho.access.scopes import Scope
from carinho.console import badges, dates, labels
from carinho.console.base import ConsoleAdmin, actor, ids_in, list_of, page, page_of, posted
from carinho.services import addresses, contract, openapi
from carinho.services.base import AUTH_HEADERS
from carinho.services.conformance_report import PRODUCTION, VERDICTS, ConformanceReport
from carinho.services.operation import (
    DAY,
    IDS,
    INTEGER,
    LIST,
    MOMENT,
    MONEY,
    NUMBER,
    OBJECT,
    TEXT,
    TRUTH,
    Operation,
    fresh,
)
from carinho.services.pagination import LIMIT
from events import conformance_checks, trial_events
from events.admin.system import card_facts
from events.flow import Flow
from events.models import CheckState, ConformanceCheck

OPERATE = "events.change_conformancecheck"
STATE_TONES = {"queued": "info", "running": "info", "failed": "danger"}
VERDICT_TONES = {
    "conforms": "success",
    "differs": "warning",
    "missing": "danger",
    "unseen": "neutral",
    "not_tried": "neutral",
}
TYPED = "conformance_typed"  # in the session: a form that could not be taken, until it is shown again
PAGES = {
    "cursor": _("por cursor, como no contrato"),
    "number": _("por número: ?page=&per_page="),
}
KINDS = {
    INTEGER: _("número inteiro"),
    TEXT: _("texto"),
    MOMENT: _("momento com fuso"),
    DAY: _("dia"),
    MONEY: _("valor em texto"),
    NUMBER: _("número"),
    TRUTH: _("true ou false"),
    OBJECT: _("objeto"),
    LIST: _("lista"),
}
RECORDS = {
    "lead": _("Número de um lead da cópia"),
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
        system = request.GET.get("system", "")
        context = {
            "systems": [(name, labels.system(name)) for name in settings.SYSTEMS],
            **(_of_system(request, system) if system in settings.SYSTEMS else {}),
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
            return _typed_again(request, system)
        check = conformance_checks.begin(system, actor(request), **asked)
        if check is None:
            messages.warning(request, _("Este sistema já está sendo testado. Espere o teste terminar."))
            return _typed_again(request, system)
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
            "shows_answers": request.user.has_perm(OPERATE),
            "production": PRODUCTION,
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
    if check.report.get("needs_numbers"):  # reports from before have none
        return badges.badge(_("faltam números de registros"), "warning")
    return badges.badge(_("algo precisa mudar no sistema"), "danger")


def _asked(request: HttpRequest, system: str) -> dict[str, Any] | str:
    """What the form asks for, or the sentence that says why it cannot be done."""
    known = settings.SYSTEMS[system]
    url, key = posted(request, "url").rstrip("/"), posted(request, "key")
    if wrong := addresses.wrong_in(url):
        return wrong
    if not key and url != known["url"].rstrip("/"):
        return _now("Para outro endereço que o configurado, digite a chave: a do hub não é enviada para lá.")
    writes = bool(request.POST.get("writes"))
    if writes and not request.POST.get("sure"):
        return _now("Para gravar registros de teste, confirme que o endereço é de uma cópia.")
    auth, pages = posted(request, "auth"), posted(request, "pages")
    ids = {name: posted(request, f"id_{name}") for name in contract.records_of(system)}
    ids = {name: id for name, id in ids.items() if id}
    if not (key.isprintable() and key.isascii()):
        return _now("A chave não pode ter quebras de linha, acentos nem outros sinais fora do ASCII.")
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


def _typed_again(request: HttpRequest, system: str) -> HttpResponse:
    """The form again with all that was typed, save the key, which nothing keeps."""
    if posted(request, "key"):
        messages.info(request, _("Digite a chave outra vez: ela não é guardada."))
    ids = {name: posted(request, f"id_{name}")[:18] for name in contract.records_of(system)}
    typed = {name: posted(request, name)[:500] for name in ("url", "auth", "pages")}
    yes = {name: bool(request.POST.get(name)) for name in ("writes", "sure")}
    request.session[TYPED] = {"system": system, "ids": ids, **typed, **yes}
    return HttpResponseRedirect(list_of(ConformanceCheck, f"system={system}"))


def _of_system(request: HttpRequest, system: str) -> dict[str, Any]:
    checks = list(ConformanceCheck.objects.filter(system=system)[: conformance_checks.KEPT])
    known = settings.SYSTEMS[system]
    # the simulator's address would be taken for one that somebody chose
    url = known["url"] if system in addresses.real() else ""
    last = checks[0] if checks else ConformanceCheck(url=url, auth=known["auth"], pages=known["pages"])
    # pages as the hub asks for them: a test by number would otherwise make the next one so, unnoticed
    given = {"url": last.url, "auth": last.auth, "pages": known["pages"], "ids": last.ids}
    typed = request.session.pop(TYPED, {})
    if typed.get("system") == system:
        given = typed
    records = contract.records_of(system)
    return {
        "system": system,
        "label": labels.system(system),
        "calls": [_call(operation) for operation in contract.of_system(system)],
        "given": given,
        "auths": list(AUTH_HEADERS),
        "pages": PAGES,
        "records": [(name, RECORDS[name], given["ids"].get(name, "")) for name in records],
        "checks": [{"check": check, "badge": result(check), "page": page_of(check)} for check in checks],
        "may_start": request.user.has_perm(OPERATE),
        "may_make_keys": request.user.has_perm("access.add_apikey"),
        "may_see_senders": request.user.has_perm("access.view_webhooksender"),
        "command": " ".join(
            [
                f".venv/bin/python manage.py conformance {system} --url https://…",
                *(f"--id {name}=…" for name in records),
                "--write --key …",
            ]
        ),
        "hub": settings.HUB_URL,
        "scope": Scope.EVENTS.label,
        "events": [
            {"flow": flow, "body": _as_json(example_event(flow))}
            for flow in Flow.registry.values()
            if system in flow.sources
        ],
    }


def _call(operation: Operation) -> dict[str, Any]:
    """One call as it goes out, and as it is to be answered."""
    ids = IDS | fresh(timezone.now())
    query = urlencode({**operation.asks(ids), "limit": LIMIT}, safe=",:") if operation.is_list else ""
    answer = operation.answered()
    return {
        "operation": operation,
        "query": query,
        "body": _as_json(operation.body(ids)) if operation.sends else "",
        "sent": [(field, KINDS[field.kind]) for field in operation.fields_sent],
        "fields": [(name, KINDS[kind]) for name, kind in operation.gives.items()],
        "answer": _as_json(answer) if answer else "",
    }


def example_event(flow: Flow) -> dict[str, Any]:
    moment = timezone.localtime().isoformat(timespec="seconds")
    data = trial_events.sample_of(flow)
    return {"type": flow.type, "id": f"{flow.type}-1", "occurred_at": moment, "data": data}


def _as_json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)


def last_checks(request: HttpRequest) -> dict[str, SafeString]:
    """On each system's card, for whoever may connect it: how its last check ended, and the way to try it."""
    if not request.user.has_perm(OPERATE):
        return {}
    last = ConformanceCheck.objects.order_by("system", "-id").distinct("system").filter(report__isnull=False)
    checks = {check.system: check for check in last}
    page = reverse("admin:events_conformancecheck_changelist")
    facts = {}
    for name in settings.SYSTEMS:
        check = checks.get(name)
        ended = ""
        if check:
            is_own = check.url == settings.SYSTEMS[name]["url"].rstrip("/")
            where = _("neste endereço, testado") if is_own else _("em uma cópia, testada")
            ended = format_html("{} {} {}<br>", result(check), where, dates.moment(check.ended_at))
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
