"""A record is written when it changed; what is kept to know that tells nobody whose it is."""

import json
from hashlib import sha256

import pytest
from django.utils import timezone

from sync import records
from sync.job import Job
from sync.models import SyncRecord
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
