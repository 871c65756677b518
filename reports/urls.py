from __future__ import annotations

from django.urls import path

from reports.views import addenda, exports, reading_room, signing

urlpatterns = [
    path("studies/<str:study_uid>/", reading_room.reading_room, name="reading-room"),
    path("studies/<str:study_uid>/state/", reading_room.state, name="reading-room-state"),
    path("reports/<int:report_id>/save/", reading_room.save, name="report-save"),
    path("reports/<int:report_id>/sign/", signing.sign, name="report-sign"),
    path("reports/<int:report_id>/addendum/", addenda.add, name="report-addendum"),
    path("reports/<int:report_id>/late-images/seen/", addenda.late_images_seen, name="report-late-images-seen"),
    path("reports/<int:report_id>/print/", signing.print_page, name="report-print"),
    path("reports/<int:report_id>/report.pdf", signing.pdf, name="report-pdf"),
    path("reports/<int:report_id>/export/<str:form>/", exports.export, name="report-export"),
]
