"""What to do about a failure: what the team wrote, else the text that ships with its cause."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from carinho.access.audit_log import Audited
from carinho.console import dates, labels
from events import failing_steps, rejected_service_keys, rejecting_systems, titles
from events.cause_labels import ADMINISTRATOR_FIXES, CAUSES, CHECK_KEY, CONNECTION, PERMISSION
from events.engine.failure_causes import NO_PERMISSION
from events.failing_steps import FailingStep
from events.models import (
    DATA_CAUSES,
    CircuitBreaker,
    DeadLetter,
    EntryKind,
    FailureGroup,
    GroupEntry,
    Recipe,
    Remedy,
)
from events.rejected_service_keys import RejectedKey
from events.rejecting_systems import LastFailure, Rejection

WRITTEN = Audited("recipe.write", _("escreveu a receita"))
RESET = Audited("recipe.reset", _("voltou à receita original"))


@dataclass(frozen=True)
class Texts:
    """What of a recipe the team may write."""

    title: str
    happened: str
    fixer: str
    advice: str
    remedy: str


@dataclass(frozen=True)
class Advice:
    """A recipe as it is read: for one step in one system, with their names in its sentences."""

    family: str
    texts: Texts
    written: Recipe | None  # None for the text that ships
    call_since: datetime | None = None  # whose turn it is to be called counts from then
    is_data_right: bool = False  # so that neither a correction nor archiving helps
    is_doubtful: bool = False  # it may be the system
    checks_key: bool = False  # to send one item again tells if the key is accepted by now
    first: int | None = None  # the item to send before the others: its step failed since it last succeeded
    only: Rejection | None = None  # of some items of a group: those that failed in that time

    def said(self, system: str, source: str) -> Self:
        names = {"{sistema}": labels.system(system), "{origem}": source}
        said = asdict(self.texts)
        for name, value in names.items():
            said = {field: text.replace(name, value) for field, text in said.items()}
        return replace(self, texts=Texts(**said))


def of_system(rejection: Rejection) -> Advice:
    """What is done about what failed while its system refuses everything: the data is not to blame."""
    given = {"sentence": rejection.sentence}
    if rejection.is_key:
        family = PERMISSION
        happened, fixer = _("%(sentence)s É a chave, não os dados."), ADMINISTRATOR_FIXES
        remedy = Remedy.RETRY  # of one item, for as long as the key is rejected
        advice = CHECK_KEY
    else:
        family = CONNECTION
        if rejection.rejected >= rejecting_systems.ENOUGH:
            happened = _(
                "%(sentence)s É o sistema, não os dados: pessoas diferentes são recusadas, nenhuma é aceita."
            )
        else:
            happened = _("%(sentence)s Desde que voltou a responder, ele não aceitou nenhuma entrega.")
        fixer, remedy = _("Quem cuida do sistema {sistema}."), Remedy.SYSTEMS
        advice = _(
            "Não corrija nem arquive os itens. Para saber se ele voltou a aceitar, reenvie um só; se for "
            "aceito, reenvie os outros: o que já chegou não se repete."
        )
    texts = Texts(rejection.title, happened % given, str(fixer), str(advice), remedy)
    return Advice(
        str(family),
        texts,
        None,
        call_since=rejection.since,
        is_data_right=True,
        checks_key=rejection.is_key,
    )


def of_ended(rejection: Rejection) -> Advice:
    """What is done about what failed in such a time that is over."""
    texts = Texts(
        rejection.title,
        _("%s Nada está errado nos dados.") % rejection.sentence,
        str(_("Você: o sistema {sistema} já voltou a aceitar.")),
        str(_("Não corrija nem arquive os itens: reenvie. O que já chegou não se repete.")),
        Remedy.RETRY,
    )
    return Advice(str(CONNECTION), texts, None, is_data_right=True)


def of_ended_and_again(rejection: Rejection, *, is_held: bool) -> Advice:
    """The same while the system refuses once more, or is away or paused by now."""
    title, now = _("O sistema recusou tudo, e agora recusa de novo"), _("Agora recusa de novo.")
    if is_held:
        title, now = _("O sistema recusou tudo, e agora não recebe nada"), _("Agora não recebe nada.")
    texts = Texts(
        str(title),
        f"{rejection.sentence} {now} " + str(_("Nada está errado nos dados.")),
        str(_("Quem cuida do sistema {sistema}: ele não aceita agora.")),
        str(_("Espere: não corrija nem arquive os itens. Reenvie quando {sistema} aceitar de novo.")),
        Remedy.SYSTEMS,
    )
    return Advice(str(CONNECTION), texts, None, is_data_right=True)


def of_some(rejection: Rejection, count: int, total: int) -> Advice:
    """What is done about a group of which some failed in such a time that is over."""
    said = {"sentence": rejection.sentence, "count": labels.number(count), "total": labels.number(total)}
    happened = ngettext(
        "%(sentence)s %(count)s destes %(total)s itens falhou nesse tempo: o dado está certo.",
        "%(sentence)s %(count)s destes %(total)s itens falharam nesse tempo: os dados estão certos.",
        count,
    )
    texts = Texts(
        rejection.title,
        happened % said,
        str(_("Você: {sistema} já voltou a aceitar. O que houve com os outros aparece depois.")),
        str(_("Reenvie antes o que falhou nesse tempo. O que já chegou não se repete.")),
        Remedy.RETRY,
    )
    return Advice(str(CONNECTION), texts, None, is_data_right=True, only=rejection)


def of_suspicion(rejection: Rejection, known: Advice) -> Advice:
    """What is known of a failure, after that it may be the system and how to tell."""
    said = {"people": labels.number(rejection.people), "since": dates.clock(rejection.since)}
    happened = _(
        "%(people)s pessoas seguidas foram recusadas desde %(since)s e ninguém foi aceito: talvez seja o "
        "sistema, e não os dados. A resposta diz qual dado está errado? Então é o dado. Não diz? Espere a "
        "próxima pessoa: se for recusada também, é o sistema."
    )
    fixer = _("Se for o sistema, quem cuida de {sistema}.")
    advice = _("Na dúvida, tente antes com 1 item, ou pergunte a quem cuida do sistema.")
    texts = replace(
        known.texts,
        happened=" ".join([happened % said, *([known.texts.happened] if known.written else [])]),
        fixer=f"{known.texts.fixer} {fixer}",
        advice=f"{advice} {known.texts.advice}",
    )
    return replace(known, texts=texts, is_doubtful=True)


def of_accepted_key(failed_at: datetime, accepted_at: datetime, *, refuses_now: bool) -> Advice:
    """What is done about what failed for a key that is accepted since, though the system may take nothing."""
    known = CAUSES[NO_PERMISSION]
    happened = _("{sistema} recusou a nossa chave até %(failed)s; desde %(accepted)s a aceita.")
    fixer = _("Você: {sistema} já aceita a nossa chave.")
    advice = _("Não é preciso chamar ninguém: use Reenviar. O que já chegou não se repete.")
    if refuses_now:
        happened = _(
            "{sistema} recusou a nossa chave até %(failed)s e a aceitou depois (%(accepted)s). "
            "Agora não recebe nada."
        )
        fixer = _("Quem cuida do sistema {sistema}: ele não aceita agora.")
        advice = _("Espere: não corrija nem arquive os itens. Reenvie quando {sistema} aceitar de novo.")
    texts = Texts(
        str(known.title),
        happened % {"failed": dates.clock(failed_at), "accepted": dates.clock(accepted_at)},
        str(fixer),
        str(advice),
        Remedy.SYSTEMS if refuses_now else known.remedy,
    )
    return Advice(str(known.family), texts, None, is_data_right=True)


def of_failing_step(failing: FailingStep, known: Advice) -> Advice:
    """What is known of a failure, after that its step still fails, and which item is tried first."""
    fixer, advice = known.texts.fixer, known.texts.advice
    if known.written is None:
        fixer = str(_("Quem cuida do sistema {sistema}: avise que este passo falha."))
        advice = str(_("Se falhar, espere até {sistema} dizer que consertou. O que já chegou não se repete."))
    first = _("Tente antes com 1 item: se for aceito, reenvie os outros.")
    texts = replace(
        known.texts,
        happened=f"{failing.sentence} {known.texts.happened}",
        fixer=fixer,
        advice=f"{first} {advice}",
    )
    return replace(known, texts=texts, is_doubtful=True, first=failing.item)


def of_overtaken(known: Advice) -> Advice:
    """What is done about an open item whose record a newer event has written since."""
    texts = replace(
        known.texts,
        fixer=str(_("Você, olhando o cadastro no sistema de destino.")),
        advice=str(
            _(
                "Não reenvie: um evento mais novo já gravou este cadastro, e o dado antigo pode voltar. "
                "Confira o cadastro lá: se está certo, arquive; se falta algo, complete-o lá e arquive."
            )
        ),
        remedy=Remedy.ARCHIVE,
    )
    return Advice(known.family, texts, known.written)


class Recipes:
    """All that the team wrote, and which systems refuse everything, read once: a page asks for many.

    `failures` are those whose advice is asked for as it is read now.
    """

    def __init__(self, failures: Iterable[LastFailure] = ()) -> None:
        self.failures = list(failures)

    @cached_property
    def written(self) -> dict[tuple[str, str, str], Recipe]:
        return {(recipe.service, recipe.step, recipe.cause): recipe for recipe in Recipe.objects.all()}

    @cached_property
    def _found(self) -> dict[str, Rejection]:
        return rejecting_systems.with_suspicions()

    @cached_property
    def rejecting(self) -> dict[str, Rejection]:
        return {name: each for name, each in self._found.items() if not each.is_suspicion}

    @cached_property
    def left_over(self) -> list[Rejection]:
        """Of the systems of the failures, what is over and left open items."""
        asked = {service for service, cause, _at in self.failures if cause in DATA_CAUSES}
        return rejecting_systems.left_over(asked) if asked else []

    @cached_property
    def rejected_by(self) -> dict[LastFailure, Rejection]:
        """By which rejection of everything each of the failures came about, if by any."""
        asked = [failure for failure in self.failures if failure[1] in rejecting_systems.CAUSES]
        return rejecting_systems.of(asked, self.rejecting.values()) if asked else {}

    @cached_property
    def keys(self) -> dict[tuple[str, str], RejectedKey]:
        """Those that were rejected, by system and step."""
        return {(key.service, key.step): key for key in rejected_service_keys.every()}

    @cached_property
    def failing(self) -> dict[tuple[str, str, str], FailingStep]:
        """Of the systems that are neither away nor paused, by step and cause."""
        found = failing_steps.current()
        return {kind: each for kind, each in found.items() if kind[0] not in self.held}

    @cached_property
    def held(self) -> set[str]:
        """The systems that are away or paused."""
        return {breaker.service for breaker in CircuitBreaker.objects.all() if breaker.holds}

    def _refuses_now(self, service: str, step: str) -> bool:
        rejection = self.rejecting.get(service)
        return service in self.held or bool(rejection and rejection.refuses(step))

    def of(self, service: str, step: str, cause: str) -> Advice:
        """What was written for this step, else for this cause, else what ships."""
        own = self.written.get((service, step, cause)) or self.written.get(("", "", cause))
        known = titles.cause(cause)
        is_key = own is None and cause == NO_PERMISSION
        return Advice(str(known.family), texts_of(own or known), own, is_data_right=is_key, checks_key=is_key)

    def of_cause(self, cause: str) -> Advice:
        """Of whichever system."""
        return self.of("", "", cause).said(str(_("o sistema")), str(_("a origem")))

    def of_group(self, group: FailureGroup) -> Advice:
        """The same for all failures of the group, with the names in its sentences."""
        source = titles.sources_of(group.service, group.step)
        return self.of(group.service, group.step, group.cause).said(group.service, source)

    def said(self, service: str, step: str, cause: str, source: str, failed_at: datetime) -> Advice:
        """The advice as it is read now, for one of the failures."""
        advice = self.of(service, step, cause)
        rejection = self.rejected_by.get((service, cause, failed_at))
        key = self.keys.get((service, step)) if cause == NO_PERMISSION else None
        if cause == NO_PERMISSION and advice.written:  # the team knows its keys
            return advice.said(service, source)
        if key and key.accepted_at and failed_at < key.accepted_at:
            refuses_now = self._refuses_now(service, step)
            advice = of_accepted_key(failed_at, key.accepted_at, refuses_now=refuses_now)
        elif rejection and rejection.until:
            is_again, is_held = self._refuses_now(service, step), service in self.held
            advice = of_ended_and_again(rejection, is_held=is_held) if is_again else of_ended(rejection)
        elif rejection:
            advice = of_system(rejection)
        elif cause in rejecting_systems.UNCLEAR_CAUSES:
            suspicion = self._found.get(service)
            if suspicion and suspicion.is_suspicion and suspicion.explains((service, cause, failed_at)):
                advice = of_suspicion(suspicion, advice)
        elif cause in failing_steps.CAUSES and advice.texts.remedy == Remedy.RETRY:
            failing = self.failing.get((service, step, cause))
            advice = of_failing_step(failing, advice) if failing else advice
        return advice.said(service, source)

    def of_open_items(self, group: FailureGroup, count: int, failed_at: datetime, source: str) -> Advice:
        """The advice for all `count` open items of a group, of which the last failed then.

        Where only some failed while the system rejected everything, they come first. `source` is who sent
        their events, as it is called.
        """
        advice = self.said(group.service, group.step, group.cause, source, failed_at)
        if group.cause not in DATA_CAUSES:
            return advice
        kind = group.step, group.cause
        over = [each for each in self.left_over if each.service == group.service and kind in each.left]
        if not over or self._refuses_now(group.service, group.step):
            return advice
        newest = max(over, key=lambda each: each.since)
        if sum(each.left[kind] for each in over) >= count:
            return of_ended(newest).said(group.service, source)
        return of_some(newest, newest.left[kind], count).said(group.service, source)

    def of_item(self, item: DeadLetter) -> Advice:
        """One of the items, as its own page says it."""
        source = labels.system(item.event.source)
        return self.said(item.service, item.step, item.cause, source, item.failed_at)


def of_items(items: Iterable[DeadLetter]) -> Recipes:
    return Recipes([(item.service, item.cause, item.failed_at) for item in items])


def cause_titles() -> list[tuple[str, str]]:
    """Each known cause by what the team calls it everywhere, else by the title that ships."""
    recipes = Recipes()
    return [(code, recipes.of_cause(code).texts.title) for code in CAUSES]


def texts_of(recipe: Any) -> Texts:
    return Texts(*(str(getattr(recipe, name)) for name in ("title", "happened", "fixer", "advice", "remedy")))


def write(group: FailureGroup, texts: Texts, *, everywhere: bool, actor: str) -> None:
    """Write the recipe of this group's step, or of its cause everywhere; past and future groups read it."""
    where = _where(group, everywhere=everywhere)
    with transaction.atomic():
        before = Recipe.objects.select_for_update().filter(**where).first()
        given = asdict(texts) | {"author": actor, "written_at": timezone.now()}
        Recipe.objects.update_or_create(defaults=given, **where)
        GroupEntry.objects.create(group=group, actor=actor, kind=EntryKind.RECIPE, text=texts.title)
        old = asdict(texts_of(before)) if before else None
        WRITTEN.record(actor, f"group {group.pk}", where | {"before": old, "after": asdict(texts)})


def reset(group: FailureGroup, *, actor: str) -> bool:
    """Take back what was written: the group's own first, then its cause's. False if there was nothing."""
    with transaction.atomic():
        for everywhere in (False, True):
            where = _where(group, everywhere=everywhere)
            written = Recipe.objects.select_for_update().filter(**where).first()
            if written and written.delete()[0]:
                GroupEntry.objects.create(group=group, actor=actor, kind=EntryKind.RECIPE)
                RESET.record(actor, f"group {group.pk}", where | {"before": asdict(texts_of(written))})
                return True
    return False


def _where(group: FailureGroup, *, everywhere: bool) -> dict[str, Any]:
    own = {"service": "", "step": ""} if everywhere else {"service": group.service, "step": group.step}
    return own | {"cause": group.cause}
