"""Groups of failures: what happened, to how many, who can fix it, and the one button that helps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import F, Func, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from carinho.console import badges, dates, labels, notes, support
from carinho.console.actions import NOT_ALLOWED, Action, ActionAdmin
from carinho.console.base import PlainChangeList, actor, list_of, page_of, posted
from carinho.console.filters import ChoiceFilter, choice_filter
from carinho.masking import mask_text
from events import (
    bulk_jobs,
    escalations,
    failure_groups,
    recipes,
    rejected_service_keys,
    rejecting_systems,
    titles,
)
from events.admin import correction_pages, escalation, person, redirect
from events.engine.failure_causes import NO_PERMISSION
from events.failure_groups import Figures, OnlyItem
from events.models import (
    DATA_CAUSES,
    BulkJob,
    CircuitBreaker,
    DeadLetter,
    FailureGroup,
    GroupState,
    Remedy,
    ResolvedWith,
)
from events.recipes import Advice, Recipes, Texts
from events.rejecting_systems import LastFailure, Rejection

OPERATE = "events.change_deadletter"
CHECK_KEY_WITH_ONE = _("Conferir a chave com 1 item")
TRY_WITH_ONE = _("Tentar com 1 item")
SHOWN_ROWS, SHOWN_ENTRIES = 8, 50
URGENCY = list(GroupState.values)  # as they are declared: what nobody looked at first, what is silenced last
TONES = {"new": "danger", "regressed": "danger", "seen": "warning", "taken": "info", "resolved": "success"}

TAKE = Action(
    name="take",
    title=_("Assumir"),
    button=ngettext_lazy("Assumir o grupo", "Assumir %(count)d grupos", "count"),
    done=ngettext_lazy("O grupo está com você.", "%(count)d grupos estão com você.", "count"),
    effect=_("Os colegas veem que você cuida disto. Nada é enviado."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: failure_groups.take(ids, actor=actor),
    icon="person_add",
)
RELEASE = Action(
    name="release",
    title=_("Soltar"),
    button=ngettext_lazy("Soltar o grupo", "Soltar %(count)d grupos", "count"),
    done=ngettext_lazy("O grupo foi solto.", "%(count)d grupos foram soltos.", "count"),
    effect=_("O grupo deixa de estar com alguém, e um colega pode assumir."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: failure_groups.release(ids, actor=actor),
    icon="person_remove",
)
SILENCE = Action(
    name="silence",
    title=_("Silenciar até piorar"),
    button=ngettext_lazy("Silenciar o grupo", "Silenciar %(count)d grupos", "count"),
    done=ngettext_lazy("O grupo está silenciado.", "%(count)d grupos estão silenciados.", "count"),
    effect=_(
        "O grupo vai para o fim da lista, e volta quando houver mais itens abertos do que agora. "
        "Se está com alguém, continua com essa pessoa."
    ),
    permission=OPERATE,
    run=lambda ids, actor, reason: failure_groups.silence(ids, actor=actor, reason=reason),
    icon="notifications_paused",
    asks_reason=True,
)
UNSILENCE = Action(
    name="unsilence",
    title=_("Deixar de silenciar"),
    button=ngettext_lazy("Deixar de silenciar o grupo", "Deixar de silenciar %(count)d grupos", "count"),
    done=ngettext_lazy("O grupo não está mais silenciado.", "%(count)d grupos não estão mais.", "count"),
    effect=_("O grupo volta ao seu lugar na lista."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: failure_groups.unsilence(ids, actor=actor),
    icon="notifications_active",
)
NOTE = Action(
    name="note",
    title=_("Anotar"),
    button=ngettext_lazy("Guardar a anotação", "Guardar a anotação em %(count)d grupos", "count"),
    done=ngettext_lazy("Anotação guardada.", "Anotação guardada em %(count)d grupos.", "count"),
    effect=_("Fica com o grupo, também quando a falha voltar. Sem dados de pessoas, por favor."),
    permission=OPERATE,
    icon="edit_note",
    form="admin/events/failuregroup/note.html",
)
TAG = Action(
    name="tag",
    title=_("Etiquetar"),
    button=ngettext_lazy("Guardar as etiquetas", "Guardar as etiquetas de %(count)d grupos", "count"),
    done=ngettext_lazy("Etiquetas guardadas.", "Etiquetas de %(count)d grupos guardadas.", "count"),
    effect=_("Palavras suas, para achar o grupo depois."),
    permission=OPERATE,
    icon="sell",
    form="admin/events/failuregroup/tags.html",
)
WRITE = Action(
    name="write",
    title=_("Mudar a receita"),
    button=ngettext_lazy("Guardar a receita", "Guardar a receita de %(count)d grupos", "count"),
    done=ngettext_lazy("Receita guardada.", "Receita de %(count)d grupos guardada.", "count"),
    effect=_("É o que os colegas leem ao lado desta falha, agora e quando ela voltar."),
    permission=OPERATE,
    icon="menu_book",
    form="admin/events/failuregroup/recipe.html",
)
RESET = Action(
    name="reset_recipe",
    title=_("Voltar à receita original"),
    button=ngettext_lazy(
        "Voltar à receita original", "Voltar à receita original de %(count)d grupos", "count"
    ),
    done=ngettext_lazy("A receita é a original.", "A receita de %(count)d grupos é a original.", "count"),
    effect=_("O texto da equipe sai. Ele continua na trilha."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: [
        group.pk for group in FailureGroup.objects.filter(pk__in=ids) if recipes.reset(group, actor=actor)
    ],
    icon="history",
)


@dataclass(frozen=True)
class Help:
    """The button that helps: it posts `action` for all rows of the group or some `items`, or leads to a page.

    A page that shows a person's data is reached by a post, so that whoever looked is written down.
    """

    text: str
    address: str
    icon: str
    action: str = ""
    items: tuple[int, ...] = ()
    count: int = 0  # of the rows, as they are when the button is shown
    barred: str = ""
    is_posted: bool = False


@dataclass(frozen=True)
class Card:
    """One group as a page shows it."""

    group: FailureGroup
    figures: Figures
    advice: Advice
    state: SafeString
    help: Help | None
    key_item: int | None = None  # while its key is rejected, the item that finds out if it still is

    @property
    def number(self) -> int:
        return self.group.pk

    @property
    def step(self) -> str:
        return titles.step_in(self.group.service, self.group.step)

    @property
    def where(self) -> str:
        return where(self.group)

    @property
    def address(self) -> str:
        return page_of(self.group)

    @property
    def rows(self) -> str:
        return rows_address(self.group)

    @property
    def recent_rows(self) -> str:
        since = self.figures.lately_since
        local = timezone.localtime(since).strftime("%Y-%m-%dT%H:%M") if since else ""
        return f"{self.rows}&failed_at_from={local}"

    @cached_property
    def affected(self) -> str:
        return titles.affected(self.group.service, self.group.step, self.figures.people)

    @property
    def causes(self) -> set[str]:
        return {self.group.cause}

    @property
    def tags(self) -> list[str]:
        return self.group.tags

    @property
    def urgency(self) -> tuple[Any, ...]:
        """What is nobody's first, and there whoever waits: where most people do; then what the team knows
        least of.
        """
        state, figures = self.group.state, self.figures
        return (
            not figures.open,
            state == GroupState.SILENCED,
            state == GroupState.TAKEN,
            not self.affected,
            -figures.people,
            URGENCY.index(state),
            -figures.open,
            self.number,
        )


def where(group: FailureGroup) -> str:
    return f"{labels.system(group.service)} · {titles.step_in(group.service, group.step)}"


def rows_address(group: FailureGroup) -> str:
    """The open dead letters of a group, as a list."""
    return list_of(DeadLetter, f"group={group.pk}")


def title_of(group: FailureGroup, advice: Advice) -> str:
    return f"{where(group)} · {advice.texts.title}"


def titles_of(found: Iterable[FailureGroup]) -> list[tuple[str, str]]:
    written = Recipes()
    return [(str(group.pk), title_of(group, written.of_group(group))) for group in found]


def cards(request: HttpRequest) -> list[Card]:
    """The groups that have dead letters, each by itself."""
    figures = failure_groups.figures()
    breakers = CircuitBreaker.objects.in_bulk()
    shown = [
        (group, figures[key])
        for group in FailureGroup.objects.exclude(state=GroupState.RESOLVED)
        if (key := (group.service, group.step, group.cause)) in figures
    ]
    items = failure_groups.only_items(group for group, counted in shown if counted.open == 1)
    keys = _key_items(group for group, _counted in shown)
    written = Recipes(newest_failure(group, counted) for group, counted in shown)
    resent = bulk_jobs.still_waiting()
    made = [
        card_of(request, group, counted, written, breakers, keys, item=items.get(group.pk))
        for group, counted in shown
    ]
    return [_while_resent(card, resent) for card in made]


def _while_resent(card: Card, resent: Mapping[tuple[str, str, str], tuple[int, int]]) -> Card:
    """All its open items wait for their turn in a retry that goes on: that is where to look."""
    group = card.group
    job, count = resent.get((group.service, group.step, group.cause), (0, 0))
    if not job or count < card.figures.open:
        return card
    help_with = Help(_now("Ver o reenvio em andamento"), page_of(BulkJob(pk=job)), "visibility")
    return replace(card, help=help_with)


def newest_failure(group: FailureGroup, figures: Figures) -> LastFailure:
    """The one by which the group is advised on: of what is open, else of all."""
    return group.service, group.cause, figures.last or group.last_failed_at


def _key_items(found: Iterable[FailureGroup]) -> dict[int, int]:
    """By group, the item to try its rejected key with; asked for only where a group is about keys."""
    if all(group.cause != NO_PERMISSION for group in found):
        return {}
    items = rejected_service_keys.newest_items(rejected_service_keys.current())
    return {key.group: item for key, item in items.items()}


def card_of(
    request: HttpRequest, group: FailureGroup, figures: Figures, written: Recipes, breakers: dict[str, Any],
    keys: dict[int, int], *, item: OnlyItem | None = None,
) -> Card:  # fmt: skip
    """`item` is the group's one open dead letter, where it has only one."""
    failed_at = newest_failure(group, figures)[-1]
    source = labels.system(item.source) if item else titles.sources_of(group.service, group.step)
    advice = readable(written.of_open_items(group, figures.open, failed_at, source), request)
    breaker = breakers.get(group.service)
    open_at = page_of(DeadLetter(pk=item.id)) if item else rows_address(group)
    key_item, remedy = keys.get(group.pk), advice.texts.remedy
    help_with = None
    if figures.open and advice.only:
        help_with = retry_some(request, group, advice.only)
    elif figures.open and advice.first:
        help_with = try_one(request, rows_address(group), advice.first, is_key=False)
    elif figures.open:
        help_with = _help(request, group, figures, remedy, breaker, key_item, open_at)
    return Card(group, figures, advice, state_of(group), help_with, key_item)


def readable(advice: Advice, request: HttpRequest) -> Advice:
    """As this person may read it: what ships names nobody but those whom one has to call."""
    if advice.call_since:
        texts = advice.texts
        call = _whom_to_call(advice.call_since, request)
        return replace(advice, texts=replace(texts, fixer=f"{texts.fixer} {call}"))
    if advice.written is None:
        return advice
    masked = {
        name: notes.about_system(getattr(advice.texts, name), request)
        for name in ("happened", "fixer", "advice")
    }
    return replace(advice, texts=replace(advice.texts, **masked))


def _whom_to_call(since: datetime, request: HttpRequest) -> str:
    level = support.called(support.calls(since))
    if level == support.OPERATIONS and request.user.has_perm(OPERATE):
        return _now("Você avisa.")
    return _now("Chame: %s.") % level


def state_of(group: FailureGroup) -> SafeString:
    words = str(GroupState(group.state).label)
    if group.state == GroupState.TAKEN:
        words = _now("com %s") % labels.who(group.owner)
    if group.state == GroupState.SILENCED:
        words = _now("silenciado com %d") % (group.silenced_at_count or 0)
        if group.owner:
            words = _now("%(silenced)s; com %(who)s") % {"silenced": words, "who": labels.who(group.owner)}
    return badges.badge(words, TONES.get(group.state, "neutral"))


def _help(
    request: HttpRequest, group: FailureGroup, figures: Figures, remedy: str, breaker: CircuitBreaker | None,
    key_item: int | None, open_at: str,
) -> Help:  # fmt: skip
    count = figures.open
    is_up = not (breaker and breaker.holds)
    match remedy:
        case Remedy.RETRY | Remedy.SYSTEMS if is_up and key_item:  # also where the system refuses every key
            return try_one(request, rows_address(group), key_item, is_key=True)
        case Remedy.RETRY if is_up:
            return retry_all(request, rows_address(group), count)
        case Remedy.CORRECT:
            address = reverse("admin:events_correction_in_group", args=[group.pk])
            barred = str(correction_pages.barred(request, OPERATE))
            return Help(_now("Corrigir e reenviar"), address, "edit", barred=barred, is_posted=True)
        case Remedy.ARCHIVE:
            return archive_all(request, rows_address(group), count)
        case Remedy.WHATSAPP:
            address = reverse("admin:whatsapp_sentmessage_changelist")
            return Help(_now("Ver as mensagens"), address, "outgoing_mail")
        case Remedy.ESCALATE:
            return Help(_now("Escalar"), f"{page_of(group)}#contatos", "support_agent")
        case Remedy.RETRY | Remedy.SYSTEMS:
            address = f"{list_of(CircuitBreaker)}#system-{group.service}"
            return Help(_now("Ir a Sistemas"), address, "hub")
    text = ngettext("Ver o item", "Ver os %(count)d itens", count) % {"count": count}
    return Help(text, open_at, "list")


def retry_all(request: HttpRequest, address: str, count: int) -> Help:
    text, barred = _now("Reenviar %d") % count, _barred(request)
    return Help(text, address, "replay", "retry", count=count, barred=barred)


def retry_some(request: HttpRequest, group: FailureGroup, rejection: Rejection) -> Help:
    """The items of the group that failed in that time."""
    address = f"{rows_address(group)}&{RejectionFilter.parameter_name}={rejection.period}"
    return retry_all(request, address, rejection.left[group.step, group.cause])


def resend(request: HttpRequest, card: Card, newest: Sequence[DeadLetter]) -> Help:
    """Of one of the open items while its system rejects whatever comes, else of all."""
    if card.key_item:
        return try_one(request, card.rows, card.key_item, is_key=True)
    if card.advice.only:
        return retry_some(request, card.group, card.advice.only)
    refuses = card.advice.is_data_right and card.advice.texts.remedy == Remedy.SYSTEMS
    if newest and (refuses or card.advice.is_doubtful):
        return try_one(request, card.rows, newest[0].pk, is_key=False)
    return retry_all(request, card.rows, card.figures.open)


def try_one(request: HttpRequest, address: str, item: int, *, is_key: bool) -> Help:
    """Whether a system takes something, or its key, is found out with one item; then all are sent."""
    text = CHECK_KEY_WITH_ONE if is_key else TRY_WITH_ONE
    icon = "key" if is_key else "bolt"
    return Help(str(text), address, icon, "retry", (item,), barred=_barred(request))


def archive_all(request: HttpRequest, address: str, count: int) -> Help:
    text, barred = _now("Arquivar %d") % count, _barred(request)
    return Help(text, address, "archive", "archive", count=count, barred=barred)


def _barred(request: HttpRequest) -> str:
    return "" if request.user.has_perm(OPERATE) else str(NOT_ALLOWED)


class RejectionFilter(ChoiceFilter):
    """What failed while a system rejected everything; only the button of a group leads here."""

    parameter_name = "rejected"
    title = _("recusados juntos")

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        asked = request.GET.get(self.parameter_name, "")
        ends = rejecting_systems.read_period(asked)
        said = {"since": dates.clock(ends[0]), "until": dates.clock(ends[1])} if ends else {}
        return [(asked, _now("das %(since)s às %(until)s") % said)] if said else []

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        ends = rejecting_systems.read_period(str(value))
        if ends is None:
            return queryset.none()
        return queryset.filter(failed_at__gte=ends[0], failed_at__lt=ends[1], cause__in=DATA_CAUSES)


class TagFilter(ChoiceFilter):
    parameter_name = "tag"
    title = _("etiqueta")

    @staticmethod
    def offered() -> list[tuple[str, Any]]:
        given = FailureGroup.objects.annotate(tag=Func(F("tags"), function="unnest")).order_by("tag")
        return [(tag, tag) for tag in given.values_list("tag", flat=True).distinct()]

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        return queryset.filter(tags__contains=[value])


def _names_somebody(request: HttpRequest, text: str) -> bool:
    """Whether a text that everybody reads holds a phone, an e-mail or a document; it is then refused."""
    is_refused = mask_text(text) != text
    if is_refused:
        messages.error(request, _now("Sem telefone, e-mail ou documento aqui: todos leem este texto."))
    return is_refused


class FailureGroupChangeList(PlainChangeList):
    """Each row knows what its recipe calls it."""

    def prepare(self, rows: Sequence[Any]) -> None:
        found = Recipes()
        for row in rows:
            row.what = found.of_group(row).texts.title


@admin.register(FailureGroup)
class FailureGroupAdmin(ActionAdmin):
    item_template = "admin/events/failuregroup/item.html"
    all_well = _(
        "Tudo certo: nada falhou até agora. Cada espécie de falha aparece aqui, também depois de resolvida."
    )
    intro = _(
        "Todas as falhas que já houve, por sistema, etapa e causa, com o que a equipe sabe de cada uma. "
        "As que têm itens abertos estão em Precisa de você."
    )
    row_actions = (TAKE, RELEASE, SILENCE, UNSILENCE, NOTE, TAG, WRITE, RESET, escalation.ESCALATE)
    list_display = ("what", "state_badge", "last", "times", "ended")
    list_filter = (
        choice_filter("state", _("situação"), lambda: GroupState.choices, is_tab=True),
        choice_filter("service", _("sistema"), labels.systems),
        choice_filter("cause", _("causa"), recipes.cause_titles),
        TagFilter,
    )
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PlainChangeList]:
        return FailureGroupChangeList

    def actions_for(self, request: HttpRequest) -> tuple[Action, ...]:
        return (TAKE, RELEASE, SILENCE, UNSILENCE)

    @admin.display(description=_("Falha"))
    def what(self, row: Any) -> str:
        cell = '<span class="c-cell"><span>{}</span><span class="c-second">{}</span></span>'
        where = " · ".join([self.crumb(row), *row.tags])
        return format_html(cell, row.what, where)

    @admin.display(description=_("Situação"))
    def state_badge(self, row: FailureGroup) -> str:
        return state_of(row)

    @admin.display(description=_("Última vez"))
    def last(self, row: FailureGroup) -> str:
        return dates.moment(row.last_failed_at)

    @admin.display(description=_("Falhas"))
    def times(self, row: FailureGroup) -> str:
        return f"{row.failures} x"

    @admin.display(description=_("Da última vez"))
    def ended(self, row: FailureGroup) -> str:
        if not row.resolved_at:
            return "—"
        cell = '<span class="c-cell"><span>{}</span><span class="c-second">{}</span></span>'
        words = [labels.who(row.resolved_by), str(ResolvedWith(row.resolved_with).label)]
        return format_html(cell, " · ".join(filter(None, words)), dates.moment(row.resolved_at))

    def crumb(self, row: Any) -> str:
        return where(row)

    def name_of(self, key: Any) -> str:
        group = FailureGroup.objects.filter(pk=key).first()
        if group is None:
            return f"#{key}"
        owner = _now(", com %s") % labels.who(group.owner) if group.owner else ""
        return self.crumb(group) + owner

    def act(
        self, request: HttpRequest, action: Action, ids: Sequence[Any]
    ) -> Sequence[Any] | HttpResponse | None:
        if action is escalation.ESCALATE:
            return escalation.escalate(request, FailureGroup.objects.filter(pk__in=ids))
        if action is TAG:
            tags = posted(request, "tags")
            if _names_somebody(request, tags):
                return None
            return failure_groups.tag(ids, [tags], actor=actor(request))
        if action is NOTE:
            if not (text := posted(request, "note")):
                messages.error(request, _now("Escreva a anotação."))
                return None
            return failure_groups.note(ids, text[:2000], actor=actor(request))
        if action is WRITE:
            return self._write(request, ids)
        return super().act(request, action, ids)

    def _write(self, request: HttpRequest, ids: Sequence[Any]) -> Sequence[Any] | None:
        given = {name: posted(request, name) for name in ("title", "happened", "fixer", "advice", "remedy")}
        if not all(given.values()) or given["remedy"] not in Remedy.values or len(given["title"]) > 120:
            messages.error(request, _now("Preencha todos os campos da receita."))
            return None
        if _names_somebody(request, given["title"]):
            return None
        found = FailureGroup.objects.filter(pk__in=ids)
        for group in found:
            everywhere = bool(posted(request, "everywhere"))
            recipes.write(group, Texts(**given), everywhere=everywhere, actor=actor(request))
        return [group.pk for group in found]

    def item_context(self, request: HttpRequest, row: FailureGroup) -> dict[str, Any]:
        may_operate = request.user.has_perm(OPERATE)
        if may_operate and row.state == GroupState.NEW:
            failure_groups.see(row, actor=actor(request))
            row.refresh_from_db()
        figures = failure_groups.figures_of(row)
        written = Recipes([newest_failure(row, figures)])
        texts = written.of(row.service, row.step, row.cause)
        breakers = CircuitBreaker.objects.in_bulk([row.service])
        names = self._fitting(row, texts)
        newest = DeadLetter.objects.filter(failure_groups.rows_of(row), status="open").select_related("event")
        shown = list(newest.order_by("-pk")[:SHOWN_ROWS])
        item = OnlyItem(shown[0].pk, shown[0].event.source) if len(shown) == 1 else None
        keys = _key_items([row])
        card = card_of(request, row, figures, written, breakers, keys, item=item)
        moves = [resend(request, card, shown), archive_all(request, card.rows, figures.open)]
        is_unwise = card.advice.is_data_right and bool(card.figures.open)
        return {
            "card": card,
            "others": [move for move in (moves[:1] if is_unwise else moves) if move != card.help],
            "unwise": moves[1:] if is_unwise else [],
            "texts": texts.texts,
            "escalation": escalations.of_group(row),
            "recipients": escalations.recipients(),
            "escalate": self.buttons(request, [escalation.ESCALATE.name], row.pk)[0],
            "remedies": Remedy.choices,
            "redirect": redirect.button(request, "in_group", row.pk) if card.figures.open else None,
            "buttons": self.buttons(request, names, row.pk),
            "resolution": resolution(row),
            "entries": row.entries.all()[:SHOWN_ENTRIES],
            "rows": [
                {
                    "address": page_of(letter),
                    "person": person.masked(letter.event).cell(),
                    "event": titles.event_type(letter.event_type),
                    "since": dates.moment(letter.created_at),
                }
                for letter in shown
            ],
            "back": list_of(DeadLetter),
        }

    def _fitting(self, row: FailureGroup, advice: Advice) -> list[str]:
        chosen = [NOTE, TAG, WRITE, *([RESET] if advice.written else [])]
        is_inline = advice.texts.remedy == Remedy.ESCALATE
        if row.state != GroupState.RESOLVED and not is_inline:
            chosen.append(escalation.ESCALATE)
        match row.state:
            case GroupState.RESOLVED:
                pass
            case GroupState.TAKEN:
                chosen += [RELEASE, SILENCE]
            case GroupState.SILENCED:
                chosen += [RELEASE if row.owner else TAKE, UNSILENCE]
            case _:
                chosen += [TAKE, SILENCE]
        return [action.name for action in chosen]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Falhas que já houve")} | (extra_context or {}))


def resolution(group: FailureGroup) -> str:
    """How it ended the last time, in a sentence; empty when it never did."""
    if not group.resolved_at:
        return ""
    moment = timezone.localtime(group.resolved_at).strftime("%d/%m/%Y %H:%M")
    words = str(ResolvedWith(group.resolved_with).label)
    if group.resolved_by:
        given = {"who": labels.who(group.resolved_by), "with": words, "moment": moment}
        return _now("por %(who)s, com %(with)s, em %(moment)s") % given
    return f"{words}, {moment}"
