"""What Twilio's official OpenAPI description allows in a request and promises in an answer.

The description is twilio/twilio-oai ``spec/json/twilio_api_v2010.json`` (commit d50069b, 2026-04-14). It
is large and lies beside the project; without it the narrower schemas below serve.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

DESCRIPTION = Path(__file__).parents[3].parent / "shared" / "data" / "sms" / "twilio_api_v2010.json.gz"
PATH = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
MESSAGE = "api.v2010.account.message"

Pairs = Iterable[tuple[str, str]]
Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_SERVICE: Schema = {"type": "string", "pattern": "^MG[0-9a-fA-F]{32}$"}
_NARROW_REQUEST: Schema = {
    "type": "object",
    "required": ["To"],
    "properties": {
        "To": _TEXT,
        "From": _TEXT,
        "MessagingServiceSid": _SERVICE,
        "Body": _TEXT,
        "StatusCallback": _TEXT,
        "ValidityPeriod": {"type": "integer"},
        "SmartEncoded": {"type": "boolean"},
    },
}
_NARROW_QUERY: Schema = {
    "type": "object",
    "properties": {
        "To": _TEXT,
        "From": _TEXT,
        "DateSent": _TEXT,
        "DateSent<": _TEXT,
        "DateSent>": _TEXT,
        "PageSize": {"type": "integer", "minimum": 1, "maximum": 1000},
        "Page": {"type": "integer", "minimum": 0},
        "PageToken": _TEXT,
    },
}
_NARROW_MESSAGE: Schema = {
    "type": "object",
    "required": ["sid", "status", "to", "from", "body", "num_segments", "date_created", "error_code"],
    "properties": {
        "sid": {"type": "string", "pattern": "^(SM|MM)[0-9a-fA-F]{32}$"},
        "num_segments": _TEXT,
        "error_code": {"type": ["integer", "null"]},
    },
}


class Contract:
    """Finds what is wrong with requests and answers; an empty list means nothing is."""

    def __init__(self, description: Path = DESCRIPTION) -> None:
        self.official = description.exists()
        request, query, message = _official(description) if self.official else _narrow()
        self._request, self._query = Form(request), Form(query)
        self._message = Draft202012Validator(message)

    def request_problems(self, pairs: Pairs) -> list[str]:
        """What is wrong with the form of a POST."""
        return self._request.problems(pairs)

    def query_problems(self, pairs: Pairs) -> list[str]:
        """What is wrong with the query string of a list request."""
        return self._query.problems(pairs)

    def message_problems(self, message: dict[str, Any]) -> list[str]:
        """What is wrong with a Message that the stand-in would answer."""
        return [f"{error.json_path}: {error.message}" for error in self._message.iter_errors(message)]


class Form:
    """Checks form parameters, which are all text, against a JSON schema."""

    def __init__(self, schema: Schema) -> None:
        self._properties = schema["properties"]
        self._validator = Draft202012Validator({**schema, "additionalProperties": False})

    def problems(self, pairs: Pairs) -> list[str]:
        values: dict[str, list[str]] = {}
        for name, value in pairs:
            values.setdefault(name, []).append(value)
        repeated = [name for name, given in values.items() if len(given) > 1 and not self._is_list(name)]
        typed = {name: self._typed(name, given) for name, given in values.items()}
        errors = [f"{error.json_path}: {error.message}" for error in self._validator.iter_errors(typed)]
        return errors + [f"$.{name}: given {len(values[name])} times" for name in repeated]

    def _is_list(self, name: str) -> bool:
        return self._properties.get(name, {}).get("type") == "array"

    def _typed(self, name: str, given: list[str]) -> Any:
        kind, value = self._properties.get(name, {}).get("type"), given[0]
        if kind == "array":
            return given
        if kind == "integer" and re.fullmatch(r"-?\d+", value):
            return int(value)
        if kind == "boolean" and value in ("true", "false"):
            return value == "true"
        return value


def _official(description: Path) -> tuple[Schema, Schema, Schema]:
    with gzip.open(description) as file:
        document = json.load(file)
    operations = document["paths"][PATH]
    body = operations["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    listed = [parameter for parameter in operations["get"]["parameters"] if parameter["in"] == "query"]
    query = {"type": "object", "properties": {parameter["name"]: parameter["schema"] for parameter in listed}}
    schemas = document["components"]["schemas"]
    message = {**schemas[MESSAGE], "required": sorted(schemas[MESSAGE]["properties"])}
    return _plain(body, schemas), _plain(query, schemas), _plain(message, schemas)


def _narrow() -> tuple[Schema, Schema, Schema]:
    return _NARROW_REQUEST, _NARROW_QUERY, _NARROW_MESSAGE


def _plain(schema: Any, schemas: dict[str, Any]) -> Any:
    """OpenAPI 3.0 as JSON schema: references resolved, ``nullable`` spelled out."""
    if isinstance(schema, list):
        return [_plain(item, schemas) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _plain(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    plain = {key: _plain(value, schemas) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain
