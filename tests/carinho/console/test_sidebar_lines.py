"""The sidebar is kept by what it shows, so it shows what it is given."""

from carinho.console.templatetags.console import lines


def sidebar(**changed):
    item = {"title": "Alertas", "icon": "notifications", "link": "/admin/", "active": False, **changed}
    return lines([{"title": "Acompanhar", "items": [item]}])


def test_line_has_the_number_it_is_given_each_time():
    for number in (71, 72, 71):
        assert f">{number}<" in "".join(sidebar(badge=number, badge_variant="warning").split())


def test_only_the_page_on_show_is_marked():
    assert " active" not in sidebar()
    assert " active" in sidebar(active=True)
    assert " active" not in sidebar()


def test_title_is_text():
    assert "A &amp; B" in sidebar(title="A & B")
