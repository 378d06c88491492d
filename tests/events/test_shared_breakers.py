"""One system's breaker as several processes share it: a lane, and a synchronisation beside it."""

import pytest

from carinho.services.breakers import Breaker
from events.breakers import SharedBreaker
from events.models import CircuitBreaker

pytestmark = pytest.mark.django_db


def process() -> SharedBreaker:
    shared = SharedBreaker("billing", Breaker("billing", failures=1))
    shared.load()
    return shared


def fail(shared: SharedBreaker) -> None:
    with pytest.raises(OSError, match="away"), shared.breaker.calling():
        raise OSError("away")


def test_circuit_that_one_process_opened_is_open_for_the_others():
    CircuitBreaker.objects.get_or_create(service="billing")
    lane, run = process(), process()
    fail(run)
    run.save()
    assert lane.lets_through(5) == 5
    lane.load()
    assert lane.lets_through(5) == 0


def test_looking_does_not_forget_what_the_own_calls_taught():
    CircuitBreaker.objects.get_or_create(service="billing")
    lane = process()
    fail(lane)
    lane.load()
    assert lane.lets_through(5) == 0
