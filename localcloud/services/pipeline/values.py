"""The values in a pipeline definition: constants, and expressions that get their value when a step starts.

An expression is `{"Get": path}`, `{"Std:Join": {"On", "Values"}}` or
`{"Std:JsonGet": {"PropertyFile" or "S3Uri", "Path"}}`.
Source: https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.jobs import s3io

FUNCTIONS = ("Get", "Std:Join", "Std:JsonGet")
MAXIMUM_JSON_BYTES = 2**20
_TOKEN = re.compile(r"""\.?([^.\[\]'"]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]""")
Token = str | int


class Unresolved(Exception):
    """An expression has no value; the message is fit for a step's FailureReason."""


@dataclass
class Scope:
    """Where the expressions of one step find their values.

    Args:
        execution: `Execution.<name>` values.
        properties: what is known of each step that has succeeded.
        property_file: (step, name) -> the file's address on S3.
        read: the bytes at an address on S3.
    """

    parameters: dict[str, Any]
    execution: dict[str, str]
    properties: dict[str, Any]
    property_file: Callable[[str, str], str]
    read: Callable[[str], bytes]
    _files: dict[str, Any] = field(default_factory=dict)

    def json_at(self, uri: str) -> Any:
        if uri not in self._files:
            try:
                self._files[uri] = json.loads(self.read(uri))
            except ValueError as error:
                raise Unresolved(f"{uri} does not hold JSON: {error}") from None
        return self._files[uri]


def read_s3(s3: Any, uri: str) -> bytes:
    """The small file at an address.

    Raises:
        Unresolved: it is not there, or larger than 1 MiB.
    """
    try:
        bucket, key = s3io.parse_uri(uri)
        answer = s3.get_object(Bucket=bucket, Key=key)
    except s3io.TransferFailed as error:
        raise Unresolved(str(error)) from None
    except ClientError as error:
        raise Unresolved(f"{uri} cannot be read: {error.response['Error'].get('Message', error)}") from None
    except BotoCoreError as error:  # no name of a bucket, or no key
        raise Unresolved(f"{uri} cannot be read: {error}") from None
    if answer["ContentLength"] > MAXIMUM_JSON_BYTES:
        raise Unresolved(f"{uri} is larger than {MAXIMUM_JSON_BYTES} bytes.")
    content: bytes = answer["Body"].read()
    return content


def function_of(value: Any) -> str | None:
    """The name of an expression's function, or None when the value is no expression."""
    if isinstance(value, dict) and len(value) == 1:
        name = str(next(iter(value)))
        if name == "Get" or name.startswith("Std:"):
            return name
    return None


def expressions(value: Any) -> Iterator[dict[str, Any]]:
    """All expressions in a value, those inside other expressions too."""
    if function_of(value):
        yield value
    if isinstance(value, dict):
        for item in value.values():
            yield from expressions(item)
    elif isinstance(value, list):
        for item in value:
            yield from expressions(item)


def parse_path(text: str) -> list[Token]:
    """`Steps.s.List[0].Map['k']` -> ["Steps", "s", "List", 0, "Map", "k"]. A leading `$` of JsonPath is left out.

    Raises:
        Unresolved: it is no such path; wildcards, slices and filters of JsonPath are not offered.
    """
    text = text.removeprefix("$")
    tokens: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() != end:
            break
        end = match.end()
        name, index, single, double = match.groups()
        tokens.append(int(index) if index is not None else next(x for x in (name, single, double) if x is not None))
    if end != len(text) or not tokens or "*" in tokens:
        raise Unresolved(f"'{text}' is not a path of names and indices, as in metrics.accuracy.value or items[0].")
    return tokens


def follow(value: Any, tokens: list[Token]) -> Any:
    """What is at a path. In a list, a name finds the item of that name: `Outputs['train']`, `InputDataConfig['train']`.

    Raises:
        KeyError: nothing is there.
    """
    for token in tokens:
        if isinstance(value, list) and isinstance(token, str):
            value = next((item for item in value if _is_named(item, token)), None)
            if value is None:
                raise KeyError(token)
        elif isinstance(value, dict | list):
            found: Any = value
            try:
                value = found[token]
            except (IndexError, TypeError):
                raise KeyError(token) from None
        else:
            raise KeyError(token)
    return value


def _is_named(item: Any, name: str) -> bool:
    return isinstance(item, dict) and any(key.endswith("Name") and item[key] == name for key in item)


def resolve(value: Any, scope: Scope) -> Any:
    """The value with all its expressions replaced by what they mean now, without the members that are null.

    Raises:
        Unresolved: with the expression and why it has no value.
    """
    function = function_of(value)
    if function == "Get":
        return _get(value["Get"], scope)
    if function == "Std:Join":
        parts = [resolve(item, scope) for item in value[function].get("Values", [])]
        return str(value[function].get("On", "")).join(_text(part) for part in parts)
    if function == "Std:JsonGet":
        return _json_get(value[function], scope)
    if isinstance(value, dict):
        return {key: resolve(item, scope) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [resolve(item, scope) for item in value]
    return value


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise Unresolved(f"Std:Join joins texts and numbers, not {json.dumps(value)[:100]}.")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _get(path: str, scope: Scope) -> Any:
    kind, name, *rest = parse_path(path)
    source: Any = {"Parameters": scope.parameters, "Execution": scope.execution, "Steps": scope.properties}[str(kind)]
    try:
        return follow(source[name], rest)
    except KeyError:
        raise Unresolved(f"{path} has no value.") from None


def _json_get(arguments: dict[str, Any], scope: Scope) -> Any:
    if "PropertyFile" in arguments:
        _, step, _, name = parse_path(arguments["PropertyFile"]["Get"])
        uri = scope.property_file(str(step), str(name))
    else:
        uri = resolve(arguments["S3Uri"], scope)
        if not isinstance(uri, str):
            raise Unresolved(f"The S3Uri of Std:JsonGet must be a text, not {json.dumps(uri)[:100]}.")
    try:
        return follow(scope.json_at(uri), parse_path(arguments["Path"]))
    except KeyError:
        raise Unresolved(f"{uri} has nothing at the path {arguments['Path']}.") from None
