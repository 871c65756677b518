"""The addresses of DICOMweb (PS3.18 section 10); without a slash at the end, as the standard has them."""

from __future__ import annotations

from django.urls import path

from screening.dicomweb import pictures, views

STUDY = "studies/<str:study_uid>"
SERIES = f"{STUDY}/series/<str:series_uid>"
INSTANCE = f"{SERIES}/instances/<str:sop_uid>"

urlpatterns = [
    path("studies", views.Studies.as_view(), name="dicomweb-studies"),
    path("series", views.Found.as_view(level="series"), name="dicomweb-all-series"),
    path("instances", views.Found.as_view(level="instance"), name="dicomweb-all-instances"),
    path(STUDY, views.StudyObjects.as_view(), name="dicomweb-study"),
    # The same addresses by the names of their other act, so that each act has a row of its own in the
    # matrix of permissions.
    path("studies", views.Studies.as_view(), name="dicomweb-store"),
    path(STUDY, views.StudyObjects.as_view(), name="dicomweb-study-store"),
    path(f"{STUDY}/metadata", views.Metadata.as_view(), name="dicomweb-study-metadata"),
    path(f"{STUDY}/rendered", pictures.Rendered.as_view(), name="dicomweb-study-rendered"),
    path(f"{STUDY}/thumbnail", pictures.Thumbnail.as_view(), name="dicomweb-study-thumbnail"),
    path(f"{STUDY}/series", views.Found.as_view(level="series"), name="dicomweb-study-series"),
    path(f"{STUDY}/instances", views.Found.as_view(level="instance"), name="dicomweb-study-instances"),
    path(SERIES, views.Retrieved.as_view(), name="dicomweb-series"),
    path(f"{SERIES}/metadata", views.Metadata.as_view(), name="dicomweb-series-metadata"),
    path(f"{SERIES}/rendered", pictures.Rendered.as_view(), name="dicomweb-series-rendered"),
    path(f"{SERIES}/thumbnail", pictures.Thumbnail.as_view(), name="dicomweb-series-thumbnail"),
    path(f"{SERIES}/instances", views.Found.as_view(level="instance"), name="dicomweb-series-instances"),
    path(INSTANCE, views.Retrieved.as_view(), name="dicomweb-instance"),
    path(f"{INSTANCE}/metadata", views.Metadata.as_view(), name="dicomweb-instance-metadata"),
    path(f"{INSTANCE}/rendered", pictures.Rendered.as_view(), name="dicomweb-instance-rendered"),
    path(f"{INSTANCE}/thumbnail", pictures.Thumbnail.as_view(), name="dicomweb-instance-thumbnail"),
    path(f"{INSTANCE}/frames/<str:frames>", views.FrameList.as_view(), name="dicomweb-frames"),
    path(f"{INSTANCE}/frames/<str:frames>/rendered", pictures.Rendered.as_view(), name="dicomweb-frames-rendered"),
    path(f"{INSTANCE}/frames/<str:frames>/thumbnail", pictures.Thumbnail.as_view(), name="dicomweb-frames-thumbnail"),
]
