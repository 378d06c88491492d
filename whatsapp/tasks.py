"""Celery tasks: each only calls what the modules named after it do."""

from celery import shared_task

from whatsapp import channel, inbox, pruning, setup


@shared_task(name="whatsapp.inbox", ignore_result=True)
def read_inbox() -> None:
    """A nudge: callbacks may be waiting."""
    inbox.process()


@shared_task(name="whatsapp.check", ignore_result=True)
def check_channel() -> None:
    setup.meet_simulator()
    channel.check()


@shared_task(name="whatsapp.prune", ignore_result=True)
def prune() -> None:
    pruning.prune()
