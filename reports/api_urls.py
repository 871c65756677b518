from __future__ import annotations

from django.urls import path

from reports import api

urlpatterns = [
    path("studies/<str:study_uid>/findings/", api.Findings.as_view(), name="api-findings"),
    path("reports/<int:report_id>/", api.ReportDetail.as_view(), name="api-report"),
    path("reports/<int:report_id>/sign/", api.ReportSign.as_view(), name="api-report-sign"),
]
