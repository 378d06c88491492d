"""The plain way: what most teams would build from Django REST framework, Celery and Redis, to compare with.

One Celery task per delivery, sent after the commit; Celery's own retry; the ORM for everything.
"""
