"""`manage.py simulate`: every switch, one sentence each."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command


@pytest.fixture
def command(simulator, settings):
    settings.SIMULATOR_URL = simulator.url

    def run(*words: str) -> str:
        out = StringIO()
        call_command("simulate", *words, stdout=out)
        return out.getvalue().strip()

    return run


@pytest.mark.parametrize(
    ("words", "fault", "said"),
    [
        ("crm down", {"down": True}, "crm: down."),
        (
            "crm status 503 --retry-after 30",
            {"status": 503, "retry_after": 30},
            "crm: status 503, retry_after 30.",
        ),
        ("crm slow 50", {"slow": 50}, "crm: slow 50."),
        ("crm hang --rate 0.5", {"hang": True, "rate": 0.5}, "crm: hang, rate 0.5."),
        ("crm drop --times 2", {"drop": True, "times": 2}, "crm: drop, times 2."),
        (
            "crm drop_before --path leads",
            {"drop_before": True, "path": "leads"},
            "crm: drop_before, path leads.",
        ),
        ("crm garbage", {"garbage": "html"}, "crm: garbage html."),
        ("crm garbage json", {"garbage": "json"}, "crm: garbage json."),
    ],
)
def test_fault_is_switched_on_and_said(command, simulator, words, fault, said):
    assert command(*words.split()) == said
    assert simulator.faults() == {"crm": fault}
    assert command("show") == said


def test_fault_is_switched_off(command, simulator):
    command("crm", "down")
    assert command("crm", "ok") == "crm works."
    assert command("show") == "Every system works."


def test_reset_forgets_everything(command, call, simulator):
    call("POST", "/crm/api/v1/leads", {"phone": "5511987654321"})
    command("crm", "down")
    assert command("reset") == "Records, counts and faults of every system are forgotten."
    assert simulator.faults() == {}
    assert simulator.state()["crm"]["records"]["leads"] == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("crm", "Say what happens to crm"),
        ("crm status", "status needs a number"),
        ("crm slow much", "slow needs a number"),
        ("crm status 42", "The simulator refused: Invalid status: 42"),
        ("crm explode", "invalid choice: 'explode'"),
        ("payroll down", "invalid choice: 'payroll'"),
    ],
)
def test_order_that_makes_no_sense_is_one_sentence(command, words, reason):
    with pytest.raises(CommandError, match=reason):
        command(*words.split())


def test_absent_simulator_is_one_sentence(settings):
    settings.SIMULATOR_URL = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match=r"^No simulator answers at http://127.0.0.1:9\.$"):
        call_command("simulate", "show")
