"""Lists whose cursors go round: what they gave is never taken for all there is."""

import pytest
import responses
from django.conf import settings

from carinho.services import pagination
from carinho.services.financeiro import Financeiro
from carinho.services.operacao import Operacao
from carinho.services.pagination import EndlessList, Page
from sync.job import Job
from sync.models import Agreement, SyncDifference, SyncRun
from tests.processes import eventually
from tests.sync.conftest import contract, service, writes

NAME = "sync.crm_operacao"
ROUND = {"": "b", "b": "c", "c": "b"}


def going_round(source, cursor, window):
    """A page with a record of its own each, whose cursors go b, c, b, c."""
    number = 1 + list(ROUND).index(cursor)
    return Page([contract(number, synced=True)], ROUND[cursor])


@pytest.fixture
def round_trip(monkeypatch):
    def go(method, read=going_round):
        monkeypatch.setattr(type(Job.registry[NAME]), method, lambda self, *given: read(*given))

    return go


def test_run_over_cursors_that_go_round_fails_and_keeps_what_it_wrote(run, round_trip, simulator):
    def after_both_writes(source, cursor, window):
        """A run that ends sends nothing more: the page that ends it is read when both were sent."""
        assert cursor != "c" or eventually(lambda: writes(simulator, "operacao") == 2)
        return going_round(source, cursor, window)

    round_trip("pull", after_both_writes)
    ended = run(NAME)
    assert (ended.status, ended.written) == ("failed", 2)
    assert "does not end" in ended.reason
    assert not SyncRun.objects.filter(kind="check").exists()


def test_comparison_over_cursors_that_go_round_fails_and_closes_nothing(run, round_trip):
    earlier = SyncDifference.objects.create(job_id=NAME, key="999", kind="missing_there")
    round_trip("pull_all")
    ended = run(NAME, "check")
    assert ended.status == "failed"
    assert "does not end" in ended.reason
    earlier.refresh_from_db()
    assert earlier.closed_at is None
    assert not Agreement.objects.exists()


@pytest.mark.parametrize(
    ("read", "path"),
    [
        (lambda: list(Financeiro().service_invoices(["1"])), "financeiro/api/v1/invoices"),
        (lambda: list(Operacao().schedules_of(["1"])), "operacao/api/v1/schedules"),
        (
            lambda: Job.registry["sync.operacao_financeiro"].remove(Operacao(), Financeiro(), "9"),
            "operacao/api/v1/services",
        ),
    ],
)
def test_list_that_is_read_to_its_end_by_a_service_ends(read, path):
    system, _, rest = path.partition("/")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for following in ("b", "c"):
            mock.get(f"{settings.SYSTEMS[system]['url']}/{rest}", json={"data": [], "next_cursor": following})
        with pytest.raises(EndlessList, match="The list does not end"):
            read()


def test_list_with_new_cursors_for_ever_ends_too(monkeypatch):
    monkeypatch.setattr(pagination, "MOST_PAGES", 5)
    numbers = iter(range(100))
    with pytest.raises(EndlessList):
        list(
            pagination.all_records(
                Operacao(), lambda cursor: Page([service(1)], str(next(numbers))), doing="list services"
            )
        )


@pytest.mark.parametrize("cursor", [{"page": 2}, ["b"], "b\0", "\ud83d"])
def test_cursor_that_cannot_be_kept_or_sent_back_is_an_unreadable_answer(cursor):
    with responses.RequestsMock() as mock:
        mock.get(
            f"{settings.SYSTEMS['operacao']['url']}/api/v1/schedules",
            json={"data": [], "next_cursor": cursor},
        )
        with pytest.raises(pagination.Unavailable, match="Unreadable answer"):
            Operacao().schedules()
