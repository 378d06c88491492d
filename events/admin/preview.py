"""What the page that asks, and an item's page, say of a retry before it is made."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.console import dates, labels
from carinho.console.base import list_of, page_of
from carinho.masking import mask_phone
from events import preview, rejected_service_keys, titles
from events.admin import bulk_job, bulk_question, overtaken, person, redirect
from events.admin.bulk_question import RetriedItems
from events.failing_steps import FailingStep
from events.models import DeadLetter, Delivery, Event, Redirect, SkipCause
from events.preview import Expected, Preview
from events.recipes import Recipes

MOST_TEXTS, MOST_NAMED = 3, 5


@dataclass(frozen=True)
class Line:
    """One thing that follows from the retry, of so many items; `texts` are messages: to whom, and what."""

    icon: str
    sentence: str
    texts: list[tuple[str, str]] = field(default_factory=list)
    more: int = 0
    rows: str = ""  # the list of what the sentence counts besides


@dataclass(frozen=True)
class OvertakenItem:
    address: str
    person: person.NameAndPhone  # masked
    step: str
    later: Event
    later_address: str


@dataclass(frozen=True)
class Overtaken:
    """Items about whose person the system knows something newer: how many, the first by name, and a list."""

    count: int
    sentence: str
    named: list[OvertakenItem]
    rows: str
    listed: int  # so many of them are on that list


@dataclass(frozen=True)
class Summary:
    """`sum` says what becomes of each of the items that were chosen; empty where all go now.

    `first` is the one to try before all, where a step still fails.
    """

    lines: list[Line]
    overtaken: Overtaken | None
    redirected: list[str]  # from what to what, in sentences
    rejected_keys: list[
        tuple[str, str, datetime]
    ]  # the systems that rejected our key, in which step, and when
    needs_yes: bool  # nothing goes without a second yes
    sum: str = ""
    first: int | None = None


def of(dead_letter_ids: Sequence[int]) -> Summary:
    return _summary(preview.of(dead_letter_ids))


def _summary(items: Sequence[Preview]) -> Summary:
    lines = [*_calls(items), *_messages(items), *_waits(items), *_not_sent(items), *_steps(items)]
    used = Redirect.objects.filter(pk__in={id for item in items for id in item.redirects})
    redirected = redirect.sentences(used)
    lines += [Line("alt_route", f"{sentence}.") for sentence in redirected]
    later = {item.delivery_id: item.overtaken_by for item in items if item.overtaken_by}
    letters = DeadLetter.objects.filter(delivery__in=later).values_list("pk", "delivery_id") if later else []
    newer = _overtaken({id: later[delivery] for id, delivery in letters})
    return Summary(lines, newer, redirected, [], needs_yes=bool(items) and len(later) == len(items))


def of_retried(retried: RetriedItems, moved: Sequence[str], total: int) -> Summary:
    """Of what goes now; where nothing does, of what goes by a second yes.

    `moved` says of the others among the `total` that were chosen, in sentences, why they cannot go.
    """
    barred = rejected_service_keys.of(retried.rejected_key)
    sent = retried.now or [*retried.overtaken, *retried.rejected_key]
    items = preview.of(sent)
    found = _summary(items)
    staged = [Line("stairs", bulk_job.stages(len(sent)))] if len(sent) > 1 else []
    failing = _failing(sent)
    return replace(
        found,
        lines=[*map(_of_failing, failing), *staged, *found.lines],
        overtaken=_overtaken(retried.overtaken),
        rejected_keys=sorted(
            (labels.system(key.service), titles.step_in(key.service, key.step), key.at)
            for key in set(barred.values())
        ),
        needs_yes=not retried.now,
        sum=_sum(Counter(item.expected for item in items if retried.now), retried, moved, total),
        first=max(failing.values()) if failing and len(retried.now) > 1 else None,
    )


def _failing(ids: Sequence[int]) -> dict[FailingStep, int]:
    """The steps of these items that still fail, each with the newest of its items."""
    kinds = DeadLetter.objects.filter(pk__in=ids).values_list("service", "step", "cause")
    newest = kinds.annotate(Max("pk")).order_by("service", "step", "cause")
    failing = Recipes().failing
    return {failing[kind]: item for *key, item in newest if (kind := tuple(key)) in failing}


def _of_failing(failing: FailingStep) -> Line:
    step = titles.step_in(failing.service, failing.step)
    asked = f"queue=retrying&service={failing.service}&step={failing.step}"
    return Line(
        "warning", f"«{step}»: {failing.sentence}", rows=list_of(Delivery, asked) if failing.retried else ""
    )


def _sum(expected: Mapping[Expected, int], retried: RetriedItems, moved: Sequence[str], total: int) -> str:
    """Such as "10 itens: 6 vão agora, 1 espera, 3 ultrapassados ficam." """
    now = expected[Expected.CALL] + expected[Expected.MESSAGE]
    if now == total:
        return ""
    waiting, skipped, failing = (expected[each] for each in (Expected.WAIT, Expected.SKIP, Expected.FAIL))
    overtaken_ones, barred = len(retried.overtaken), len(retried.rejected_key)
    counted = [
        (now, ngettext("%d vai agora", "%d vão agora", now)),
        (waiting, ngettext("%d espera", "%d esperam", waiting)),
        (skipped, ngettext("%d não será enviado", "%d não serão enviados", skipped)),
        (failing, ngettext("%d vai falhar de novo", "%d vão falhar de novo", failing)),
        (overtaken_ones, ngettext("%d ultrapassado fica", "%d ultrapassados ficam", overtaken_ones)),
        (barred, ngettext("%d fica até a chave ser conferida", "%d ficam até a chave ser conferida", barred)),
    ]
    parts = [words % count for count, words in counted if count] + list(moved)
    chosen = ngettext("%d item", "%d itens", total) % total
    said = f"{chosen}: {', '.join(parts)}."
    needs_yes = not retried.now and (overtaken_ones or barred)
    return _("%s Só vão se você marcar abaixo.") % said if needs_yes else said


def _overtaken(later: Mapping[int, int]) -> Overtaken | None:
    """By item, the later event."""
    if not later:
        return None
    ids = sorted(later)
    rows = DeadLetter.objects.in_bulk(ids[:MOST_NAMED])
    events = Event.objects.in_bulk({row.event_id for row in rows.values()} | {later[id] for id in rows})
    named = [
        OvertakenItem(
            page_of(row),
            person.masked(events[row.event_id]),
            titles.step(row.event_type, row.step),
            events[later[id]],
            page_of(events[later[id]]),
        )
        for id, row in sorted(rows.items())
    ]
    listed = min(len(ids), bulk_question.MOST_LISTED)
    return Overtaken(len(ids), overtaken.sentence(len(ids)), named, bulk_question.overtaken_list(ids), listed)


def _calls(items: Sequence[Preview]) -> Iterable[Line]:
    counts = Counter(item.service for item in items if item.expected == Expected.CALL)
    for service, count in counts.most_common():
        sentence = ngettext(
            "%(count)d item vai ao sistema %(system)s agora.",
            "%(count)d itens vão ao sistema %(system)s agora.",
            count,
        )
        yield Line("send", sentence % {"count": count, "system": labels.system(service)})


def _messages(items: Sequence[Preview]) -> Iterable[Line]:
    written = [item for item in items if item.expected == Expected.MESSAGE]
    if written:
        sentence = ngettext(
            "%(count)d pessoa recebe esta mensagem:",
            "%(count)d mensagens saem pelo WhatsApp, por exemplo:",
            len(written),
        ) % {"count": len(written)}
        texts = [(mask_phone(item.to), item.text) for item in written[:MOST_TEXTS]]
        yield Line("chat", sentence, texts, max(0, len(written) - MOST_TEXTS))


def _waits(items: Sequence[Preview]) -> Iterable[Line]:
    waiting = [item for item in items if item.expected == Expected.WAIT]
    for service, count in Counter(item.service for item in waiting if item.until is None).most_common():
        sentence = ngettext(
            "%(count)d item espera: %(system)s não está recebendo. Sai sozinho quando voltar.",
            "%(count)d itens esperam: %(system)s não está recebendo. Saem sozinhos quando voltar.",
            count,
        )
        yield Line("pause_circle", sentence % {"count": count, "system": labels.system(service)})
    for until, count in sorted(Counter(item.until for item in waiting if item.until).items()):
        sentence = ngettext(
            "%(count)d item espera até %(until)s.", "%(count)d itens esperam até %(until)s.", count
        )
        yield Line("schedule", sentence % {"count": count, "until": dates.clock(until)})


def _not_sent(items: Sequence[Preview]) -> Iterable[Line]:
    skipped = Counter(item.skip_cause for item in items if item.expected == Expected.SKIP)
    for cause, count in skipped.most_common():
        sentence = ngettext(
            "%(count)d item não será enviado: %(cause)s.",
            "%(count)d itens não serão enviados: %(cause)s.",
            count,
        )
        yield Line("block", sentence % {"count": count, "cause": SkipCause(cause).label})
    failing = Counter(item.cause for item in items if item.expected == Expected.FAIL)
    written = Recipes()
    for cause, count in failing.most_common():
        sentence = ngettext(
            "%(count)d item vai falhar de novo: %(cause)s.",
            "%(count)d itens vão falhar de novo: %(cause)s.",
            count,
        )
        yield Line("error", sentence % {"count": count, "cause": written.of_cause(cause).texts.title})


def _steps(items: Sequence[Preview]) -> Iterable[Line]:
    if done := sum(len(item.done) for item in items):
        sentence = ngettext(
            "%(count)d etapa já feita não se repete%(names)s.",
            "%(count)d etapas já feitas não se repetem%(names)s.",
            done,
        )
        yield Line("check", sentence % {"count": done, "names": _names(items, "done")})
    if follows := sum(len(item.follows) for item in items):
        sentence = ngettext(
            "%(count)d etapa segue depois desta%(names)s.",
            "%(count)d etapas seguem depois destas%(names)s.",
            follows,
        )
        yield Line("arrow_forward", sentence % {"count": follows, "names": _names(items, "follows")})


def _names(items: Sequence[Preview], which: str) -> str:
    """Such as ": Avançar o lead, Criar o cliente", where there are few."""
    names = {titles.step(item.event_type, step) for item in items for step in getattr(item, which)}
    return ": " + ", ".join(sorted(names)) if 0 < len(names) <= MOST_TEXTS else ""


def left_for_the_key(count: int) -> str:
    """Why these were not sent again."""
    return ngettext(
        "%(count)d item não foi reenviado: o sistema recusou a nossa chave, e depois disso "
        "nenhuma chamada igual passou. Confira a chave com 1 item antes.",
        "%(count)d itens não foram reenviados: o sistema recusou a nossa chave, e depois disso "
        "nenhuma chamada igual passou. Confira a chave com 1 item antes.",
        count,
    ) % {"count": count}
