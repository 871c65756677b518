"""Emergency accesses are told by mail and webhook: a delivery may be about one."""


import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0019_review_verb'),
        ('reports', '0016_review_rules'),
        ('screening', '0012_orders'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='delivery',
            name='delivery_tells_one_thing',
        ),
        migrations.AddField(
            model_name='delivery',
            name='glass',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='screening.glassbreak'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='document',
            field=models.CharField(choices=[('sr', 'Structured report (SR)'), ('seg', 'Segmentation (SEG)'), ('dicom-pdf', 'PDF as DICOM'), ('hl7', 'HL7 message (ORU)'), ('fhir', 'FHIR bundle'), ('alert', 'Message to people')], max_length=10),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='moment',
            field=models.CharField(choices=[('unverified', 'AI result, before anybody has signed, marked as unverified'), ('preliminary', 'Preliminary report'), ('final', 'Final report'), ('corrected', 'Amendment, addendum or co-signature'), ('late', 'Critical result nobody was told of in time'), ('emergency', 'Study opened in an emergency by somebody of another site')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('glass__isnull', True), ('run__isnull', True), ('signature__isnull', False), ('task__isnull', True)), models.Q(('glass__isnull', True), ('run__isnull', False), ('signature__isnull', True), ('task__isnull', True)), models.Q(('glass__isnull', True), ('run__isnull', True), ('signature__isnull', True), ('task__isnull', False)), models.Q(('glass__isnull', False), ('run__isnull', True), ('signature__isnull', True), ('task__isnull', True)), _connector='OR'), name='delivery_tells_one_thing'),
        ),
    ]
