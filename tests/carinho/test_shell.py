"""What is at hand in `manage.py shell`."""

from django.core.management import call_command


def test_shell_knows_the_models_and_what_a_look_needs(capsys):
    call_command("shell", command="print(Delivery, SyncRun, Flow, Q, timezone, settings)")
    said = capsys.readouterr().out
    assert "events.models.delivery.Delivery" in said
    assert "Flow" in said
