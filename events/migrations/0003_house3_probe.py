from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0002_console2_redirects")]

    operations = [
        migrations.RenameField("attempt", "is_trial", "is_probe"),
        migrations.RenameField("circuitbreaker", "next_trial_at", "next_probe_at"),
        migrations.RenameField("circuitbreaker", "good_trials", "good_probes"),
    ]
