from __future__ import annotations

from django.urls import path

from screening.views import acts, models, programmes, queues, sessions, status, uploading, worklist

urlpatterns = [
    path("worklist/", worklist.worklist, name="worklist"),
    path("worklist/rows/", worklist.rows, name="worklist-rows"),
    path("worklist/search/", worklist.search, name="worklist-search"),
    path("worklist/next/", worklist.read_next, name="worklist-next"),
    path("worklist/session/", sessions.start, name="session-start"),
    path("worklist/session/end/", sessions.end, name="session-end"),
    path("worklist/filters/", sessions.save_filter, name="filter-save"),
    path("worklist/filters/remove/", sessions.remove_filter, name="filter-remove"),
    path("studies/<str:study_uid>/acts/", acts.acts, name="study-acts"),
    path("studies/<str:study_uid>/standing/", acts.standing, name="study-standing"),
    path("studies/<str:study_uid>/defer/", acts.defer, name="study-defer"),
    path("studies/<str:study_uid>/bring-back/", acts.undefer, name="study-bring-back"),
    path("studies/<str:study_uid>/hand-over/", acts.give, name="study-hand-over"),
    path("studies/<str:study_uid>/take-back/", acts.ungive, name="study-take-back"),
    path("studies/<str:study_uid>/notes/", acts.note, name="study-note"),
    path("studies/<str:study_uid>/claim/", worklist.claim, name="study-claim"),
    path("studies/<str:study_uid>/release/", worklist.release, name="study-release"),
    path("upload/", uploading.upload, name="upload"),
    path("upload/arrived/", uploading.arrived, name="upload-arrived"),
    path("upload/files/", uploading.receive, name="upload-receive"),
    path("status/", status.status, name="status"),
    path("settings/programmes/", programmes.programmes, name="programmes"),
    path("settings/programmes/set/", programmes.programme_set, name="programme-set"),
    path("settings/queues/", queues.queues, name="queues"),
    path("settings/queues/<int:study_id>/retry/", queues.run_retry, name="run-retry"),
    path("metrics", status.metrics, name="metrics"),
    path("models/", models.model_list, name="models"),
    path("models/install/", models.model_install, name="model-install"),
    path("models/rescore/", models.models_rescore, name="models-rescore"),
    path("models/<str:name>/<str:version>/", models.model, name="model"),
    path("models/<str:name>/<str:version>/activate/", models.model_activate, name="model-activate"),
    path("models/<str:name>/<str:version>/rollback/", models.model_rollback, name="model-rollback"),
    path("models/<str:name>/<str:version>/right/", models.model_right, name="model-right"),
    path("models/<str:name>/<str:version>/files/<str:file>", models.model_file, name="model-file"),
]
