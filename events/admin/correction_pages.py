"""The pages by which a person mends data: the form, what changes, the reason; the check while they type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from carinho.access.audit_log import REVEALED
from carinho.access.roles import MAY_REVEAL
from carinho.console.actions import NOT_ALLOWED
from carinho.console.base import actor, page, posted
from events.admin import payload_fields, payload_form
from events.admin.payload_form import PREFIX
from events.differences import differences, value_at
from events.event_corrections import StaleVersion
from events.flow import Data
from events.intake.envelope import RequestRejected
from events.intake.payload import Payload
from events.intake.rejected_requests import NotOpen

UNDERSTOOD = ("phone", "money", "moment", "day")  # kinds that are kept otherwise than they are typed


@dataclass(frozen=True)
class Change:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class AsItIs:
    """The button for data that is right as it stands, and what it posts where."""

    text: Any
    address: str
    posted: Mapping[str, Any] = field(default_factory=dict)


def asked_of_list(text: Any, address: str, action: str, row: int) -> AsItIs:
    """By the list's action, whose page asks before anything is sent."""
    chosen = {"action": action, "index": 0, "select_across": 0, "_selected_action": row}
    return AsItIs(text, address, chosen)


@dataclass(frozen=True)
class Correctable:
    """What may be corrected, and how it is put through.

    `data` is as it was typed, `stored` as it is kept. `check` raises `StaleVersion` or `NotOpen` for a
    version that does not hold any more. `read` gives the data as it would be kept, and raises
    `RequestRejected`, each wrong field named. `send` takes the data, the version, the actor and the reason,
    and returns where to go on. `rejected` are the fields that the system named, each with what is said of it
    until it is changed; `answered` is how it rejected the data, and `technical` its own words.
    """

    payload: type[Payload]
    data: Data
    stored: Data
    version: str
    named: str
    read: Callable[[Data], Data]
    check: Callable[[str], None]
    send: Callable[[Data, str, str, str], str]
    title: Any
    sure: Any
    why: str
    address: str
    check_address: str
    back: str
    effects: Callable[[Data], list[Any]] = field(default=lambda _data: [])
    texts: Callable[[Data], list[tuple[str, str]]] = field(default=lambda _data: [])
    position: Callable[[], str] = field(default=lambda: "")
    rejected: Mapping[str, str] = field(default_factory=dict)
    answered: str = ""
    technical: str = ""
    as_it_is: AsItIs | None = None


def barred(request: HttpRequest, permission: str) -> Any:
    """Why this person cannot correct; empty when they can. The form shows a person's data in clear."""
    return "" if request.user.has_perm(permission) and request.user.has_perm(MAY_REVEAL) else NOT_ALLOWED


def require(request: HttpRequest, permission: str) -> None:
    if barred(request, permission):
        raise PermissionDenied


def opened_from_item(view: Callable[..., HttpResponse], model: type[Model]) -> Callable[..., HttpResponse]:
    """A form that is opened from the page of a row of `model`: by a bookmark its address leads there."""
    opts = model._meta

    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def opened(request: HttpRequest, **row_id: int) -> HttpResponse:
        if request.method == "POST":
            return view(request, **row_id)
        if not request.user.has_perm(f"{opts.app_label}.view_{opts.model_name}"):
            raise PermissionDenied
        item = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[*row_id.values()])
        return HttpResponseRedirect(item)

    return opened


def correct(request: HttpRequest, it: Correctable) -> HttpResponse:
    """The form at first, then what was written with its problems, then the question; and the end."""
    version = request.POST.get("version")
    try:
        it.check(it.version if version is None else version)
        data = it.data if version is None else payload_form.read(it.payload, it.data, request.POST)
        still_rejected, problems = _still_rejected(it, data), _problems(it, data)
        if version is None or problems:
            return _form(request, it, still_rejected | problems)
        if not _changes(it, data):
            return _form(request, it, still_rejected, is_unchanged=True)
        asked = request.POST.get("do")
        if asked == "edit":
            return _form(request, it, still_rejected)
        reason = posted(request, "reason")
        if asked != "send" or not reason:
            problem = _("Escreva o motivo da correção.") if asked == "send" else ""
            return _question(request, it, data, problem)
        return HttpResponseRedirect(it.send(data, version, actor(request), reason))
    except (StaleVersion, NotOpen) as overtaken:
        messages.warning(request, _("Nada foi mudado. %s") % overtaken)
        return HttpResponseRedirect(it.back)
    except RequestRejected as error:
        return _form(request, it, error.fields or {"": error.detail})


def check(request: HttpRequest, it: Correctable) -> JsonResponse:
    """What is wrong with what is written so far, and how the rest is understood."""
    data = payload_form.read(it.payload, it.data, request.POST)
    shown = payload_form.fields(it.payload, it.data)
    try:
        problems = _problems(it, data)
    except StaleVersion as stale:
        return JsonResponse({"problems": {}, "others": [str(stale)], "understood": {}})
    lines, others = payload_form.as_typed(shown, {}, _still_rejected(it, data) | problems)
    understood = {}
    if not problems:
        said = {line.name: line.value for line in payload_fields.lines(it.read(data), it.payload)}
        changed = differences(it.data, data)
        kept = [line for line in shown if line.kind in UNDERSTOOD and line.path in changed]
        understood = {line.name: _("Entendido: %s") % said[line.path] for line in kept if line.path in said}
    answer = {"problems": {line.name: line.problem for line in lines if line.problem}, "others": others}
    return JsonResponse(answer | {"understood": understood})


def changes(payload: type[Payload] | None, before: Data, after: Data) -> list[Change]:
    """The fields of two versions of the same fields, as labels and words; masked ones may read alike."""
    old = {line.name: line for line in payload_fields.lines(before, payload)}
    new = {line.name: line for line in payload_fields.lines(after, payload)}
    return [
        Change((new.get(name) or old[name]).label, _value(old.get(name)), _value(new.get(name)))
        for name in [*old, *(name for name in new if name not in old)]
        if _value(old.get(name)) or _value(new.get(name))
    ]


def _value(line: payload_fields.Labelled | None) -> str:
    return line.value if line else ""


def _problems(it: Correctable, data: Data) -> dict[str, str]:
    try:
        kept = it.read(data)
    except RequestRejected as error:
        return error.fields or {"": error.detail}
    return payload_form.phone_problems(it.payload, it.data, data, kept)


def _still_rejected(it: Correctable, data: Data) -> dict[str, str]:
    changed = differences(it.data, data)
    return {name: said for name, said in it.rejected.items() if name.removeprefix(PREFIX) not in changed}


def _changes(it: Correctable, data: Data) -> list[Change]:
    """Only what the operator wrote: what intake itself spells otherwise is no change of theirs."""
    names = differences(it.data, data)
    after = it.read(data)
    before = {line.name: line for line in payload_fields.lines(it.stored, it.payload)}
    new = {line.name: line for line in payload_fields.lines(after, it.payload)}
    labels = {line.path: line.label for line in payload_form.fields(it.payload, data)}
    return [
        Change(labels.get(name, name), _value(before.get(name)), _value(new.get(name)))
        for name in names
        if value_at(it.stored, name) != value_at(after, name)
    ]


def _form(
    request: HttpRequest, it: Correctable, problems: dict[str, str], *, is_unchanged: bool = False
) -> HttpResponse:
    shown = payload_form.fields(it.payload, it.data)
    lines, others = payload_form.as_typed(shown, request.POST, problems)
    return _page(
        request,
        it,
        "form",
        lines=[line for line in lines if not _is_extra(line, lines)],
        extra=[line for line in lines if _is_extra(line, lines)],
        others=others,
        is_unchanged=is_unchanged,
        has_problems=bool(problems) or is_unchanged,
        yes_and_no=payload_form.yes_and_no(),
    )


def _is_extra(line: payload_form.FormField, lines: list[payload_form.FormField]) -> bool:
    if not line.is_group:
        return line.is_extra
    inner = [other for other in lines if other.name.startswith(line.name + ".")]
    return not line.problem and bool(inner) and all(_is_extra(other, lines) for other in inner)


def _question(request: HttpRequest, it: Correctable, data: Data, problem: str) -> HttpResponse:
    typed = [(name, text) for name, text in request.POST.items() if name.startswith(PREFIX)]
    more: dict[str, Any] = {"changes": _changes(it, data), "typed": typed, "effects": it.effects(data)}
    more["texts"] = it.texts(data)
    return _page(request, it, "question", problem=problem, reason=posted(request, "reason"), **more)


def _page(request: HttpRequest, it: Correctable, template: str, **more: Any) -> HttpResponse:
    """Each time it is shown: what a request says of an earlier page proves nothing."""
    REVEALED.record(actor(request), it.named, {"page": "correction"})
    version = request.POST.get("version", it.version)
    template = f"admin/events/correction/{template}.html"
    return page(request, template, it.title, it=it, version=version, **more)
