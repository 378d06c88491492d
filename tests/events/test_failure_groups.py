"""Groups of failures: their life follows their dead letters, and what the team knows of them stays."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from carinho.access.models import AuditEntry
from carinho.access.roles import OPERATOR
from events import event_corrections, failure_groups, operations, recipes
from events.engine import group_status, transitions
from events.engine.group_status import GroupKey
from events.engine.transitions import Failure
from events.models import DeadLetter, Delivery, FailureGroup, GroupEntry, Recipe
from events.recipes import Recipes, Texts
from tests.clients import logged_in
from tests.console import rows

pytestmark = pytest.mark.django_db
ANA, BIA = "user:ana", "user:bia"
TEXTS = Texts(
    "CRM em manutenção", "O {sistema} para às terças.", "A equipe do {sistema}.", "Espere.", "systems"
)


@pytest.fixture(autouse=True)
def no_messages(monkeypatch):
    """No worker listens: the wake-ups after a retry go nowhere."""
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


def group_of(letter):
    return FailureGroup.objects.get(service=letter.service, step=letter.step, cause=letter.cause)


def deliver(letter):
    assert transitions.confirm(letter.delivery_id)


def fail_again(letter, cause="connection_timeout"):
    Delivery.objects.filter(pk=letter.delivery_id).update(attempts=5)
    transitions.fail_held([Failure(letter.delivery_id, "unavailable", cause, "Again")], error="Again")


def history(group):
    return list(group.entries.order_by("id").values_list("kind", "actor"))


def test_same_system_step_and_cause_are_one_group_and_anything_else_is_another():
    rows.dead_letter(), rows.dead_letter()
    rows.dead_letter(cause="invalid_data"), rows.dead_letter(step="send_welcome")
    found = {(group.service, group.step, group.cause): group for group in FailureGroup.objects.all()}
    assert {key: group.failures for key, group in found.items()} == {
        ("crm", "register_lead", "connection_timeout"): 2,
        ("crm", "register_lead", "invalid_data"): 1,
        ("whatsapp", "send_welcome", "connection_timeout"): 1,
    }
    assert {group.state for group in found.values()} == {"new"}


def test_figures_count_what_is_open_now_and_each_person_once():
    first, second = rows.dead_letter(), rows.dead_letter()
    other = rows.dead_letter(phone="(11) 91234-5678")
    operations.retry([second.pk], actor=ANA)
    moment = timezone.now() - timedelta(hours=3)
    DeadLetter.objects.filter(pk=first.pk).update(created_at=moment, failed_at=moment)
    found = failure_groups.figures()[("crm", "register_lead", "connection_timeout")]
    assert (found.open, found.retrying, found.people, found.lately) == (2, 1, 2, 1)
    assert (found.first, found.last) == (moment, other.failed_at)
    assert failure_groups.figures_of(group_of(first)).open == 2


def test_group_with_nothing_open_has_the_figures_of_what_is_being_retried():
    letter = rows.dead_letter()
    rows.dead_letter(cause="invalid_data")
    operations.retry([letter.pk], actor=ANA)
    every = failure_groups.figures()
    for found in (
        every["crm", "register_lead", "connection_timeout"],
        failure_groups.figures_of(group_of(letter)),
    ):
        assert (found.open, found.retrying, found.people, found.lately) == (0, 1, 0, 0)
        assert (found.first, found.last) == (None, None)
    assert every["crm", "register_lead", "invalid_data"].retrying == 0


def test_large_group_is_counted_again_only_when_it_changed(monkeypatch):
    monkeypatch.setattr("events.failure_groups.MANY", 1)
    moment = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    letters = [rows.dead_letter(), rows.dead_letter(phone="(11) 91234-5678")]
    small = rows.dead_letter(cause="invalid_data")
    key = ("crm", "register_lead", "connection_timeout")

    def counted():
        asked = []
        with connection.execute_wrapper(lambda run, sql, *more: asked.append(sql) or run(sql, *more)):
            every = failure_groups.figures()
        assert every["crm", "register_lead", "invalid_data"].open == 1
        assert every[key] == failure_groups.figures_of(group_of(letters[0]))
        times = sum("WITH known" in sql for sql in asked)
        return every[key].open, every[key].retrying, every[key].people, times

    assert counted() == (2, 0, 2, 2)
    assert counted() == (2, 0, 2, 1)
    letters.append(rows.dead_letter(phone="(11) 91234-0000"))
    assert counted() == (3, 0, 3, 2)
    operations.archive([letters[0].pk], actor=ANA, reason="Tratado por telefone")
    assert counted() == (2, 0, 2, 2)
    operations.retry([letters[1].pk], actor=ANA)
    assert counted() == (1, 1, 1, 2)
    operations.archive([small.pk], actor=ANA, reason="Tratado por telefone")
    rows.dead_letter(cause="invalid_data")
    assert counted() == (1, 1, 1, 1)
    moment += failure_groups.LATELY
    assert counted() == (1, 1, 1, 2)


def test_people_of_large_groups_together_are_counted_again_only_when_one_changed(monkeypatch):
    monkeypatch.setattr("events.failure_groups.MANY", 1)
    letters = [rows.dead_letter(), rows.dead_letter(cause="invalid_data", phone="(11) 91234-5678")]

    def counted():
        groups = {group_of(one).pk: failure_groups.figures_of(group_of(one)) for one in letters}
        asked = []
        with connection.execute_wrapper(lambda run, sql, *more: asked.append(sql) or run(sql, *more)):
            found = failure_groups.people_of([groups])
        return found, sum("asked(number, id)" in sql for sql in asked)

    assert counted() == ([2], 1)
    assert counted() == ([2], 0)
    rows.dead_letter(cause="invalid_data", phone="(11) 91234-0000")
    assert counted() == ([3], 1)
    assert counted() == ([3], 0)


def test_group_is_resolved_when_its_last_item_was_delivered_and_says_by_whom():
    one, two = rows.dead_letter(), rows.dead_letter()
    operations.retry([one.pk, two.pk], actor=ANA)
    deliver(one)
    assert group_of(one).state == "new"
    deliver(two)
    group = group_of(one)
    assert (group.state, group.resolved_by, group.resolved_with) == ("resolved", ANA, "retry")
    assert group.resolved_at


def test_group_whose_last_item_was_corrected_says_so_until_it_ends_by_another_way():
    letter = rows.dead_letter(cause="invalid_phone_number")
    data = event_corrections.as_sent(letter.event) | {"phone": "11 91234-5678"}
    version = event_corrections.version_of(letter)
    event_corrections.correct(letter, data, version=version, actor=ANA, reason="A família confirmou")
    deliver(letter)
    group = group_of(letter)
    assert (group.state, group.resolved_by, group.resolved_with) == ("resolved", ANA, "correct")
    page = logged_in(OPERATOR).get(reverse("admin:events_failuregroup_change", args=[group.pk])).text
    assert "por ana, com Corrigir e reenviar, em" in page
    again = rows.died(letter.event.deliveries.get(step="send_welcome"), "invalid_phone_number", "No")
    operations.retry([again.pk], actor=BIA)
    deliver(again)
    group = group_of(again)
    assert (group.resolved_by, group.resolved_with) == (BIA, "retry")


def test_group_that_was_archived_says_so():
    letter = rows.dead_letter()
    operations.archive([letter.pk], actor=BIA, reason="Tratado por telefone")
    group = group_of(letter)
    assert (group.state, group.resolved_by, group.resolved_with) == ("resolved", BIA, "archive")


def test_group_that_ended_without_anybody_says_that():
    letter = rows.dead_letter()
    deliver(letter)
    group = group_of(letter)
    assert (group.state, group.resolved_by, group.resolved_with) == ("resolved", "", "itself")


def test_failure_that_comes_back_is_the_same_group_and_remembers():
    letter = rows.dead_letter()
    failure_groups.note([group_of(letter).pk], "O CRM reinicia às 6h", actor=ANA)
    operations.retry([letter.pk], actor=ANA)
    deliver(letter)
    again = rows.dead_letter()
    group = group_of(again)
    assert (group.pk, group.state, group.failures) == (group_of(letter).pk, "regressed", 2)
    assert (group.resolved_by, group.resolved_with) == (ANA, "retry")
    assert group.resolved_at
    assert history(group) == [("note", ANA), ("resolved", ANA), ("regressed", "")]


def test_notes_and_tags_and_owner_survive_a_retry_that_fails_again():
    letter = rows.dead_letter()
    group = group_of(letter)
    failure_groups.note([group.pk], "Falei com o fornecedor", actor=ANA)
    failure_groups.tag([group.pk], ["Fornecedor", "#fornecedor", " crm "], actor=ANA)
    failure_groups.take([group.pk], actor=ANA)
    operations.retry([letter.pk], actor=BIA)
    fail_again(letter)
    group.refresh_from_db()
    assert (group.state, group.owner, group.tags) == ("taken", ANA, ["fornecedor", "crm"])
    assert group.entries.filter(kind="note", text="Falei com o fornecedor", actor=ANA).exists()


def test_item_that_fails_for_another_cause_leaves_its_group():
    letter = rows.dead_letter()
    operations.retry([letter.pk], actor=ANA)
    fail_again(letter, cause="invalid_data")
    left, entered = FailureGroup.objects.order_by("id")
    assert (left.cause, left.state, left.resolved_with) == ("connection_timeout", "resolved", "other_cause")
    assert (entered.cause, entered.state) == ("invalid_data", "new")


def test_retry_of_an_item_that_is_given_up_leaves_no_group_open():
    letter = rows.dead_letter()
    operations.retry([letter.pk], actor=ANA)
    Delivery.objects.filter(pk=letter.delivery_id).update(attempts=1)
    assert operations.give_up([letter.delivery_id], actor=ANA)
    assert set(FailureGroup.objects.values_list("cause", "state")) == {
        ("connection_timeout", "resolved"),
        ("max_retries_exceeded", "resolved"),
    }


def test_new_group_is_seen_once_and_one_that_is_taken_stays_taken():
    group = group_of(rows.dead_letter())
    failure_groups.see(group, actor=ANA)
    failure_groups.see(group, actor=BIA)
    assert history(group) == [("seen", ANA)]
    failure_groups.take([group.pk], actor=BIA)
    failure_groups.see(group, actor=ANA)
    group.refresh_from_db()
    assert (group.state, group.owner) == ("taken", BIA)


def test_group_is_taken_from_nobody_else_and_released():
    group = group_of(rows.dead_letter())
    assert failure_groups.take([group.pk], actor=ANA) == [group.pk]
    assert failure_groups.take([group.pk], actor=BIA) == []
    assert failure_groups.release([group.pk], actor=ANA) == [group.pk]
    assert failure_groups.release([group.pk], actor=ANA) == []
    assert failure_groups.take([group.pk], actor=BIA) == [group.pk]
    assert history(group) == [("taken", ANA), ("released", ANA), ("taken", BIA)]
    assert list(AuditEntry.objects.order_by("id").values_list("action", "actor")) == [
        ("group.take", ANA),
        ("group.release", ANA),
        ("group.take", BIA),
    ]


def test_silenced_group_stays_silent_until_there_are_more_than_at_the_time():
    first, second = rows.dead_letter(), rows.dead_letter()
    group = group_of(first)
    assert failure_groups.silence([group.pk], actor=ANA, reason="Manutenção até sexta") == [group.pk]
    group.refresh_from_db()
    assert (group.state, group.silenced_at_count) == ("silenced", 2)
    operations.archive([second.pk], actor=ANA)
    rows.dead_letter()
    group.refresh_from_db()
    assert group.state == "silenced"
    rows.dead_letter()
    group.refresh_from_db()
    assert (group.state, group.silenced_at_count) == ("regressed", None)
    assert history(group) == [("silenced", ANA), ("worse", "")]


def test_who_has_a_group_keeps_it_while_it_is_silenced_and_when_it_gets_worse():
    group = group_of(rows.dead_letter())
    failure_groups.take([group.pk], actor=ANA)
    failure_groups.silence([group.pk], actor=BIA)
    assert failure_groups.take([group.pk], actor=BIA) == []
    group.refresh_from_db()
    assert (group.state, group.owner) == ("silenced", ANA)
    failure_groups.unsilence([group.pk], actor=BIA)
    group.refresh_from_db()
    assert (group.state, group.owner) == ("taken", ANA)
    failure_groups.silence([group.pk], actor=ANA)
    rows.dead_letter()
    group.refresh_from_db()
    assert (group.state, group.owner, group.silenced_at_count) == ("taken", ANA, None)
    assert history(group)[-1] == ("worse", "")


def test_silenced_group_that_is_released_stays_silent_and_another_may_take_it():
    group = group_of(rows.dead_letter())
    failure_groups.take([group.pk], actor=ANA)
    failure_groups.silence([group.pk], actor=ANA)
    assert failure_groups.release([group.pk], actor=ANA) == [group.pk]
    group.refresh_from_db()
    assert (group.state, group.owner, group.silenced_at_count) == ("silenced", "", 1)
    assert failure_groups.take([group.pk], actor=BIA) == [group.pk]
    group.refresh_from_db()
    assert (group.state, group.owner, group.silenced_at_count) == ("taken", BIA, None)


NEIGHBOURS = [{"service": "financeiro"}, {"step": "send_welcome"}, {"cause": "invalid_data"}]


@pytest.mark.parametrize("other", NEIGHBOURS)
def test_items_of_another_group_neither_keep_one_open_nor_make_it_worse(other):
    letters = [rows.dead_letter() for _ in range(5)]
    DeadLetter.objects.filter(pk__in=[letter.pk for letter in letters[2:]]).update(**other)
    group = group_of(letters[0])
    failure_groups.silence([group.pk], actor=ANA)
    failed_at = timezone.now() - timedelta(hours=1)
    FailureGroup.objects.update(last_failed_at=failed_at)
    deliver(letters[0])
    group.refresh_from_db()
    assert (group.state, group.silenced_at_count) == ("silenced", 2)
    deliver(letters[1])
    group.refresh_from_db()
    assert (group.state, group.last_failed_at) == ("resolved", failed_at)


@pytest.mark.parametrize("other", NEIGHBOURS)
def test_of_groups_that_end_at_once_each_says_who_moved_the_last_of_its_own(other):
    letters = [rows.dead_letter() for _ in range(3)]
    for letter, person in zip(letters, (BIA, ANA, BIA), strict=True):
        closed = {"status": "resolved", "closed_at": timezone.now(), "moved_by": person}
        DeadLetter.objects.filter(pk=letter.pk).update(**closed)
    DeadLetter.objects.filter(pk=letters[2].pk).update(**other)
    ended = list(DeadLetter.objects.order_by("pk"))
    keys = [GroupKey(letter.service, letter.step, letter.cause) for letter in ended]
    group_status.update([], keys, closed=[letter.pk for letter in ended], actor=None)
    assert [group_of(letter).resolved_by for letter in ended] == [ANA, ANA, BIA]


def test_silence_is_taken_back():
    group = group_of(rows.dead_letter())
    failure_groups.silence([group.pk], actor=ANA)
    assert failure_groups.unsilence([group.pk], actor=BIA) == [group.pk]
    assert failure_groups.unsilence([group.pk], actor=BIA) == []
    group.refresh_from_db()
    assert group.state == "seen"


def test_what_is_resolved_is_neither_taken_nor_silenced():
    letter = rows.dead_letter()
    operations.archive([letter.pk], actor=ANA)
    group = group_of(letter)
    assert failure_groups.take([group.pk], actor=ANA) == failure_groups.silence([group.pk], actor=ANA) == []


def test_shipped_recipe_is_read_until_the_team_writes_one_which_sticks():
    group = group_of(rows.dead_letter())
    key = (group.service, group.step, group.cause)
    shipped = Recipes().of(*key)
    assert (shipped.written, shipped.texts.title) == (None, "O sistema não respondeu a tempo")
    recipes.write(group, TEXTS, everywhere=False, actor=ANA)
    read = Recipes().of(*key).said("crm", "Site")
    assert (read.texts.happened, read.written.author) == ("O CRM para às terças.", ANA)
    FailureGroup.objects.all().delete()
    assert Recipes().of(*key).texts == TEXTS
    assert Recipes().of("crm", "another_step", group.cause).texts == shipped.texts


def test_recipe_of_a_cause_holds_everywhere_but_where_a_step_has_its_own():
    group = group_of(rows.dead_letter())
    own = Texts("Só deste passo", "a", "b", "c", "retry")
    recipes.write(group, TEXTS, everywhere=True, actor=ANA)
    recipes.write(group, own, everywhere=False, actor=ANA)
    assert Recipes().of("financeiro", "create_invoice", group.cause).texts == TEXTS
    assert Recipes().of(group.service, group.step, group.cause).texts == own


def test_recipe_is_written_over_and_reset_and_the_log_has_both_texts():
    group = group_of(rows.dead_letter())
    other = Texts("Outro", "a", "b", "c", "retry")
    recipes.write(group, TEXTS, everywhere=False, actor=ANA)
    recipes.write(group, other, everywhere=False, actor=BIA)
    assert Recipe.objects.get().author == BIA
    assert recipes.reset(group, actor=ANA)
    assert not recipes.reset(group, actor=ANA)
    assert not Recipe.objects.exists()
    written, reset = AuditEntry.objects.order_by("id")[1:]
    assert (written.detail["before"]["title"], written.detail["after"]["title"]) == (TEXTS.title, "Outro")
    assert (reset.action, reset.detail["before"]["title"]) == ("recipe.reset", "Outro")
    assert list(group.entries.values_list("kind", flat=True)) == ["recipe"] * 3


def test_moving_many_items_costs_as_many_statements_as_moving_one(django_assert_max_num_queries):
    letters = [rows.dead_letter() for _ in range(30)]
    with django_assert_max_num_queries(20):
        operations.retry([letter.pk for letter in letters], actor=ANA)
    with django_assert_max_num_queries(3):
        failure_groups.figures(), Recipes(), GroupEntry.objects.count()
