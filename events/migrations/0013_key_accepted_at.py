from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0012_resolved_by_correction"),
    ]

    operations = [
        migrations.AddField(
            model_name="failuregroup",
            name="key_accepted_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="chave aceita de novo em"),
        ),
        migrations.RunSQL(  # what was dealt with says nothing of what is rejected later
            "UPDATE events_failuregroup SET key_accepted_at = resolved_at "
            "WHERE cause = 'no_permission' AND state = 'resolved' AND resolved_at > last_failed_at",
            migrations.RunSQL.noop,
        ),
    ]
