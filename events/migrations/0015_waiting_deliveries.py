from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # indexes that are built beside the running hub

    dependencies = [("events", "0014_failed_dead_letters")]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("status", "waiting")), fields=["service"], name="delivery_waiting"
            ),
        ),
        AddIndexConcurrently(
            model_name="deadletter",
            index=models.Index(
                condition=models.Q(("note__gt", ""), ("status__in", ["open", "retrying"])),
                fields=["-id"],
                name="dead_letter_open_noted",
            ),
        ),
        AddIndexConcurrently(
            model_name="rejectedrequest",
            index=models.Index(
                condition=models.Q(("accepted_by", ""), ("archived_by", ""), ("is_proven", True)),
                fields=["-id"],
                name="rejected_request_waiting",
            ),
        ),
    ]
