"""Custom CSV classifiers: CreateClassifier and its like. Grok, XML and JSON classifiers are refused by name.

Source: https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html
"""

from __future__ import annotations

import time

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.crawling.crawl import CLASSIFIER
from localcloud.services.glue import cut
from localcloud.services.glue_arguments import invalid
from localcloud.services.registry import Params, operation

_SETTINGS = (
    *("Name", "Delimiter", "QuoteSymbol", "ContainsHeader", "Header"),
    *("DisableValueTrimming", "AllowSingleColumn", "Serde"),
)


def _csv(params: Params) -> Params:
    """The settings of the one classifier in a request, checked by themselves."""
    others = [kind for kind, settings in params.items() if settings and kind != "CsvClassifier"]
    if others:
        raise invalid(f"{others[0]} is not offered; the local AWS has custom CSV classifiers.")
    if "CsvClassifier" not in params:
        raise invalid("Give a CsvClassifier.")
    given: Params = params["CsvClassifier"]
    if given.get("CustomDatatypeConfigured") or given.get("CustomDatatypes"):
        raise invalid("CsvClassifier: CustomDatatypes are not offered by the local AWS.")
    return {name: given[name] for name in _SETTINGS if name in given}


def _check(settings: Params) -> None:
    if settings.get("QuoteSymbol", '"') == settings.get("Delimiter", ""):
        raise invalid("QuoteSymbol must be different from Delimiter.")
    if settings.get("ContainsHeader") == "ABSENT" and settings.get("Header"):
        raise invalid("ContainsHeader is ABSENT, and there is a Header: give UNKNOWN or PRESENT with it, or no Header.")
    names = [name.lower() for name in settings.get("Header", [])]
    if len(set(names)) < len(names):
        raise invalid("Header holds a name twice; capitals do not count.")


def _find(cloud: Cloud, name: str) -> Params:
    found = cloud.store.get(CLASSIFIER, name)
    if found is None:
        raise ServiceError("EntityNotFoundException", f"Classifier with name {name} does not exist")
    return found


@operation("glue", "CreateClassifier")
def create_classifier(cloud: Cloud, params: Params) -> Params:
    settings = _csv(params)
    _check(settings)
    now = time.time()
    body = {"ContainsHeader": "UNKNOWN", **settings, "CreationTime": now, "LastUpdated": now, "Version": 1}
    if not cloud.store.insert(CLASSIFIER, settings["Name"], body):
        raise ServiceError("AlreadyExistsException", f"Classifier with name {settings['Name']} already exists")
    return {}


@operation("glue", "UpdateClassifier")
def update_classifier(cloud: Cloud, params: Params) -> Params:
    settings = _csv(params)
    old = _find(cloud, settings["Name"])
    _check({**old, **settings})
    changes = {**settings, "LastUpdated": time.time(), "Version": old["Version"] + 1}
    cloud.store.update(CLASSIFIER, settings["Name"], lambda body: body.update(changes))
    return {}


@operation("glue", "GetClassifier")
def get_classifier(cloud: Cloud, params: Params) -> Params:
    return {"Classifier": {"CsvClassifier": _find(cloud, params["Name"])}}


@operation("glue", "GetClassifiers")
def get_classifiers(cloud: Cloud, params: Params) -> Params:
    return cut([{"CsvClassifier": body} for body in cloud.store.all(CLASSIFIER)], params, "Classifiers")


@operation("glue", "DeleteClassifier")
def delete_classifier(cloud: Cloud, params: Params) -> Params:
    _find(cloud, params["Name"])
    cloud.store.delete(CLASSIFIER, params["Name"])
    return {}
