"""A signed report as an HL7 v2.5.1 ORU^R01 message: the whole text every time, preliminary, final or corrected."""

from __future__ import annotations

import base64
from datetime import date, datetime

from reports.export import codes
from reports.export.answer_codes import ORIGINS, asked_concepts, given_concepts
from reports.export.codes import Concept
from reports.export.exported import (
    PRODUCT,
    ExportedAnswer,
    ExportedFinding,
    ExportedModel,
    ExportedReport,
    ExportedSigner,
)
from reports.export.names import NameParts, name_parts
from screening.dicom.elements import clean

END = "\r"
SCHEMES = {"LN": "LN", "SCT": "SCT", "DCM": "DCM", "RADLEX": "RADLEX", codes.OWN_SCHEME: codes.OWN_SCHEME}
SCRIPT_CODES = {"alphabetic": "A", "ideographic": "I", "phonetic": "P"}
_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\"}
# Table 0123 and table 0085. An added text corrects the report as a whole.
RESULT_STATUS = {"preliminary": "P", "final": "F", "amended": "C", "corrected": "C", "appended": "C"}
UNNAMED = "^^^^^^U"
ST, TEXT = 199, 65_000


def oru_r01(report: ExportedReport, pdf: bytes | None = None, *, processing: str = "P") -> bytes:
    """The message in UTF-8, segments ended by CR; without a MLLP frame.

    Preliminary: every result P. Final: the text F. Corrected: the whole report again, a changed section C, an
    unchanged one F. What a model measured is R (entered, not verified) whatever the report is, for the signature is under
    the text. The control id (MSH-10) follows from the signature, so that a message sent twice can be told by it.
    pdf: sent along as an ED. processing: MSH-11, P, T or D.
    """
    segments = [_msh(report, processing), _pid(report), _pv1(), _orc(report), _obr(report), *_observations(report, pdf)]
    return "".join(segment + END for segment in segments).encode("utf-8")


def escape(text: str) -> str:
    """One line of text as a field holds it (chapter 2.7): no separator and no control character is left in it."""
    return "".join(_ESCAPES.get(mark, mark) for mark in clean(text, TEXT))


def escape_lines(text: str) -> str:
    """Formatted text (FT): line ends as .br commands."""
    return "\\.br\\".join(escape(line) for line in text.splitlines())


def control_id(report: ExportedReport) -> str:
    """MSH-10, 20 characters at most."""
    return f"FR{report.newest_sha256[:18].upper()}"


def _segment(name: str, fields: dict[int, str]) -> str:
    """A segment with `fields` by their number, as the standard counts them; they are escaped already."""
    last = max((number for number, value in fields.items() if value), default=0)
    return "|".join([name, *(fields.get(number, "") for number in range(1, last + 1))])


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y%m%d%H%M%S%z}" if moment else ""


def _day(day: date | None) -> str:
    return f"{day:%Y%m%d}" if day else ""


def _short(text: str, limit: int = ST) -> str:
    return escape(clean(text, limit))


def _coded(concept: Concept) -> str:
    return f"{escape(concept.value)}^{escape(concept.meaning)}^{SCHEMES.get(concept.scheme, 'L')}"


def _msh(report: ExportedReport, processing: str) -> str:
    # MSH-1 is the separator itself, so every number here is one less.
    fields = {
        1: "^~\\&",
        2: PRODUCT.upper(),
        3: _short(report.site_name, 20),
        6: _time(report.issued_at),
        8: "ORU^R01^ORU_R01",
        9: control_id(report),
        10: processing,
        11: "2.5.1",
        17: "UNICODE UTF-8",
    }
    return _segment("MSH", fields)


def _xpn(name: NameParts) -> str:
    parts = [escape(part) for part in (name.family, name.given, name.middle, name.suffix, name.prefix)]
    return "^".join([*parts, "", "L", SCRIPT_CODES[name.script]])


def _pid(report: ExportedReport) -> str:
    patient = report.patient
    authority = _short(patient.issuer or report.site_slug, 64)
    # PID-3 and PID-5 are required: images without a PatientID are known by their study, and by no type of number.
    unidentified = f"{_short(report.study_uid, 64)}^^^{PRODUCT.upper()}^U"
    return _segment(
        "PID",
        {
            1: "1",
            3: f"{_short(patient.patient_id, 64)}^^^{authority}^MR" if patient.patient_id else unidentified,
            5: "~".join(_xpn(name) for name in name_parts(patient.name)) or UNNAMED,
            7: _day(patient.birth_date),
            8: patient.sex if patient.sex in ("F", "M", "O") else "U",
        },
    )


def _pv1() -> str:
    # Class N: not applicable. The class of the visit is not known here, and a wrong one moves patients.
    return _segment("PV1", {1: "1", 2: "N"})


def _orc(report: ExportedReport) -> str:
    return _segment(
        "ORC",
        {1: "RE", 2: _short(report.accession_number, 50), 3: _filler(report), 5: "CM" if report.is_final else "IP"},
    )


def _filler(report: ExportedReport) -> str:
    return f"{_short(report.site_slug, 50)}-{report.report_id}^{PRODUCT.upper()}"


def _obr(report: ExportedReport) -> str:
    procedure = codes.procedure(report.programme)
    text = _short(report.description or report.title)
    return _segment(
        "OBR",
        {
            1: "1",
            2: _short(report.accession_number, 50),
            3: _filler(report),
            4: f"{procedure.value}^{escape(procedure.meaning)}^LN^^{text}^L",
            7: _time(report.study_at),
            18: _short(report.accession_number, 60),
            22: _time(report.issued_at),
            24: "RAD",
            25: RESULT_STATUS[report.state],
            32: _reader(report.signer),
            # Assistant result interpreter: who signed the same text after the principal one.
            33: "~".join(_reader(each.signer) for each in report.cosigners),
        },
    )


def _reader(signer: ExportedSigner) -> str:
    """NDL: the name is a CNN, its parts subcomponents."""
    family, given = signer.components
    return "&".join((_short(signer.username, 50), _short(family, 50), _short(given, 50)))


def _observations(report: ExportedReport, pdf: bytes | None) -> list[str]:
    signed = RESULT_STATUS[report.state]
    found: list[dict[int, str]] = []
    for section in report.sections:
        if section.text:
            concept = f"{_coded(codes.heading(section.name)[0])}^^{_short(section.title)}^L"
            status = _section_status(report, section.name, section.text)
            found.append({2: "FT", 3: concept, 4: section.name, 5: escape_lines(section.text), 11: status})
    if report.replaced is not None:
        kept = {section.name for section in report.sections if section.text}
        for name in report.replaced:
            if name not in kept:
                found.append({2: "FT", 3: _coded(codes.heading(name)[0]), 4: name, 11: "D"})
    if report.category is not None:
        assessed, value = codes.category_concepts(report.category)
        said = f"{report.category.scheme} {report.category.value}{report.category.modifier}"
        found.append({2: "CWE", 3: _coded(assessed), 5: f"{_coded(value)}^^^^^^{escape(said)}", 11: signed})
    found += _answers(report)
    state = codes.AI_STATES.get(report.ai_state, codes.AI_STATES["pending"])
    found.append({2: "CWE", 3: _coded(codes.AI_STATE), 5: _coded(state), 11: _by_model(report)})
    for finding in report.findings:
        found += _measured(report, finding)
    if pdf is not None:
        data = base64.b64encode(pdf).decode("ascii")
        what = _coded(codes.DIAGNOSTIC_REPORT)
        found.append({2: "ED", 3: what, 5: f"^application^pdf^Base64^{data}", 11: signed})
    observed, moment = _time(report.study_at), _time(report.issued_at)
    return [
        _segment("OBX", {1: str(number), 14: observed, 19: moment, **fields})
        for number, fields in enumerate(found, start=1)
    ]


def _section_status(report: ExportedReport, name: str, text: str) -> str:
    signed = RESULT_STATUS[report.state]
    unchanged = report.replaced is not None and report.replaced.get(name) == text
    return "F" if signed == "C" and unchanged else signed


def _answers(report: ExportedReport) -> list[dict[int, str]]:
    """The coded answers, which were signed with the text: in their status like sections, so that an answer that is as
    receivers have it is F also where the report is C, and one that no longer stands D."""
    signed, before = RESULT_STATUS[report.state], {each.key: each for each in report.answers_replaced}
    found = []
    for answer in report.answers:
        earlier = before.pop(answer.key, None)
        same = earlier is not None and (earlier.given, earlier.value, earlier.unit) == (
            answer.given,
            answer.value,
            answer.unit,
        )
        status = "F" if signed == "C" and same else signed
        told = {**_asked(report, answer), **_given(answer), 11: status, 17: _coded(ORIGINS[answer.origin])}
        if answer.model is not None:
            told[18] = _instance(answer.model)
        found.append(told)
    return found + [{**_asked(report, each), 2: _given(each)[2], 11: "D"} for each in before.values()]


def _asked(report: ExportedReport, answer: ExportedAnswer) -> dict[int, str]:
    finding = report.finding_of(answer)
    # OBX-3 is a CE: a standard's code and ours, and nothing after them.
    asked = "^".join(_coded(each) for each in asked_concepts(answer))
    return {3: asked, 4: str(finding.number) if finding else _short(answer.key, 20)}


def _given(answer: ExportedAnswer) -> dict[int, str]:
    if answer.given:
        return {2: "CWE", 5: "~".join(_choice(found, _short(words)) for found, words in given_concepts(answer))}
    if isinstance(answer.value, str):
        return {2: "TX", 5: escape(answer.value)}
    unit = f"{escape(answer.unit)}^{codes.UNIT_MEANINGS.get(answer.unit, answer.unit)}^UCUM" if answer.unit else ""
    return {2: "NM", 5: f"{answer.value:.10g}", 6: unit}


def _choice(concepts: list[Concept], words: str) -> str:
    """A CWE: one code, or a standard's and ours, and the words (CWE.9)."""
    return f"{'^'.join(_coded(each) for each in concepts)}{'^^^' if len(concepts) == 2 else '^^^^^^'}{words}"


def _instance(model: ExportedModel) -> str:
    return f"{_short(model.version, 50)}^{PRODUCT.upper()}^{model.sha256}^L"


def _by_model(report: ExportedReport) -> str:
    return "R" if report.is_final else "P"


def _measured(report: ExportedReport, finding: ExportedFinding) -> list[dict[int, str]]:
    """What the model said of one finding: its kind, then its numbers, held together by OBX-4."""
    model = finding.model
    shared = {
        4: str(finding.number),
        11: _by_model(report),
        17: f"{_short(model.name, 20)}^{_short(f'{model.name} {model.version}')}^{codes.OWN_SCHEME}",
        18: _instance(model),
    }
    kind = codes.finding_concept(finding.type)
    place = _short(finding.location)
    found = [{2: "CWE", 3: "121071^Finding^DCM", 5: f"{_coded(kind)}^^^^^^{place}", **shared}]
    for number in codes.numbers_of(finding):
        unit = "" if number.unit == "1" else f"{escape(number.unit)}^{codes.UNIT_MEANINGS[number.unit]}^UCUM"
        name = _coded(number.name) + ("^^Mean^L" if number.mean else "")
        found.append({2: "NM", 3: name, 5: f"{number.value:.10g}", 6: unit, **shared})
    return found
