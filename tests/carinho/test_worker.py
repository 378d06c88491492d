import gc

from celery.signals import celeryd_after_setup

from carinho.celery import app


def test_what_a_worker_loaded_is_left_alone_by_the_collections_of_its_processes():
    """Without this a process's first full collection copies 50 MB of it."""
    gc.unfreeze()  # what stays of the tests themselves
    try:
        celeryd_after_setup.send(sender="worker", instance=None, conf=app.conf)
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.freeze()
