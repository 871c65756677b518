"""The elements kept beside an image: what hanging, sorting and routing look at."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from screening.dicom import elements

_NUMBERS = {
    "image_position": ("ImagePositionPatient", 3),
    "image_orientation": ("ImageOrientationPatient", 6),
    "pixel_spacing": ("PixelSpacing", 2),
    "imager_pixel_spacing": ("ImagerPixelSpacing", 2),
    "window_center": ("WindowCenter", None),
    "window_width": ("WindowWidth", None),
}
_SINGLE = {
    "slice_thickness": "SliceThickness",
    "rescale_slope": "RescaleSlope",
    "rescale_intercept": "RescaleIntercept",
    "gantry_tilt": "GantryDetectorTilt",
    "bits_stored": "BitsStored",
    "bits_allocated": "BitsAllocated",
    "samples": "SamplesPerPixel",
    "acquisition_number": "AcquisitionNumber",
}
_TEXTS = {
    "photometric": "PhotometricInterpretation",
    "presentation_intent": "PresentationIntentType",
    "view_position": "ViewPosition",
    "voi_function": "VOILUTFunction",
    "patient_position": "PatientPosition",
    "kernel": "ConvolutionKernel",
    "protocol": "ProtocolName",
    "contrast": "ContrastBolusAgent",
    "burned_in": "BurnedInAnnotation",
    "implant": "BreastImplantPresent",
    "procedure": "RequestedProcedureDescription",
    "manufacturer": "Manufacturer",
    "presentation_lut": "PresentationLUTShape",
}


def header_of(dataset: Dataset) -> dict[str, Any]:
    """JSON-safe header; what is absent or unusable has no key. Names are the DICOM keywords in snake case.

    image_type and patient_orientation: lists of words. laterality: "L", "R" or "B" (ImageLaterality,
    else Laterality). view_code, view_modifiers: code value and meaning of ViewCodeSequence.
    """
    shared = _functional_groups(dataset)
    header: dict[str, Any] = {
        "image_type": [word.upper() for word in elements.texts(dataset, "ImageType")],
        "patient_orientation": [word.upper() for word in elements.texts(dataset, "PatientOrientation", 16, 2)],
        "laterality": _laterality(dataset),
        "has_voi_lut": bool(elements.items(dataset, "VOILUTSequence")),
        **_views(dataset),
    }
    for name, (keyword, count) in _NUMBERS.items():
        header[name] = next((v for v in (elements.numbers(item, keyword, count) for item in shared) if v), [])
    for name, keyword in _SINGLE.items():
        found = next((v for v in (elements.number(item, keyword) for item in shared) if v is not None), None)
        header[name] = int(found) if found is not None and found == int(found) else found
    for name, keyword in _TEXTS.items():
        header[name] = elements.text(dataset, keyword, 64)
    if not header["contrast"] and elements.items(dataset, "ContrastBolusAgentSequence"):
        header["contrast"] = "CONTRAST"
    return {name: value for name, value in header.items() if _is_said(value)}


def _is_said(value: object) -> bool:
    return value is not None and value is not False and value not in ("", [])


def _functional_groups(dataset: Dataset) -> list[Dataset]:
    """The dataset, then the shared and the first per-frame groups of a multi-frame image (PS3.3 C.7.6.16)."""
    found = [dataset]
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in elements.items(dataset, keyword)[:1]:
            for macro in (
                "PixelMeasuresSequence",
                "PlaneOrientationSequence",
                "PlanePositionSequence",
                "FrameVOILUTSequence",
                "PixelValueTransformationSequence",
            ):
                found += elements.items(group, macro)[:1]
    return found


def _laterality(dataset: Dataset) -> str:
    side = elements.text(dataset, "ImageLaterality", 16) or elements.text(dataset, "Laterality", 16)
    return side.upper() if side.upper() in {"L", "R", "B"} else ""


def _views(dataset: Dataset) -> dict[str, Any]:
    views = elements.items(dataset, "ViewCodeSequence")[:1]
    if not views:
        return {}
    modifiers = [elements.text(item, "CodeMeaning") for item in elements.items(views[0], "ViewModifierCodeSequence")]
    return {
        "view_code": elements.text(views[0], "CodeValue", 16),
        "view_meaning": elements.text(views[0], "CodeMeaning"),
        "view_modifiers": [meaning for meaning in modifiers[:4] if meaning],
    }
