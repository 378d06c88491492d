"""Whatever lanes, crashes, operators, late receipts and clocks do, in any order: what must hold holds."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from carinho.services.errors import Rejected, Unavailable
from events import operations, statistics
from events.engine import attempt, circuit_breakers, lane, recovery, transitions
from events.models import CircuitBreaker, DeadLetter, Delivery, SkipCause
from tests import database
from tests.events.engine.consistency import check
from tests.events.test_statistics import counts_are_exact

LATER = """
UPDATE events_delivery SET due_at = due_at - %(by)s, leased_until = leased_until - %(by)s,
    claimed_at = claimed_at - %(by)s, held_since = held_since - %(by)s,
    in_doubt_since = in_doubt_since - %(by)s,
    useful_until = useful_until - %(by)s
"""
WHERE = {"doing": "add hours", "system": "Billing"}
ENDS = {
    "done": lambda claim: attempt.finish(claim, {"hours": 7}),
    "rejected": lambda claim: attempt.fail(claim, "rejected", Rejected("No", **WHERE)),
    "unavailable": lambda claim: attempt.retry_later(claim, Unavailable("Later", **WHERE)),
    "held": lambda claim: attempt.hold(claim, until=timezone.now()),
    "skipped": lambda claim: attempt.skip(claim, SkipCause.UNWANTED),
}
SERVICES = st.sampled_from(["billing", "chat"])
FEW = st.integers(1, 3)
HOW = st.lists(st.sampled_from(sorted(ENDS)), min_size=3, max_size=3)
SEED = st.integers(0, 2**16)


def some(rows, few, seed):
    """Up to so many of these rows' ids, the same ones for the same seed."""
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    start = seed % len(ids) if ids else 0
    return (ids[start:] + ids[:start])[:few]


class Traffic(RuleBasedStateMachine):
    make_event = None  # given by the test
    number = 0

    @initialize()
    def begin(self):
        database.restore()
        for name in ("billing", "chat"):
            CircuitBreaker.objects.update_or_create(
                service=name, defaults={"outage_since": None, "paused_at": None, "state": "closed"}
            )
        self.claims = []
        for close, chat in ((True, True), (True, False), (False, True)):
            self.event_comes_in(close=close, chat=chat, family="", hours=2)

    # --- what comes in, and what lanes do ---------------------------------------------------------

    @rule(close=st.booleans(), chat=st.booleans(), family=st.sampled_from(["", "one", "two"]), hours=FEW)
    def event_comes_in(self, close, chat, family, hours):
        Traffic.number += 1
        event = self.make_event(
            Traffic.number, close=close, chat=chat, family=family or f"family-{Traffic.number}"
        )
        if hours == 1:
            event.deliveries.update(useful_until=timezone.now() + timedelta(hours=hours))

    @rule(service=SERVICES, few=FEW)
    def lane_claims(self, service, few):
        self.claims += transitions.claim(service, few)

    @rule(service=SERVICES, how=HOW, passed=st.sampled_from([0, 4000]))
    def lane_works(self, service, how, passed):
        """From the claim to the outcome, for what is due by then."""
        self.time_passes(passed)
        taken = transitions.claim(service, len(how))
        if taken:
            lane.write([ENDS[end](claim) for end, claim in zip(how, taken, strict=False)])

    @rule(how=HOW, seed=SEED)
    def lane_writes_ends(self, how, seed):
        """Also of claims whose lease was lost: those change nothing."""
        ending = [self.claims.pop(seed % len(self.claims)) for _ in how if self.claims]
        held = dict(Delivery.objects.filter(status="running").values_list("pk", "leased_until"))
        before = dict(Delivery.objects.values_list("pk", "status"))
        if ending:
            lane.write([ENDS[end](claim) for end, claim in zip(how, ending, strict=False)])
        for claim in ending:
            is_mine = held.get(claim.id) == claim.lease
            left = Delivery.objects.get(pk=claim.id).status != "running" or not is_mine
            assert left
            if not is_mine and before[claim.id] != "waiting":
                assert Delivery.objects.get(pk=claim.id).status == before[claim.id]

    @rule()
    def lane_renews(self):
        renewed = transitions.renew(self.claims) if self.claims else {}
        for claim in self.claims:
            claim.lease = renewed.get(claim.id, claim.lease)

    @rule()
    def worker_dies(self):
        self.claims = []

    @rule()
    def recovery_looks(self):
        recovery.return_lapsed()
        recovery.expire()
        recovery.give_up_held()

    @rule(seconds=st.sampled_from([5, 90, 4000, 90_000]))
    def time_passes(self, seconds):
        by = timedelta(seconds=seconds)
        with connection.cursor() as cursor:
            cursor.execute(LATER, {"by": by})
        for claim in self.claims:
            claim.lease -= by

    # --- what people and systems do ---------------------------------------------------------------

    @precondition(lambda self: DeadLetter.objects.exists())
    @rule(verb=st.sampled_from(["retry", "archive", "restore"]), few=FEW, seed=SEED)
    def operator_moves_dead_letters(self, verb, few, seed):
        ids = some(DeadLetter.objects, few, seed)
        is_fitting = "archived" if verb == "restore" else "open"
        expected = set(DeadLetter.objects.filter(pk__in=ids, status=is_fitting).values_list("pk", flat=True))
        assert set(getattr(operations, verb)(ids, actor="user:ana")) == expected

    @rule(few=FEW, seed=SEED)
    def operator_takes_back(self, few, seed):
        tried = dict(Delivery.objects.values_list("pk", "attempts"))
        taken = operations.take_back(some(DeadLetter.objects, few, seed), actor="user:ana")
        for letter in DeadLetter.objects.filter(pk__in=taken):
            assert (letter.status, tried[letter.delivery_id]) == ("open", 0)

    @rule(verb=st.sampled_from(["try_now", "give_up", "cancel"]), few=FEW, seed=SEED)
    def operator_moves_deliveries(self, verb, few, seed):
        getattr(operations, verb)(some(Delivery.objects, few, seed), actor="user:ana")

    @rule(service=SERVICES, is_down=st.booleans())
    def system_goes_or_comes_back(self, service, is_down):
        since = timezone.now() - timedelta(days=2) if is_down else None
        CircuitBreaker.objects.filter(service=service).update(outage_since=since)

    @rule(service=SERVICES)
    def paused_system_gives_no_claim(self, service):
        circuit_breakers.pause(service, actor="user:ana")
        assert transitions.claim(service, 5) == []
        circuit_breakers.resume(service, actor="user:ana")

    @rule(seed=SEED)
    def receipt_comes_late(self, seed):
        for id in some(Delivery.objects, 1, seed):
            before = Delivery.objects.get(pk=id).status
            assert transitions.confirm(id) == (before in ("dead", "queued"))

    @rule(seed=SEED)
    def failure_comes_late(self, seed):
        for id in some(Delivery.objects, 1, seed):
            before = Delivery.objects.get(pk=id).status
            reason = "Failed to add hours in Billing: No"
            assert transitions.mark_failed(id, cause="refused_later", reason=reason) == (before == "done")

    # --- what holds -------------------------------------------------------------------------------

    @invariant()
    def rows_agree(self):
        check()
        assert not Delivery.objects.filter(attempts__gt=5).exists()

    def teardown(self):
        counts_are_exact()
        statistics.fold()
        counts_are_exact()


@pytest.mark.django_db(transaction=True)
def test_what_must_hold_holds_after_any_traffic(make_event, monkeypatch):
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)
    monkeypatch.setattr(Traffic, "make_event", staticmethod(make_event))
    run_state_machine_as_test(
        Traffic,
        settings=settings(max_examples=30, stateful_step_count=30, suppress_health_check=list(HealthCheck)),
    )
