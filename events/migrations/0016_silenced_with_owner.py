from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

OWNER_WHILE_TAKEN = "failure_group_owner_while_taken"


class Migration(migrations.Migration):
    atomic = False  # rows are looked at while others write

    dependencies = [
        ("events", "0015_waiting_deliveries"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="failuregroup", name=OWNER_WHILE_TAKEN),
        AddConstraintNotValid(
            model_name="failuregroup",
            constraint=models.CheckConstraint(
                condition=Q(state="silenced")
                | Q(state="taken") & ~Q(owner="")
                | ~Q(state="taken") & Q(owner=""),
                name=OWNER_WHILE_TAKEN,
            ),
        ),
        ValidateConstraint(model_name="failuregroup", name=OWNER_WHILE_TAKEN),
    ]
