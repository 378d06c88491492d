from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False  # an index is built while dead letters are written

    dependencies = [
        ("events", "0004_done_deliveries"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="deadletter",
            index=models.Index(
                fields=["status", "service", "cause", "step", "subject"],
                include=["created_at", "failed_at"],
                condition=Q(status__in=["open", "retrying"]),
                name="dead_letter_of_group",
            ),
        ),
        RemoveIndexConcurrently(model_name="deadletter", name="dead_letter_open"),
    ]
