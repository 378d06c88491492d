"""Beat may be frozen, or on the machine that was cut off: a worker recovers by itself what another left."""

import os
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from carinho.embedded.processes import ROOT, worker
from events.models import Delivery
from tests.processes import database_url, eventually

PATIENCE = 120  # seconds


@pytest.mark.django_db(transaction=True)
def test_worker_without_beat_ends_what_is_of_no_use_any_more(make_delivery, tmp_path: Path) -> None:
    row = make_delivery()
    Delivery.objects.update(useful_until=timezone.now() - timedelta(seconds=1))
    environ = os.environ | {"VAR_DIR": str(tmp_path), "DATABASE_URL": database_url(), "SECRET_KEY": "x"}
    running = subprocess.Popen(worker().command, cwd=ROOT, env=environ, start_new_session=True)
    try:
        assert eventually(lambda: Delivery.objects.get(pk=row.pk).status == "skipped", PATIENCE)
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(PATIENCE)
