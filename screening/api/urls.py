from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from screening.api import instances, studies

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("studies/", studies.StudyList.as_view(), name="api-studies"),
    path("studies/<str:study_uid>/", studies.StudyDetail.as_view(), name="api-study"),
    path("worklist/", studies.Worklist.as_view(), name="api-worklist"),
    path("instances/", instances.InstanceCreate.as_view(), name="api-instances"),
    path("instances/<str:sop_uid>/file/", instances.InstanceFile.as_view(), name="api-instance-file"),
]
