from tests.bench import report


def lines_about(title, hub, plain):
    return next(line.split() for line in report.lines(hub, plain) if line.startswith(title))


def test_more_is_written_as_a_multiple_and_marked_when_the_target_is_met():
    assert lines_about("ingest", {"ingest": 2000.0}, {"ingest": 400.0})[1:] == [
        "2,000",
        "400",
        "events/s",
        "5.0x",
        "≥",
        "4x",
        "✓",
    ]


def test_less_is_written_as_a_part_and_marked_when_the_target_is_missed():
    figures = lines_about("latency, idle", {"idle_p50": 12.0}, {"idle_p50": 18.0})
    assert figures[-4:] == ["1/1.5", "≤", "1/2", "✗"]


def test_way_that_was_not_measured_is_compared_with_nothing():
    figures = lines_about("ingest", {"ingest": 2000.0}, {})
    assert figures[1:] == ["2,000", "-", "events/s", "≥", "4x"]


def test_lost_calls_are_judged_without_the_other_way():
    assert lines_about("kill -9, broker survives", {"crash_lost": 0}, {})[-1] == "✓"
    assert lines_about("kill -9, broker survives", {"crash_lost": 1}, {})[-1] == "✗"
