"""CT series to volumes in Hounsfield units, with geometry from positions (DICOM PS3.3 C.7.6.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from screening.dicom.decoded import modality_values
from screening.dicom.pixels import PixelError, number_of

HU_RANGE = (-1024, 3071)
MAX_VOXELS = 600_000_000
MIN_AXIAL_COSINE = 0.8
NOT_SLICES = frozenset(
    {"LOCALIZER", "SCOUT", "SECONDARY", "SCREEN SAVE", "DOSE_INFO", "MIP", "MPR", "PROJECTION IMAGE"}
)
SHARP_KERNELS = ("FC5", "FC8", "LUNG", "BONE", "EDGE", "B6", "B7", "B8", "BR6", "BL5", "BL6", "YC", "YD", "SHARP")


class VolumeError(Exception):
    """No volume can be made of the images; `str(error)` is one plain sentence for people."""


class Source(Protocol):
    """One image: its header, and a call that returns the whole Part 10 file."""

    @property
    def dataset(self) -> Dataset: ...

    @property
    def read(self) -> Callable[[], bytes]: ...


class Study(Protocol):
    """Anything with the images of one study, all series mixed."""

    @property
    def instances(self) -> Sequence[Source]: ...


@dataclass(frozen=True)
class VolumeFlags:
    """What is odd about the geometry.

    uneven_spacing: distances between neighbours differ by more than 5 %. gantry_tilt: degrees, 0 when
    upright. missing_slices: how many are missing inside. duplicates: images dropped for lying on another.
    derived: computed by a program from other images. unscaled: no rescale intercept, so perhaps not HU.
    """

    uneven_spacing: bool = False
    gantry_tilt: float = 0.0
    missing_slices: int = 0
    duplicates: int = 0
    derived: bool = False
    unscaled: bool = False


@dataclass(frozen=True)
class Volume:
    """A CT volume from feet to head.

    hu: int16 (slices, rows, columns), -1024 to 3071. spacing: mm between slices (median, along the
    normal), rows, columns. origin: patient position (x, y, z in mm, LPS) of voxel (0, 0, 0).
    direction: 3×3, its columns unit vectors (LPS): along a row, down a column, from slice to slice. positions: mm of each slice along the normal. slice_origins:
    (slices, 3) ImagePositionPatient. sop_uids: one for each slice. numbers: what a person calls each
    slice, from 1 (see `slice_numbers`).
    """

    hu: np.ndarray
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    direction: np.ndarray
    positions: np.ndarray
    slice_origins: np.ndarray
    sop_uids: tuple[str, ...]
    numbers: tuple[int, ...]
    series_uid: str
    flags: VolumeFlags = field(default_factory=VolumeFlags)

    def to_patient(self, z: float, y: float, x: float) -> tuple[float, float, float]:
        """Patient coordinates (LPS, mm: towards left, back, head) of a voxel position."""
        low = int(np.clip(np.floor(z), 0, max(len(self.positions) - 2, 0)))
        high = min(low + 1, len(self.positions) - 1)
        start = self.slice_origins[low] + (self.slice_origins[high] - self.slice_origins[low]) * (z - low)
        point = start + self.direction[:, 0] * x * self.spacing[2] + self.direction[:, 1] * y * self.spacing[1]
        return float(point[0]), float(point[1]), float(point[2])


def slice_numbers(instance_numbers: Sequence[int]) -> tuple[int, ...]:
    """What a person calls each slice of a stack given from feet to head, from 1.

    The scanner's own direction holds: from the feet up where InstanceNumber rises with height, else
    from the head down, the order in which most chests are read.
    """
    count = len(instance_numbers)
    rising = all(low < high for low, high in pairwise(instance_numbers))
    return tuple(range(1, count + 1)) if rising else tuple(range(count, 0, -1))


def choose_axial_series(study: Study, prefer_sharp: bool = False) -> list[Source]:
    """The images of the best axial CT series, in no promised order.

    Localizers, secondary captures, screen saves and projections are dropped; derived images are taken
    only when no original is there. Among the rest: the widest coverage (to 10 %), then the thinnest
    slices, then the kernel (sharp or smooth as asked), then the most slices.
    Raises `VolumeError` when no axial CT images are there.
    """
    groups: dict[tuple[object, ...], list[Source]] = {}
    for source in study.instances:
        dataset = source.dataset
        if dataset.get("SOPClassUID") != CTImageStorage or _image_type(dataset) & NOT_SLICES:
            continue
        geometry = _geometry(dataset)
        if geometry is None or abs(geometry.normal[2]) < MIN_AXIAL_COSINE:
            continue
        key = (
            str(dataset.get("SeriesInstanceUID", "")),
            *geometry.signature,
            number_of(dataset, "Rows"),
            number_of(dataset, "Columns"),
        )
        groups.setdefault(key, []).append(source)
    if not groups:
        raise VolumeError("The study has no axial CT images.")
    originals = [group for group in groups.values() if not _derived(group)]
    candidates = originals or list(groups.values())
    extents = {id(group): _extent(group) for group in candidates}
    widest = max(extents.values())
    full = [group for group in candidates if extents[id(group)] >= 0.9 * widest]
    return min(full, key=lambda group: _preference(group, prefer_sharp))


def build_volume(instances: Sequence[Source], progress: Callable[[float], None] = lambda _done: None) -> Volume:
    """One volume from the images of one series, sorted by position, duplicates dropped.

    `progress` hears the part done (0–1) after every image and may raise to stop.
    Raises `VolumeError` for no images, mixed geometry, positions that are absent, or unusable pixels.
    """
    if not instances:
        raise VolumeError("There are no images to build a volume from.")
    first = _geometry(instances[0].dataset)
    placed: list[tuple[float, int, str, Source, _Geometry]] = []
    seen: set[str] = set()
    duplicates = 0
    for source in instances:
        geometry = _geometry(source.dataset)
        if first is None or geometry is None:
            raise VolumeError("An image does not say where in the body it lies.")
        if geometry.signature != first.signature:
            raise VolumeError("The images of the series do not share one orientation and pixel size.")
        uid = str(source.dataset.get("SOPInstanceUID", ""))
        if uid in seen:
            duplicates += 1
            continue
        seen.add(uid)
        along = float(geometry.position @ first.upward)
        placed.append((along, int(number_of(source.dataset, "InstanceNumber") or 0), uid, source, geometry))
    assert first is not None
    placed.sort(key=lambda item: item[:3])
    kept = [placed[0]]
    for item in placed[1:]:
        if item[0] - kept[-1][0] < 0.01:
            duplicates += 1
        else:
            kept.append(item)
    positions = np.array([item[0] for item in kept])
    hu = _read_slices([item[3] for item in kept], progress)
    spacing_z, uneven, missing = _slice_spacing(positions, kept[0][3].dataset)
    direction = np.stack([first.row, first.column, first.upward], axis=1)
    slice_origins = np.stack([item[4].position for item in kept])
    return Volume(
        hu=hu,
        spacing=(spacing_z, first.spacing[0], first.spacing[1]),
        origin=(float(slice_origins[0][0]), float(slice_origins[0][1]), float(slice_origins[0][2])),
        direction=direction,
        positions=positions,
        slice_origins=slice_origins,
        sop_uids=tuple(item[2] for item in kept),
        numbers=slice_numbers([item[1] for item in kept]),
        series_uid=str(kept[0][3].dataset.get("SeriesInstanceUID", "")),
        flags=VolumeFlags(
            uneven_spacing=uneven,
            gantry_tilt=_tilt(first),
            missing_slices=missing,
            duplicates=duplicates,
            derived=_derived([item[3] for item in kept]),
            unscaled=number_of(kept[0][3].dataset, "RescaleIntercept") is None,
        ),
    )


@dataclass(frozen=True)
class _Geometry:
    position: np.ndarray
    row: np.ndarray
    column: np.ndarray
    spacing: tuple[float, float]

    @property
    def normal(self) -> np.ndarray:
        return np.cross(self.row, self.column)

    @property
    def upward(self) -> np.ndarray:
        return self.normal if self.normal[2] >= 0 else -self.normal

    @property
    def signature(self) -> tuple[float, ...]:
        cosines = [round(float(value), 2) + 0.0 for value in (*self.row, *self.column)]
        return (*cosines, round(self.spacing[0], 3), round(self.spacing[1], 3))


def _geometry(dataset: Dataset) -> _Geometry | None:
    """Plane geometry of an image, None when absent or impossible."""
    try:
        position = np.array([float(value) for value in dataset.get("ImagePositionPatient") or ()])
        cosines = np.array([float(value) for value in dataset.get("ImageOrientationPatient") or ()])
        spacing = [float(value) for value in dataset.get("PixelSpacing") or ()]
    except (TypeError, ValueError):
        return None
    if position.shape != (3,) or cosines.shape != (6,) or len(spacing) != 2:
        return None
    if not (np.isfinite(position).all() and np.isfinite(cosines).all() and 0.01 < min(spacing) <= max(spacing) < 20):
        return None
    row, column = cosines[:3], cosines[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if min(lengths) < 0.9 or max(lengths) > 1.1 or abs(float(row @ column)) > 0.05:
        return None
    return _Geometry(position, row / lengths[0], column / lengths[1], (spacing[0], spacing[1]))


def _read_slices(sources: Sequence[Source], progress: Callable[[float], None]) -> np.ndarray:
    header = sources[0].dataset
    rows, columns = int(number_of(header, "Rows") or 0), int(number_of(header, "Columns") or 0)
    if rows < 1 or columns < 1 or rows * columns * len(sources) > MAX_VOXELS:
        raise VolumeError("The series is empty or larger than any CT series can be.")
    hu = np.empty((len(sources), rows, columns), np.int16)
    for index, source in enumerate(sources):
        try:
            values = modality_values(source.read())
        except PixelError as error:
            said = str(error)
            raise VolumeError(f"An image of the series cannot be used: {said[0].lower()}{said[1:]}") from error
        if values.shape != (rows, columns):
            raise VolumeError("The images of the series do not share one size.")
        hu[index] = np.clip(np.rint(values), *HU_RANGE)
        progress((index + 1) / len(sources))
    return hu


def _slice_spacing(positions: np.ndarray, header: Dataset) -> tuple[float, bool, int]:
    """Median distance in mm, whether distances are uneven, and how many slices are missing inside."""
    if len(positions) < 2:
        return number_of(header, "SliceThickness") or 1.0, False, 0
    gaps = np.diff(positions)
    median = float(np.median(gaps))
    odd = np.abs(gaps - median) > max(0.1, 0.05 * median)
    multiples = np.rint(gaps / median)
    holes = odd & (multiples >= 2) & (np.abs(gaps / median - multiples) < 0.1)
    if holes.sum() > max(1, 0.2 * len(gaps)):
        return median, True, 0
    return median, bool((odd & ~holes).any()), int((multiples[holes] - 1).sum())


def _tilt(geometry: _Geometry) -> float:
    """Degrees between the slice normal and the patient's long axis."""
    tilt = float(np.degrees(np.arccos(np.clip(abs(geometry.normal[2]), 0.0, 1.0))))
    return round(tilt, 1) if tilt > 0.5 else 0.0


def _image_type(dataset: Dataset) -> frozenset[str]:
    value = dataset.get("ImageType") or ()
    values = [value] if isinstance(value, str) else list(value)
    return frozenset(str(item).upper().strip() for item in values)


def _derived(group: Sequence[Source]) -> bool:
    return "DERIVED" in _image_type(group[0].dataset)


def _along(source: Source) -> float:
    geometry = _geometry(source.dataset)
    return float(geometry.position @ geometry.upward) if geometry is not None else 0.0


def _extent(group: Sequence[Source]) -> float:
    positions = [_along(source) for source in group]
    return max(positions) - min(positions)


def _preference(group: Sequence[Source], prefer_sharp: bool) -> tuple[float, bool, int, str]:
    positions = np.unique(np.round([_along(source) for source in group], 2))
    spacing = float(np.median(np.diff(positions))) if len(positions) > 1 else 99.0
    header = group[0].dataset
    kernel = str(header.get("ConvolutionKernel", "")).upper()
    sharp = any(name in kernel for name in SHARP_KERNELS)
    return round(spacing, 1), sharp != prefer_sharp, -len(positions), str(header.get("SeriesInstanceUID", ""))
