"""A client's calls of this minute need not outlive a crash, and need not be written twice."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0002_reveal_event")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE events_ratewindow SET UNLOGGED",
            "ALTER TABLE events_ratewindow SET LOGGED",
        ),
    ]
