"""Carinho Integrações: the hub between the systems that run the company."""

from carinho.celery import app as celery_app

__all__ = ["celery_app"]
