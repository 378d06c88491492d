from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False  # an index is built while deliveries are written

    dependencies = [
        ("events", "0003_archived_rejected_requests"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index("service", "finished_at", condition=Q(status="done"), name="delivery_done"),
        ),
    ]
