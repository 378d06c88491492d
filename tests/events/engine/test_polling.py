"""When a lane looks for work, and that it need not ask when the next falls due before it looks anyway."""

from events.engine.polling import TOGETHER_SECONDS, Polling


def test_lane_that_found_less_than_it_had_room_for_waits_for_what_comes():
    polling = Polling()
    polling.looked(found_all=False)
    assert not polling.is_time()
    assert not polling.looks_before(1.0)


def test_lane_that_was_notified_or_ended_a_call_looks_again_in_a_moment():
    for happens in (Polling.notified, Polling.ended):
        polling = Polling()
        polling.looked(found_all=False)
        happens(polling)
        assert polling.looks_before(1.0)
        assert polling.shorten(1.0, has_room=True) <= TOGETHER_SECONDS * 1.25


def test_lane_without_room_looks_only_for_what_is_notified():
    polling = Polling()
    polling.looked(found_all=False)
    polling.ended()
    assert polling.shorten(1.0, has_room=False) == 1.0
