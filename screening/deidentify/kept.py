"""What may stay in an image that names nobody: everything not listed here goes, private elements and unknown ones too.

Stricter than the Basic Profile of PS3.15 Table E.1-1, which lists what must go: an element that a vendor or a later
edition adds is gone without anybody having to know it. Values stay only where their kind leaves no room for a name:
numbers that are numbers, coded strings of the sets below, codes of the standard dictionaries.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Present and empty: type 2 of the patient, study and equipment modules.
EMPTY = _words("""
    PatientBirthDate StudyID AccessionNumber ReferringPhysicianName Manufacturer PositionReferenceIndicator
    ContrastBolusAgent AcquisitionContextSequence DetectorDescription
    """)
# Of reports, segmentations and presentation states too; sequences of them are empty (type 2).
EMPTY_OF_DOCUMENTS = _words("""
    ContentDescription ContentCreatorName ReferencedPerformedProcedureStepSequence PerformedProcedureCodeSequence
    """)
# Of them, a word in the place of a name that must be there (type 1 of enhanced equipment, segments, text items).
REMOVED = "Removed"
DUMMIES = _words("""
    Manufacturer ManufacturerModelName DeviceSerialNumber SoftwareVersions SegmentAlgorithmName TextValue
    VerifyingOrganization
    """)

NUMBERS = _words("""
    SamplesPerPixel NumberOfFrames FrameIncrementPointer Rows Columns PlanarConfiguration BitsAllocated BitsStored HighBit
    PixelRepresentation SmallestImagePixelValue LargestImagePixelValue PixelPaddingValue PixelPaddingRangeLimit PixelAspectRatio
    RedPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableDescriptor BluePaletteColorLookupTableDescriptor
    RedPaletteColorLookupTableData GreenPaletteColorLookupTableData BluePaletteColorLookupTableData
    PixelSpacing ImagerPixelSpacing NominalScannedPixelSpacing SliceThickness SpacingBetweenSlices SliceLocation
    ImagePositionPatient ImageOrientationPatient GantryDetectorTilt TableHeight TableSpeed TableFeedPerRotation
    SpiralPitchFactor DataCollectionDiameter ReconstructionDiameter DistanceSourceToDetector DistanceSourceToPatient
    PixelIntensityRelationshipSign RescaleIntercept RescaleSlope WindowCenter WindowWidth LUTDescriptor LUTData
    KVP XRayTubeCurrent ExposureTime Exposure ExposureInuAs ExposureInmAs ExposureTimeInms GeneratorPower FocalSpots
    SingleCollimationWidth TotalCollimationWidth CTDIvol RevolutionTime
    InstanceNumber SeriesNumber AcquisitionNumber ImagesInAcquisition TemporalPositionIdentifier NumberOfTemporalPositions
    PatientSize PatientWeight
    EstimatedRadiographicMagnificationFactor PositionerPrimaryAngle PositionerSecondaryAngle
    BodyPartThickness CompressionForce RelativeXRayExposure EntranceDoseInmGy OrganDose HalfValueLayer
    LossyImageCompressionRatio FieldOfViewDimensions FieldOfViewOrigin FieldOfViewRotation DetectorElementSpacing
    RepetitionTime EchoTime InversionTime FlipAngle MagneticFieldStrength EchoTrainLength NumberOfAverages
    PercentSampling PercentPhaseFieldOfView PixelBandwidth AcquisitionMatrix EchoNumbers
    SegmentNumber ReferencedSegmentNumber ReferencedFrameNumber DimensionIndexValues DimensionIndexPointer
    FunctionalGroupPointer InStackPositionNumber MaximumFractionalValue RecommendedDisplayCIELabValue
    NumericValue FloatingPointValue RationalNumeratorValue RationalDenominatorValue GraphicData
    ReferencedSamplePositions ReferencedTimeOffsets ReferencedContentItemIdentifier
    DisplayedAreaTopLeftHandCorner DisplayedAreaBottomRightHandCorner PresentationPixelSpacing PresentationPixelAspectRatio
    PresentationPixelMagnificationRatio GraphicDimensions NumberOfGraphicPoints GraphicLayerOrder ImageRotation
    GraphicLayerRecommendedDisplayGrayscaleValue GraphicLayerRecommendedDisplayCIELabValue
    ShutterLeftVerticalEdge ShutterRightVerticalEdge ShutterUpperHorizontalEdge ShutterLowerHorizontalEdge
    CenterOfCircularShutter RadiusOfCircularShutter VerticesOfThePolygonalShutter ShutterPresentationValue
    """)

# These may keep any of VALUES.
CODED = _words("""
    ImageType Modality ConversionType BodyPartExamined PatientSex PatientPosition PatientOrientation Laterality ImageLaterality
    FrameLaterality ViewPosition PresentationIntentType PhotometricInterpretation PresentationLUTShape PixelIntensityRelationship
    RescaleType VOILUTFunction LossyImageCompression LossyImageCompressionMethod BurnedInAnnotation QualityControlImage
    FieldOfViewShape FieldOfViewHorizontalFlip DetectorType DetectorConfiguration DetectorActiveShape PositionerType Grid AnodeTargetMaterial
    FilterType FilterMaterial FocalSpotSize ExposureModulationType RotationDirection ScanOptions BreastImplantPresent
    PixelSpacingCalibrationType OrganExposed ScanningSequence SequenceVariant MRAcquisitionType
    SegmentationType SegmentationFractionalType SegmentAlgorithmType DimensionOrganizationType SegmentsOverlap
    RecognizableVisualFeatures PixelPresentation VolumetricProperties VolumeBasedCalculationTechnique ContentQualification
    ValueType RelationshipType ContinuityOfContent CompletionFlag VerificationFlag PreliminaryFlag GraphicType
    MappingResource TemporalRangeType PixelOriginInterpretation ModalityLUTType
    GraphicAnnotationUnits GraphicFilled ImageHorizontalFlip PresentationSizeMode ShutterShape
    """)
VALUES = _words("""
    ORIGINAL DERIVED PRIMARY SECONDARY AXIAL LOCALIZER HELICAL OTHER MPR MIP MINIP VOLUME NONE REFORMATTED RESAMPLED
    CT MG MR DX CR SEG SR OT SC US XC PT NM RF XA
    CHEST HEAD BREAST BRAIN ABDOMEN PELVIS NECK SKULL SPINE LUNG THORAX HEART LIVER KNEE HAND FOOT EXTREMITY WHOLEBODY
    M F O HFS HFP FFS FFP HFDR HFDL FFDR FFDL A P L R H AR AL PR PL AH AF PH PF LH LF RH RF FL FR HL HR LA LP RA RP B U
    CC MLO ML LM LMO ISO SIO XCCL XCCM FB AT CV LL RL PA AP
    MONOCHROME1 MONOCHROME2 RGB YBR_FULL YBR_FULL_422 YBR_ICT YBR_RCT YBR_PARTIAL_420 IDENTITY INVERSE LIN LOG
    HU US OD LINEAR LINEAR_EXACT SIGMOID 00 01 ISO_10918_1 ISO_14495_1 ISO_15444_1 YES NO
    RECTANGLE ROUND HEXAGONAL DIRECT SCINTILLATOR STORAGE FILM AREA SLOT MAMMOGRAPHIC COLUMN FIXED FOCUSED RECIPROCATING PARALLEL
    MOLYBDENUM RHODIUM TUNGSTEN SILVER ALUMINUM COPPER FLAT STRIP WEDGE BUTTERFLY MULTIPLE CW CC SMALL LARGE BODY
    FOR_PRESENTATION GEOMETRY FIDUCIAL DV DI DF WSD SD SI DRW SYN WST
    SE IR GR EP RM SK MTC SS TRSS SP MP OSP 2D 3D
    BINARY FRACTIONAL PROBABILITY OCCUPANCY AUTOMATIC SEMIAUTOMATIC MANUAL UNDEFINED
    COLOR MONOCHROME MIXED TRUE_COLOR DISTORTED SAMPLED PRODUCT RESEARCH SERVICE MAX_IP MEAN_IP
    CONTAINER TEXT NUM CODE DATETIME DATE TIME UIDREF PNAME SCOORD SCOORD3D TCOORD COMPOSITE IMAGE
    CONTAINS SEPARATE CONTINUOUS COMPLETE PARTIAL VERIFIED UNVERIFIED PRELIMINARY FINAL DCMR KO PR
    POINT MULTIPOINT POLYLINE POLYGON CIRCLE ELLIPSE ELLIPSOID INTERPOLATED SEGMENT BEGIN END MULTISEGMENT MULTIPOINT
    FRAME PIXEL DISPLAY Y N RECTANGULAR CIRCULAR POLYGONAL MAGNIFY
    """) | {
    "FOR PRESENTATION",
    "FOR PROCESSING",
    "HAS OBS CONTEXT",
    "HAS CONCEPT MOD",
    "HAS PROPERTIES",
    "HAS ACQ CONTEXT",
    "INFERRED FROM",
    "SELECTED FROM",
    "SCALE TO FIT",
    "TRUE SIZE",
}

# A kernel is a word of the maker's, and models refuse without it: short, and with a figure or of the common names.
KERNEL = re.compile(
    r"(?i)(?:[a-z]{1,3}\d{1,3}[a-z0-9]{0,3}(?:[\\/_ -]\d)?|FC\d{2}|STANDARD|SOFT|DETAIL|BONE|BONEPLUS|LUNG|EDGE|CHST|CHEST|BRAIN|BODY)"
)

DATES = _words(
    "StudyDate SeriesDate AcquisitionDate ContentDate AcquisitionDateTime FrameAcquisitionDateTime FrameReferenceDateTime"
    " Date DateTime ObservationDateTime VerificationDateTime PresentationCreationDate"
)
TIMES = _words("StudyTime SeriesTime AcquisitionTime ContentTime Time PresentationCreationTime")

# Entered at every depth; each other sequence goes.
SEQUENCES = _words("""
    SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence PixelMeasuresSequence PlanePositionSequence
    PlaneOrientationSequence PixelValueTransformationSequence FrameVOILUTSequence FrameContentSequence FrameAnatomySequence
    CTImageFrameTypeSequence FrameTypeSequence VOILUTSequence ModalityLUTSequence
    ReferencedSeriesSequence ReferencedInstanceSequence ReferencedImageSequence SourceImageSequence DerivationImageSequence
    ReferencedStudySequence StudiesContainingOtherReferencedInstancesSequence
    DimensionOrganizationSequence DimensionIndexSequence SegmentSequence SegmentIdentificationSequence
    """)
# Entered in reports and presentation states alone.
SEQUENCES_OF_DOCUMENTS = _words("""
    ContentSequence MeasuredValueSequence ContentTemplateSequence ReferencedSOPSequence VerifyingObserverSequence
    CurrentRequestedProcedureEvidenceSequence PertinentOtherEvidenceSequence PredecessorDocumentsSequence
    IdenticalDocumentsSequence
    GraphicAnnotationSequence GraphicObjectSequence GraphicLayerSequence DisplayedAreaSelectionSequence SoftcopyVOILUTSequence
    """)
# Sequences of codes: an item stays when the standard dictionaries know its code, with their words, not the file's.
CODES = _words("""
    ViewCodeSequence ViewModifierCodeSequence AnatomicRegionSequence AnatomicRegionModifierSequence PrimaryAnatomicStructureSequence
    SegmentedPropertyCategoryCodeSequence SegmentedPropertyTypeCodeSequence PurposeOfReferenceCodeSequence DerivationCodeSequence
    ConceptNameCodeSequence ConceptCodeSequence MeasurementUnitsCodeSequence NumericValueQualifierCodeSequence
    VerifyingObserverIdentificationCodeSequence
    """)
# Of these an unknown code gets another name instead of going: without it the object would say something else.
NEEDED_CODES = _words("""
    ConceptNameCodeSequence ConceptCodeSequence MeasurementUnitsCodeSequence NumericValueQualifierCodeSequence
    SegmentedPropertyCategoryCodeSequence SegmentedPropertyTypeCodeSequence
    """)
FRAME_CODED = frozenset({"FrameType"})
# Labels that name nobody; another becomes "OTHER".
OWN_TEXT = frozenset({"ContentLabel", "SegmentLabel"})
LABEL = re.compile(
    r"FINDINGS?|NODULES?|MASS(?:ES)?|SEGMENTATION|SEGMENTS?|LUNG|BREAST|BRAIN|KEY_IMAGES|PRESENTATION|OTHER"
)
