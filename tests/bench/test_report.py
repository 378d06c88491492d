from tests.bench import report


def line_about(title, **measured):
    return next(line.split() for line in report.lines(measured) if line.startswith(title))


def test_more_is_written_as_a_multiple_and_marked_when_every_target_is_met():
    way = {"hub": {"end_to_end": 2000.0}, "plain": {"end_to_end": 100.0}, "pgqueuer": {"end_to_end": 400.0}}
    assert line_about("end to end", **way)[3:] == (
        ["2,000", "100", "400", "events/s", "20.0x", "5.0x", "≥", "12x,", "≥", "2x", "✓"]
    )
    assert line_about("end to end", **way | {"pgqueuer": {"end_to_end": 1500.0}})[-1] == "✗"


def test_less_is_written_as_a_part_and_marked_when_the_target_is_missed():
    figures = line_about("latency, idle", hub={"idle_p50": 12.0}, plain={"idle_p50": 18.0})
    assert figures[-4:] == ["1/1.5", "≤", "1/3", "✗"]


def test_way_that_was_not_measured_is_compared_with_nothing():
    figures = line_about("ingest", hub={"ingest": 2000.0})
    assert figures[1:] == ["2,000", "-", "-", "events/s", "≥", "6x"]


def test_lost_calls_are_judged_without_the_other_ways():
    assert line_about("kill -9, broker survives", hub={"crash_lost": 0})[-1] == "✓"
    assert line_about("kill -9, broker survives", hub={"crash_lost": 1})[-1] == "✗"


def test_hub_at_rest_is_judged_without_the_other_ways():
    assert line_about("at rest, CPU", hub={"rest_cpu": 2.04})[-1] == "✗"
    assert line_about("  memory", hub={"rest_memory": 371.0})[-1] == "✓"
