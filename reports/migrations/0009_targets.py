"""Targets of reports, and the outbox of what is on its way to them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0013_target_verbs'),
        ('reports', '0008_matches_of_own_findings'),
        ('screening', '0007_worklist_index'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Target',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('kind', models.CharField(choices=[('stow', 'DICOMweb (STOW-RS)'), ('cstore', 'DICOM (C-STORE)'), ('mllp', 'HL7 over MLLP'), ('fhir', 'FHIR'), ('webhook', 'Webhook'), ('mail', 'E-mail')], max_length=8)),
                ('address', models.CharField(max_length=400)),
                ('documents', models.JSONField(default=list)),
                ('moments', models.JSONField(default=list)),
                ('secret', models.TextField(blank=True)),
                ('secret_name', models.CharField(blank=True, max_length=64)),
                ('is_on', models.BooleanField(default=True)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('retry_at', models.DateTimeField(null=True)),
                ('changed_at', models.DateTimeField()),
                ('changed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='targets', to='accounts.site')),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('document', models.CharField(choices=[('sr', 'Structured report (SR)'), ('seg', 'Segmentation (SEG)'), ('dicom-pdf', 'PDF as DICOM'), ('hl7', 'HL7 message (ORU)'), ('fhir', 'FHIR bundle'), ('alert', 'Message about a late critical result')], max_length=10)),
                ('moment', models.CharField(choices=[('unverified', 'AI result, before anybody has signed, marked as unverified'), ('preliminary', 'Preliminary report'), ('final', 'Final report'), ('corrected', 'Amendment, addendum or co-signature'), ('late', 'Critical result nobody was told of in time')], max_length=12)),
                ('digest', models.CharField(max_length=64)),
                ('status', models.CharField(choices=[('WAITING', 'Waiting'), ('SENDING', 'Being sent'), ('SENT', 'Sent'), ('FAILED', 'Could not be sent'), ('GIVEN_UP', 'Given up'), ('SUPERSEDED', 'A newer state went instead'), ('EMPTY', 'Nothing to send')], default='WAITING', max_length=10)),
                ('attempt', models.PositiveIntegerField(default=0)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_at', models.DateTimeField()),
                ('lease_until', models.DateTimeField(null=True)),
                ('stored', models.JSONField(default=list)),
                ('reason', models.CharField(blank=True, max_length=32)),
                ('detail', models.CharField(blank=True, max_length=40)),
                ('sent_sha256', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('report', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='reports.report')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='screening.scorerun')),
                ('signature', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='reports.signature')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.site')),
                ('task', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='reports.communicationtask')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='reports.target')),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.AddConstraint(
            model_name='target',
            constraint=models.UniqueConstraint(fields=('site', 'name'), name='target_name_once'),
        ),
        migrations.AddConstraint(
            model_name='target',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['stow', 'cstore', 'mllp', 'fhir', 'webhook', 'mail'])), name='target_kind_known'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(models.F('next_at'), condition=models.Q(('status__in', ('WAITING', 'SENDING'))), name='delivery_under_way'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(models.F('site'), models.F('status'), name='delivery_by_status'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('target', 'document', 'digest'), name='delivery_once'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['WAITING', 'SENDING', 'SENT', 'FAILED', 'GIVEN_UP', 'SUPERSEDED', 'EMPTY'])), name='delivery_status_known'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('run__isnull', True), ('signature__isnull', False), ('task__isnull', True)), models.Q(('run__isnull', False), ('signature__isnull', True), ('task__isnull', True)), models.Q(('run__isnull', True), ('signature__isnull', True), ('task__isnull', False)), _connector='OR'), name='delivery_tells_one_thing'),
        ),
    ]
