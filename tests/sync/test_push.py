"""One record's way to its system and back, and how each end of it is told."""

from types import SimpleNamespace

import pytest

from carinho.logs import request_id
from carinho.services.errors import CircuitOpen, NotOffered, Rejected, Unavailable
from sync import records
from sync.records import FAILED_OUTCOMES, Item, RecordOutcome

DIGEST = "0123456789abcdef"
KEY = f"sync.contracts:7:3.{DIGEST[:12]}"
WRITTEN, CONFIRMED, REMOVED = (
    ("write", ("target", KEY), "7", {"city": "Osasco"}),
    ("confirm", ("source", KEY), "7", {"schedule": 9}),
    ("remove", ("source", KEY), ("target", KEY), "7"),
)


def item(**more):
    given = {"version": 3, "must_write": True, "must_confirm": True, "result": {}}
    return Item("7", {"id": 7}, {"city": "Osasco"}, [DIGEST, "earlier"], **given | more)


class Wire:
    """Both systems: what they were asked for, in this order, and what they raise."""

    def __init__(self, **raises):
        self.raises, self.asked, self.requests = raises, [], set()
        self.job = SimpleNamespace(
            name="sync.contracts",
            source=self.source,
            target=self.target,
            write=self.call("write", {"schedule": 9}),
            confirm=self.call("confirm"),
            remove=self.call("remove"),
        )

    def source(self, key):
        return "source", key

    def target(self, key):
        return "target", key

    def call(self, name, answer=None):
        def called(*arguments):
            self.asked.append((name, *arguments))
            self.requests.add(request_id.get())
            if error := self.raises.get(name):
                raise error
            return answer

        return called

    def require(self, system):
        self.asked.append(system.__name__)
        if error := self.raises.get(system.__name__):
            raise error

    def push(self, item):
        self.asked.clear()
        records.push(self.job, item, self.require, "request-1")
        return item


def test_record_is_written_and_confirmed_each_once_its_system_may_be_called():
    wire = Wire()
    done = wire.push(item())
    assert wire.asked == ["target", WRITTEN, "source", CONFIRMED]
    assert (done.outcome, done.error, done.result) == (RecordOutcome.DONE, None, {"schedule": 9})
    assert (done.was_written, done.was_confirmed) == (True, True)
    assert (wire.requests, request_id.get()) == ({"request-1"}, "")
    wire.push(done)
    assert wire.asked == []


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (CircuitOpen("held"), RecordOutcome.HELD),
        (Unavailable("away"), RecordOutcome.UNAVAILABLE),
        (Rejected("wrong"), RecordOutcome.REJECTED),
        (LookupError("our own"), RecordOutcome.BROKEN),
    ],
)
def test_record_that_was_not_written_is_written_with_the_next_try(error, outcome):
    wire = Wire(write=error)
    failed = wire.push(item())
    assert (failed.outcome, failed.error, failed.outcome in FAILED_OUTCOMES) == (
        outcome,
        error,
        outcome is not RecordOutcome.HELD,
    )
    assert (failed.was_written, failed.was_confirmed, wire.asked[-1]) == (False, False, WRITTEN)
    wire.raises.clear()
    assert wire.push(failed).outcome is RecordOutcome.DONE
    assert failed.error is None
    assert wire.asked == ["target", WRITTEN, "source", CONFIRMED]


def test_record_that_was_written_is_only_confirmed_with_the_next_try():
    wire = Wire(confirm=Unavailable("away"))
    written = wire.push(item())
    assert (written.outcome, written.was_written, written.was_confirmed) == (
        RecordOutcome.UNAVAILABLE,
        True,
        False,
    )
    wire.raises.clear()
    assert wire.push(written).was_confirmed
    assert wire.asked == ["source", CONFIRMED]


@pytest.mark.parametrize("held", ["target", "source"])
def test_system_that_may_not_be_called_is_not_called(held):
    wire = Wire(**{held: CircuitOpen("held")})
    assert wire.push(item()).outcome is RecordOutcome.HELD
    assert wire.asked == {"target": ["target"], "source": ["target", WRITTEN, "source"]}[held]


def test_source_that_has_no_such_mark_yet_is_spared_it():
    done = Wire(confirm=NotOffered("not yet")).push(item())
    assert (done.outcome, done.was_written, done.was_confirmed, done.must_confirm) == (
        RecordOutcome.DONE,
        True,
        False,
        False,
    )


def test_orphan_is_taken_away_once_both_systems_may_be_called():
    wire = Wire()
    gone = wire.push(item(is_orphan=True, must_confirm=False))
    assert wire.asked == ["target", "source", REMOVED]
    assert (gone.outcome, gone.was_written, gone.result) == (RecordOutcome.DONE, True, {})


@pytest.mark.parametrize("error", [KeyError("phone"), TypeError("phone"), ValueError("phone")])
def test_record_that_cannot_be_read_has_failed_before_anything_was_sent(error):
    wrong = records.invalid({"id": 7}, "7", error)
    assert (wrong.key, wrong.record, wrong.wanted, wrong.digest) == ("7", {"id": 7}, {}, "")
    assert (wrong.outcome, wrong.attempts, wrong.must_write, wrong.must_confirm) == (
        RecordOutcome.REJECTED,
        1,
        False,
        False,
    )
    assert wrong.diagnosis.cause == "invalid_data"
    assert wrong.diagnosis.reason == f"The record cannot be read: {type(error).__name__} {error}"


def test_value_that_is_no_object_is_no_mistake_of_ours_and_its_reason_is_short():
    wrong = records.invalid(7, "?", AttributeError("x" * 400))
    assert wrong.diagnosis.reason == f"The record cannot be read: TypeError {'x' * 400}"[:300]


def test_failure_is_told_by_its_error_and_end():
    assert Wire(write=LookupError()).push(item()).diagnosis.cause == "broken"
    away = Unavailable("timed out", cause="connection_timeout", doing="write", system="CRM")
    found = Wire(write=away).push(item()).diagnosis
    assert (found.cause, found.reason) == ("connection_timeout", "Failed to write in CRM: timed out")
