"""What a list says can be read on a phone."""

import pytest
from django.db.models import F

from events.models import Delivery, FailureGroup
from tests.console import rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_messages")]
WHY = "CRM did not answer before the time that it is given for a call was over, for the third time in a row"
NOT_READ = """cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth + 1
    || cell.getBoundingClientRect().right > document.documentElement.clientWidth)
    .map(cell => cell.className.split(" ")[0])"""


@pytest.mark.parametrize("queue", ["retrying", "held"])
def test_nothing_of_what_is_tried_again_is_cut_on_a_phone(visit, queue):
    delivery = rows.retrying(name="Maria Aparecida dos Santos e Oliveira")
    Delivery.objects.filter(pk=delivery.pk).update(error=WHY)
    if queue == "held":
        rows.down()
        Delivery.objects.filter(pk=delivery.pk).update(due_at=F("created_at"))
    visit.set_viewport_size({"width": 390, "height": 844})
    visit.goto(f"/admin/events/delivery/?queue={queue}")
    cells = visit.locator("#result_list tr.data-row > :is(th, td):not(.action-checkbox)")
    assert cells.count() == 6
    assert cells.evaluate_all(NOT_READ) == []
    assert visit.locator("#result_list .c-error").evaluate_all(NOT_READ) == []


def test_open_items_of_a_failure_fit_on_a_phone(visit):
    rows.dead_letter(name="Maria Aparecida dos Santos e Oliveira")
    visit.set_viewport_size({"width": 390, "height": 844})
    visit.goto("/admin/events/deadletter/")
    visit.goto(f"/admin/events/failuregroup/{FailureGroup.objects.get().pk}/change/")
    cells = visit.locator("#c-group-rows td")
    assert cells.count() == 3
    assert cells.evaluate_all(NOT_READ) == []
