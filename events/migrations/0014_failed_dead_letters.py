from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that is built beside the running hub

    dependencies = [
        ("events", "0013_key_accepted_at"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="deadletter",
            index=models.Index(fields=["service", "failed_at"], name="dead_letter_failed"),
        ),
        AddIndexConcurrently(
            model_name="deadletter",
            index=models.Index(
                condition=models.Q(
                    ("cause__in", ["not_found", "invalid_data", "invalid_phone_number"]),
                    ("status", "open"),
                ),
                fields=["service", "failed_at"],
                name="dead_letter_open_failed",
            ),
        ),
    ]
