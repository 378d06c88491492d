"""A report's row is claimed before it is sent, so that a sender that died is followed by another."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="report",
            name="claimed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
