from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0007_lane_name"),
    ]

    operations = [
        migrations.AddField(
            model_name="circuitbreaker",
            name="refused_since",
            field=models.DateTimeField(blank=True, null=True, verbose_name="recusa os testes desde"),
        ),
    ]
