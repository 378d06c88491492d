"""Beat may be on the machine that was cut off: a worker recovers by itself what another left.

That it does so on a server is shown by tests/server/journey.py.
"""

from types import SimpleNamespace

import pytest
from kombu.asynchronous.timer import Timer
from kombu.exceptions import OperationalError

from events import tasks


@pytest.mark.parametrize(("hub", "asks"), [(object(), 1), (None, 0)])
def test_only_a_worker_with_an_event_loop_asks_for_recovery_by_itself(hub: object, asks: int) -> None:
    """A process that is forked while a timer's thread holds a lock would never get it."""
    timer = Timer()
    tasks.recover_without_beat(SimpleNamespace(hub=hub, timer=timer))
    assert len(timer) == asks


def test_broker_that_is_away_ends_no_timer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def send(**_options: float) -> None:
        raise OperationalError

    monkeypatch.setattr(tasks.recover, "apply_async", send)
    tasks._ask_for_recovery()
    assert [record.message for record in caplog.records] == ["Recovery could not be asked for"]
