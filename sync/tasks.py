"""Celery tasks: each only calls what the modules named after it do."""

from celery import shared_task

from sync import retention, runs, worker


@shared_task(name="sync.run", ignore_result=True)
def run(name: str) -> None:
    worker.run_scheduled(name)


@shared_task(name="sync.go_on", ignore_result=True)
def go_on(name: str) -> None:
    worker.go_on(name)


@shared_task(name="sync.watch", ignore_result=True)
def watch() -> None:
    runs.watch()


@shared_task(name="sync.prune", ignore_result=True)
def prune() -> None:
    retention.prune()
