"""Where a run goes on, and what each of its stages reads."""

from datetime import timedelta

import pytest
from django.utils import timezone

from carinho.services.pagination import Page
from sync import checkpoint
from sync.checkpoint import Checkpoint
from sync.models import RunKind, SyncFailure, SyncRun

NAME = "sync.cuidadores_crm"


@pytest.mark.parametrize(
    ("kind", "known", "goes_on"),
    [
        ("full", {}, Checkpoint("pull", "")),
        ("full", {"stage": "pull", "cursor": "c2"}, Checkpoint("pull", "c2")),
        ("full", {"stage": "later"}, Checkpoint("later", "")),
        ("full", {"stage": "undo", "cursor": "9"}, Checkpoint("pull", "")),
        ("dry", {"stage": "again", "cursor": "9"}, Checkpoint("pull", "")),
        ("records", {}, Checkpoint("failures", "")),
    ],
)
def test_run_goes_on_where_it_was_or_begins_when_its_kind_has_no_such_stage(kind, known, goes_on):
    assert Checkpoint.of(SyncRun(kind=kind, checkpoint=known)) == goes_on


@pytest.mark.parametrize(
    ("kind", "stages"),
    [
        ("full", ["pull", "leftover", "again", "later"]),
        ("dry", ["pull"]),
        ("records", ["failures", "differences", "undo", "again", "later"]),
    ],
)
def test_run_comes_to_its_end_by_each_stage_of_its_kind(kind, stages):
    run, at, came_by = SyncRun(kind=kind, checkpoint={}), Checkpoint.of(SyncRun(kind=kind)), []
    while at:
        came_by.append(at.stage)
        assert at.after(run, Page([], "c2")) == Checkpoint(at.stage, "c2")
        at = at.after(run, Page([], None))
    assert came_by == stages


@pytest.fixture
def run(db):
    return SyncRun.objects.create(job_id=NAME, kind=RunKind.FULL, author="user:ana", window_at=timezone.now())


def failure(key, *, job=NAME, kind="rejected", status="open", seconds=0):
    row = SyncFailure.objects.create(
        job_id=job,
        key=key,
        kind=kind,
        status=status,
        closed_at=None if status == "open" else timezone.now(),
        payload={"id": key},
    )
    SyncFailure.objects.filter(pk=row.pk).update(failed_at=timezone.now() + timedelta(seconds=seconds))
    return row


def test_each_stage_reads_the_open_failures_that_are_its_own_page_by_page(run, monkeypatch):
    monkeypatch.setattr(checkpoint, "LIMIT", 2)
    earlier = [failure(f"e{number}", seconds=-60) for number in range(3)]
    failure("closed", status="resolved", seconds=-60)
    failure("other", job="sync.crm_operacao", seconds=-60)
    failure("met", seconds=60)
    unanswered = failure("unanswered", kind="unavailable", seconds=60)
    failure("other, unanswered", kind="unavailable", job="sync.crm_operacao", seconds=60)
    failure("closed, unanswered", kind="unavailable", status="resolved", seconds=60)
    first = checkpoint.stored_page(run, Checkpoint("leftover"))
    assert first == Page([{"id": "e0"}, {"id": "e1"}], str(earlier[1].pk))
    assert checkpoint.stored_page(run, Checkpoint("leftover", first.next_cursor)) == Page(
        [{"id": "e2"}], None
    )
    for stage in ("again", "later"):
        assert checkpoint.stored_page(run, Checkpoint(stage)) == Page([unanswered.payload], None)


def test_run_of_chosen_failures_reads_those_that_are_open(run):
    chosen = [failure("1"), failure("2", status="resolved")]
    failure("3")
    run.chosen = {"failures": [row.pk for row in chosen]}
    assert checkpoint.stored_page(run, Checkpoint("failures")).records == [{"id": "1"}]
    run.chosen = {}
    for stage in ("failures", "differences", "undo"):
        assert checkpoint.stored_page(run, Checkpoint(stage)).records == []


def test_failures_of_records_that_are_fine_now_are_closed_once_by_whoever_mended_them(db):
    mine, other, left = failure("1"), failure("1", job="sync.crm_operacao"), failure("2")
    assert checkpoint.close_failures(NAME, [], by="run:1") == 0
    assert checkpoint.close_failures(NAME, ["1", "3"], by="run:1") == 1
    assert checkpoint.close_failures(NAME, ["1", "3"], by="run:2") == 0
    for row in (mine, other, left):
        row.refresh_from_db()
    assert (mine.status, mine.closed_by, mine.closed_at is not None) == ("resolved", "run:1", True)
    assert (other.status, left.status) == ("open", "open")
    assert checkpoint.close_failures(NAME, ["2"], by="run:3", status="gone") == 1
