from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0006_owed_calls"),
    ]

    operations = [  # of the model only: the column stays `service`
        migrations.AlterField(
            model_name="lane",
            name="service",
            field=models.CharField(
                db_column="service",
                max_length=20,
                primary_key=True,
                serialize=False,
                verbose_name="nome",
            ),
        ),
        migrations.RenameField(
            model_name="lane",
            old_name="service",
            new_name="name",
        ),
    ]
