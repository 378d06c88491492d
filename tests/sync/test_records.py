"""A record is written when it changed; what is kept to know that tells nobody whose it is."""

import json
from hashlib import sha256
from types import SimpleNamespace

import pytest
from django.utils import timezone

from sync import records
from sync.job import Job
from sync.models import ORPHAN, RESTORE, RunKind, SyncRecord, SyncRun
from tests.sync.conftest import caregiver

JOB = Job.registry["sync.cuidadores_crm"]


@pytest.mark.django_db
def test_record_is_known_by_a_digest_that_nobody_can_guess_also_under_a_new_key(settings):
    [item] = records.plan(JOB, [caregiver(7)]).items
    text = json.dumps(item.wanted, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert item.digest != sha256(text.encode()).hexdigest()
    now = timezone.now()
    SyncRecord.objects.create(job_id=JOB.name, key=item.key, digest=item.digest, wanted={}, written_at=now)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    assert records.plan(JOB, [caregiver(7)]).unchanged == [item.key]
    [changed] = records.plan(JOB, [caregiver(7, city="Osasco")]).items
    assert changed.version == 2


class Contracts(SimpleNamespace):
    """As a job that reads its records as they are, by their id."""

    name = JOB.name

    def key(self, record):
        return str(record["id"])

    def wanted(self, record):
        return {"city": record["city"].strip()}


def plan(*read, confirms=False, rewrite=False):
    return records.plan(Contracts(confirms=confirms), read, rewrite=rewrite)


def keep(confirmed_at=None, **more):
    given = {
        "key": "7",
        "digest": records.digest({"city": "Osasco"}),
        "version": 4,
        "wanted": {"city": "Osasco"},
    }
    SyncRecord.objects.create(
        job_id=JOB.name, written_at=timezone.now(), confirmed_at=confirmed_at, result={"s": 9}, **given | more
    )


OSASCO = {"id": 7, "city": "Osasco"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("record", "confirms", "is_confirmed", "rewrite", "planned"),
    [
        (OSASCO, False, False, False, None),
        (OSASCO, False, False, True, ("write", 5, {})),
        (OSASCO | {"city": "Santos"}, False, False, False, ("write", 5, {})),
        (OSASCO, True, False, False, ("confirm", 4, {"s": 9})),
        (OSASCO, True, True, False, ("write", 5, {})),  # the source asks for it anew
        (OSASCO | {"id": 8}, True, False, False, ("write", 1, {})),
    ],
)
def test_known_record_is_written_when_it_changed_or_is_asked_for_and_else_only_confirmed(
    record, confirms, is_confirmed, rewrite, planned
):
    keep(confirmed_at=timezone.now() if is_confirmed else None)
    made = plan(record, confirms=confirms, rewrite=rewrite)
    if planned is None:
        assert (made.items, made.unchanged) == ([], ["7"])
    else:
        [item] = made.items
        assert ("write" if item.must_write else "confirm", item.version, item.result) == planned
        assert (made.unchanged, item.must_confirm, item.is_orphan) == ([], confirms, False)


@pytest.mark.django_db
def test_record_that_comes_twice_is_planned_once_and_what_makes_no_sense_alone():
    first, last = OSASCO, OSASCO | {"city": "Santos"}
    no_city, no_id, no_object = {"id": 8}, {"city": "Osasco"}, "text"
    too_long = OSASCO | {"id": "7" * 81}
    made = plan(first, no_city, last, no_id, no_object, too_long, OSASCO | {"id": "7" * 80})
    assert [item.record for item in made.items] == [last, OSASCO | {"id": "7" * 80}]
    assert [item.record for item in made.invalid] == [no_city, no_id, no_object, too_long]
    keys = [item.key for item in made.invalid]
    assert keys == ["8", *(f"?{records.digest(record)[:16]}" for record in (no_id, no_object, too_long))]


@pytest.mark.django_db
def test_orphan_and_what_is_put_back_need_no_confirmation():
    orphan, back = {ORPHAN: "9"}, {RESTORE: {"key": "10", "wanted": {"city": "Santos"}}}
    taken_away, put_back = plan(orphan, back, confirms=True).items
    assert (taken_away.key, taken_away.wanted, taken_away.is_orphan) == ("9", {}, True)
    assert (put_back.key, put_back.wanted, put_back.is_orphan) == ("10", {"city": "Santos"}, False)
    for item in (taken_away, put_back):
        assert (item.version, item.must_write, item.must_confirm, item.result) == (1, True, False, {})
    assert taken_away.digest == records.digest(orphan)
    assert put_back.digest == records.digest({"city": "Santos"})


def test_digest_goes_by_content_and_bears_half_an_emoji():
    assert records.digests({"a": 1, "b": 2}) == records.digests({"b": 2, "a": 1})
    assert records.digest({"a": "\ud83d"}) == records.digest({"a": "?"}) != records.digest({"a": "é"})


@pytest.mark.django_db
def test_dry_run_says_of_each_record_what_would_be_done_and_which_fields_change():
    keep()
    keep(key="8")
    run = SyncRun.objects.create(job_id=JOB.name, kind=RunKind.DRY, author="user:ana")
    read = [OSASCO, OSASCO | {"id": 8, "city": "Santos"}, OSASCO | {"id": 9}, {"id": 10}]
    records.save_planned(run, plan(*read, confirms=True))
    assert list(run.planned.order_by("pk").values_list("key", "action", "fields", "wanted")) == [
        ("7", "confirm", [], {"city": "Osasco"}),
        ("8", "update", ["city"], {"city": "Santos"}),
        ("9", "create", ["city"], {"city": "Osasco"}),
        ("10", "invalid", [], {}),
    ]
