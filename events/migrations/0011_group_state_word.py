from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0010_owed_calls_of_before"),
    ]

    operations = [
        migrations.AlterField(
            model_name="failuregroup",
            name="state",
            field=models.CharField(
                choices=[
                    ("new", "novo"),
                    ("regressed", "de volta"),
                    ("seen", "visto"),
                    ("taken", "com alguém"),
                    ("silenced", "silenciado"),
                    ("resolved", "resolvido"),
                ],
                db_default="new",
                default="new",
                max_length=10,
                verbose_name="situação",
            ),
        ),
    ]
