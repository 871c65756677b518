"""What every answer of the interface may be besides its success, written into its description in one place."""

from __future__ import annotations

from typing import Any

# A sentence under "detail", or the sentences to each field under its name.
PROBLEM = {"type": "object", "additionalProperties": {}}
_SAID = {
    "400": "what was asked or sent is not understood, with a sentence",
    "401": "nobody is signed in",
    "403": "not allowed, with a sentence",
    "404": "there is nothing here, or the caller may not see it",
    "406": "none of what the caller accepts can be given",
    "411": "the length of the body is missing",
    "413": "the body is too large",
    "415": "the body is of another kind than is taken here",
    "416": "the range lies outside the file",
    "429": "too many of these in too short a time; Retry-After says how long to wait",
}


def describe_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A post-processing hook of drf-spectacular. What an operation says of itself stays."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for code in _codes(path, method):
                operation["responses"].setdefault(code, _answer(code))
    return result


def _codes(path: str, method: str) -> list[str]:
    codes = ["400", "401", "403", "406", "429"]
    codes += ["404"] if "{" in path else []
    codes += ["411", "413", "415"] if method in ("post", "put", "patch") else []
    return codes + (["416"] if path.endswith("/file/") else [])


def _answer(code: str) -> dict[str, Any]:
    if code == "416":
        return {"description": _SAID[code]}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": _SAID[code], "content": content}
