from __future__ import annotations

from django.urls import path

from reports.views import addenda, comparing, exports, findings, reading_room, rules, second_window, signing, tasks, upcoming

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
    path("studies/<str:study_uid>/tasks/", tasks.panel, name="study-tasks"),
    path("studies/<str:study_uid>/communications/", tasks.open_communication, name="communication-open"),
    path("studies/<str:study_uid>/communications/dismiss/", tasks.dismiss_communication, name="communication-dismiss"),
    path("studies/<str:study_uid>/recommendation/", tasks.recommend, name="recommend"),
    path("studies/<str:study_uid>/opinions/", tasks.give_opinion, name="opinion-give"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/communications/<int:task_id>/<str:act>/", tasks.step_communication, name="communication-step"),
    path("tasks/follow-ups/<int:follow_up_id>/close/", tasks.close_follow_up, name="follow-up-close"),
    path("reading-rules/", rules.reading_rules, name="reading-rules"),
    path("reading-rules/try/", rules.try_rule, name="reading-rule-try"),
    path("reading-rules/set/", rules.set_rule, name="reading-rule-set"),
    path("reading-rules/limits/", rules.set_limits, name="time-limits"),
    path("images/", second_window.images_window, name="images-window"),
    path("reports/<int:report_id>/save/", reading_room.save, name="report-save"),
    path("reports/<int:report_id>/sign/", signing.sign, name="report-sign"),
    path("reports/<int:report_id>/addendum/", addenda.add, name="report-addendum"),
    path("reports/<int:report_id>/late-images/seen/", addenda.late_images_seen, name="report-late-images-seen"),
    path("reports/<int:report_id>/print/", signing.print_page, name="report-print"),
    path("reports/<int:report_id>/report.pdf", signing.pdf, name="report-pdf"),
    path("reports/<int:report_id>/export/<str:form>/", exports.export, name="report-export"),
]
