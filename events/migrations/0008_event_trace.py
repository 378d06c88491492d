"""The trace that came with a request is kept beside its id; a constant default rewrites no table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0007_offline")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="trace_id",
            field=models.CharField(blank=True, db_default="", max_length=32, verbose_name="rastro"),
        ),
    ]
