from __future__ import annotations

from django.urls import path

from reports.views import addenda, comparing, exports, findings, reading_room, second_window, signing, upcoming

urlpatterns = [
    path("worklist/upcoming/", upcoming.next_images, name="upcoming-images"),
    path("studies/<str:study_uid>/", reading_room.reading_room, name="reading-room"),
    path("studies/<str:study_uid>/state/", reading_room.state, name="reading-room-state"),
    path("studies/<str:study_uid>/measurements/", findings.measurements, name="measurements"),
    path("studies/<str:study_uid>/measurements/save/", findings.measure, name="measurement-save"),
    path("studies/<str:study_uid>/findings/decide/", findings.decide, name="finding-decide"),
    path("studies/<str:study_uid>/opinion/", findings.opinion, name="first-opinion"),
    path("studies/<str:study_uid>/priors/<str:prior_uid>/", comparing.prior, name="study-prior"),
    path("studies/<str:study_uid>/priors/<str:prior_uid>/match/", comparing.match, name="study-prior-match"),
    path("layouts/<str:kind>/", comparing.save_layout, name="layout-save"),
    path("layouts/<str:kind>/reset/", comparing.reset_layout, name="layout-reset"),
    path("images/", second_window.images_window, name="images-window"),
    path("reports/<int:report_id>/save/", reading_room.save, name="report-save"),
    path("reports/<int:report_id>/sign/", signing.sign, name="report-sign"),
    path("reports/<int:report_id>/addendum/", addenda.add, name="report-addendum"),
    path("reports/<int:report_id>/late-images/seen/", addenda.late_images_seen, name="report-late-images-seen"),
    path("reports/<int:report_id>/print/", signing.print_page, name="report-print"),
    path("reports/<int:report_id>/report.pdf", signing.pdf, name="report-pdf"),
    path("reports/<int:report_id>/export/<str:form>/", exports.export, name="report-export"),
]
