"""Clients for the systems that reports are sent to: DICOMweb, DICOM, HL7 over MLLP, FHIR, webhooks. Pure: no Django.

Each sends what it is given once, within its limits, and says what the other side made of it: `Accepted`, or a
`NotSent` that tells whether trying again can help. Whom one may speak to is `reach`'s alone.
"""
