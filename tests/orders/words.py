"""Messages that tests send: whole ones, of which a test changes the segment that it is about."""

from __future__ import annotations

OMI = {
    "MSH": "MSH|^~\\&|RIS|NORTH|FIRSTREAD|NORTH|20261121093000||OMI^O23^OMI_O23|C77|P|2.5.1",
    "PID": "PID|1||PAT77^^^NORTH^MR||Test^Anna^Maria^Jr.^Dr.||19600229|F",
    "PV1": "PV1|1|O|WARD1",
    "ORC": "ORC|NW|P-77|F-77|||||||||D7^Lind^Ada^^^Dr.",
    "TQ1": "TQ1|1||||||202611220815||S",
    "OBR": (
        "OBR|1|P-77|F-77|CTLD^CT chest, low dose^L|||||||||Cough \\T\\ weight loss|||||||||||CT"
        "|||||||^Smoker, 40 pack years"
    ),
    "NTE": "NTE|1||Second line\\.br\\of a note",
    "IPC": "IPC|ACC77|R77|1.2.3.77|S77|CT||CT-ONE|ROOM2|CT1",
}
ADT_A08 = {
    "MSH": "MSH|^~\\&|RIS|NORTH|FIRSTREAD|NORTH|20261121093000||ADT^A08^ADT_A01|C80|P|2.5.1",
    "PID": "PID|1||PAT77^^^NORTH^MR||Newname^Anna||19600301|F",
}
ADT_A40 = {
    "MSH": "MSH|^~\\&|RIS|NORTH|FIRSTREAD|NORTH|20261121093000||ADT^A40^ADT_A39|C90|P|2.5.1",
    "PID": "PID|1||PAT77^^^NORTH^MR||Test^Anna||19600229|F",
    "MRG": "MRG|PAT99^^^NORTH^MR",
}


def message(kind: dict[str, str], *, charset: str = "", codec: str = "utf-8", **changes: str) -> bytes:
    """The message with segments changed; an empty one is left out."""
    segments = {**kind, **changes}
    if charset:
        segments["MSH"] = f"{segments['MSH']}||||||{charset}"
    return "".join(f"{segment}\r" for segment in segments.values() if segment).encode(codec)
