"""How the addresses of DICOMweb look in the description of the interface (OpenAPI)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

JSON = "application/dicom+json"
MULTIPART = "multipart/related"
# An array of datasets in the DICOM JSON Model: tag → {"vr", "Value", …} (PS3.18 Annex F).
ATTRIBUTES = {
    "type": "object",
    "additionalProperties": {"type": "object", "required": ["vr"], "properties": {"vr": {"type": "string"}}},
}
SEARCHED = ("StudyInstanceUID", "PatientName", "PatientID", "AccessionNumber", "StudyDate", "ModalitiesInStudy")
_BINARY = OpenApiTypes.BINARY


def _asked(name: str, description: str, kind: Any = OpenApiTypes.STR) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description)


SITE = _asked("site", "slug; tells two sites' equal UIDs apart")
ACCEPT = _asked("accept", "counts before the header Accept (PS3.18 section 8.3.3)")
SEARCH = (
    _asked("limit", "at most so many results", OpenApiTypes.INT),
    _asked("offset", "after so many results", OpenApiTypes.INT),
    _asked("fuzzymatching", "true: names by their sound"),
    _asked("includefield", "tags or keywords, or all"),
    *(_asked(name, "by PS3.18 section 8.3.4.1") for name in SEARCHED),
)
PICTURE = (
    _asked("window", "centre, width, function"),
    _asked("viewport", "width, height in pixels"),
    _asked("quality", "1 to 100, of a JPEG", OpenApiTypes.INT),
)


class DicomwebSchema(AutoSchema):
    """Names, parameters and answers by the address: what DICOMweb gives out is not made by serializers."""

    @property
    def _last(self) -> str:
        return [part for part in self.path.split("/") if part][-1]

    @property
    def _is_search(self) -> bool:
        return self.method == "GET" and self._last in ("studies", "series", "instances")

    def get_operation_id(self) -> str:
        named = "_".join(part for part in self.path.split("/") if part and not part.startswith("{"))
        act = "store" if self.method == "POST" else "search" if self._is_search else "retrieve"
        return f"{named}{'_one' if self._last.startswith('{') else ''}_{act}"

    def get_tags(self) -> list[str]:
        return ["DICOMweb"]

    def get_description(self) -> str:
        return "As PS3.18 chapter 10 has it."

    def get_override_parameters(self) -> list[OpenApiParameter]:
        if self.method == "POST":
            return [SITE]
        pictures = PICTURE if self._last in ("rendered", "thumbnail") else ()
        return [SITE, ACCEPT, *(SEARCH if self._is_search else pictures)]

    def get_request_serializer(self) -> Any:
        return {MULTIPART: _BINARY} if self.method == "POST" else None

    def get_response_serializers(self) -> Any:
        if self.method == "POST":
            said = {200: "all were stored", 202: "some were not", 409: "none was"}
            return {(code, JSON): OpenApiResponse(ATTRIBUTES, description=text) for code, text in said.items()}
        if self._is_search:
            empty = OpenApiResponse(description="nothing was found")
            return {(200, JSON): {"type": "array", "items": ATTRIBUTES}, 204: empty}
        if self._last == "metadata":
            return {(200, JSON): {"type": "array", "items": ATTRIBUTES}}
        kinds = ["image/jpeg", "image/png"] if self._last in ("rendered", "thumbnail") else [MULTIPART, "*/*"]
        kept = {304: OpenApiResponse(description="as the caller has it")}
        return {(200, kind): _BINARY for kind in dict.fromkeys([*kinds, MULTIPART])} | kept
