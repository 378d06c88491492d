"""Lists of archived events and of what is tried again are read by an index; events go on coming in meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("events", "0003_ratewindow_unlogged")]

    operations = [
        RemoveIndexConcurrently("event", "event_open"),
        AddIndexConcurrently(
            "event",
            models.Index(
                fields=["status", "id"],
                condition=Q(status__in=["pending", "processing", "failed", "archived"]),
                name="event_open",
            ),
        ),
        AddIndexConcurrently(
            "delivery",
            models.Index(
                fields=["-id"], condition=Q(status="queued", attempts__gt=0), name="delivery_retrying"
            ),
        ),
    ]
