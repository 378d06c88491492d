from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index is built while messages are written

    dependencies = [("whatsapp", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="sentmessage",
            index=models.Index(
                condition=models.Q(("status__in", ["queued", "held", "accepted"])),
                fields=["status"],
                name="sent_message_open",
            ),
        ),
        RemoveIndexConcurrently(model_name="sentmessage", name="sent_message_waiting"),
    ]
