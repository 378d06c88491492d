"""The numbers of the sidebar, which pages show elsewhere too."""

from carinho.console import badge_counts


def test_page_counts_each_number_once_and_the_next_page_anew(monkeypatch, rf):
    monkeypatch.setattr(badge_counts, "_declared", [])
    counted = []
    count = badge_counts.counted(lambda request: {"open": counted.append(request) or len(counted)})
    first, second = rf.get("/admin/"), rf.get("/admin/")
    assert count(first) == badge_counts.waiting(first) == {"open": 1}
    assert badge_counts.waiting(second) == {"open": 2}


def test_number_that_the_page_measures_anyway_is_not_counted_again(monkeypatch, rf):
    measured = {"open": 0}
    monkeypatch.setattr(badge_counts, "_measured", [lambda _request: {}, lambda _request: measured])
    page = rf.get("/admin/")
    assert badge_counts.number(page, "open", lambda: 1) == 0
    assert badge_counts.number(page, "held", lambda: 2) == 2
