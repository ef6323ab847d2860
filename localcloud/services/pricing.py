"""The Price List Query API (`pricing`): DescribeServices, GetAttributeValues, GetProducts, from the price table.

Only what the table has and AWS's list names is here; `pricelist/offers.py` says which row is which product. SKUs and
rate codes are made here, of AWS's form; all prices are those of the table, with the date of their source.
Source: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from localcloud.cloud import Cloud
from localcloud.protocol import ServiceError
from localcloud.services.registry import Params, operation
from pricelist.offers import Offer, offer, usage_type
from pricelist.table import Price, table

FORMAT = "aws_v1"
_ON_DEMAND, _RATE = "JRTCKXETXF", "6YS6EN2CT7"  # AWS's codes of the on-demand term and of its price dimension
LOCATIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "EU (Ireland)",
}
_NAMES = {
    "AmazonSageMaker": "Amazon SageMaker",
    "AWSGlue": "AWS Glue",
    "AmazonS3": "Amazon Simple Storage Service",
    "AmazonEC2": "Amazon Elastic Compute Cloud",
    "AmazonECR": "Amazon EC2 Container Registry (ECR)",
    "AmazonAthena": "Amazon Athena",
    "AmazonCloudWatch": "AmazonCloudWatch",
    "AmazonTextract": "Amazon Textract",
    "comprehend": "Amazon Comprehend",
}
_FILTERS: dict[str, Callable[[str, str], bool]] = {
    "TERM_MATCH": lambda value, wanted: value == wanted,
    "EQUALS": lambda value, wanted: value == wanted,
    "CONTAINS": lambda value, wanted: wanted in value,
    "ANY_OF": lambda value, wanted: value in wanted.split(","),
    "NONE_OF": lambda value, wanted: value not in wanted.split(","),
}


@operation("pricing", "DescribeServices")
def describe_services(cloud: Cloud, params: Params) -> Params:
    codes = sorted(_products())
    if "ServiceCode" in params:
        codes = [_known(params["ServiceCode"])]
    services = [{"ServiceCode": code, "AttributeNames": _attribute_names(code)} for code in codes]
    return {**_page(services, params, "Services"), "FormatVersion": _format(params)}


@operation("pricing", "GetAttributeValues")
def get_attribute_values(cloud: Cloud, params: Params) -> Params:
    code, name = _known(params["ServiceCode"]), params["AttributeName"]
    values = {_attributes(product).get(name, "") for product in _products()[code]} - {""}
    if not values:
        raise ServiceError("NotFoundException", f"{code} has no attribute {name}. It has: {_attribute_names(code)}.")
    return _page([{"Value": value} for value in sorted(values)], params, "AttributeValues")


@operation("pricing", "GetProducts")
def get_products(cloud: Cloud, params: Params) -> Params:
    products, filters = _products()[_known(params["ServiceCode"])], params.get("Filters", [])
    texts = [json.dumps(product) for product in products if all(_fits(product, one) for one in filters)]
    return {**_page(texts, params, "PriceList"), "FormatVersion": _format(params)}


def _fits(product: Params, one: Params) -> bool:
    field = "servicecode" if one["Field"] == "ServiceCode" else one["Field"]  # the one that has two names
    return _FILTERS[one["Type"]](_attributes(product).get(field, ""), one["Value"])


def _known(code: str) -> str:
    if code not in _products():
        offered = ", ".join(sorted(_products()))
        raise ServiceError(
            "NotFoundException", f"The local AWS has no prices of {code}; it has those of the course: {offered}."
        )
    return code


def _format(params: Params) -> str:
    version: str = params.get("FormatVersion", FORMAT)
    if version != FORMAT:
        raise ServiceError("InvalidParameterException", f"FormatVersion {version} is not known; it is {FORMAT}.")
    return version


def _attributes(product: Params) -> dict[str, str]:
    """What filters look at: the attributes, the product family, and the term."""
    family = product["product"]["productFamily"]
    return {**product["product"]["attributes"], "productFamily": family, "termType": "OnDemand"}


def _attribute_names(code: str) -> list[str]:
    return sorted({name for product in _products()[code] for name in _attributes(product)})


def _products() -> dict[str, list[Params]]:
    """All products by their offer. A product is one usage type in a region; its tiers are its price dimensions."""
    tiers: dict[tuple[str, str, str], list[tuple[Price, Offer]]] = defaultdict(list)
    for row in table():
        place = offer(row)
        if place and row.region in LOCATIONS:
            tiers[place.code, row.region, usage_type(place, row.region)].append((row, place))
    products: dict[str, list[Params]] = defaultdict(list)
    for (code, region, usage), rows in tiers.items():
        products[code].append(_product(code, region, usage, rows))
    return products


def _product(code: str, region: str, usage: str, rows: list[tuple[Price, Offer]]) -> Params:
    sku = base64.b32encode(hashlib.sha256(f"{code} {usage}".encode()).digest()).decode()[:16]
    first, place = rows[0]
    published = max(_instant(row.date) for row, _ in rows)
    attributes = {
        "servicecode": code,
        "servicename": _NAMES[code],
        "location": LOCATIONS[region],
        "locationType": "AWS Region",
        "regionCode": region,
        "usagetype": usage,
        "operation": place.operations[0] if place.operations else "",
        **place.attributes,
    }
    term = f"{sku}.{_ON_DEMAND}"
    dimensions = {}
    for number, (row, tier) in enumerate(sorted(rows, key=lambda pair: pair[1].start)):
        rate = f"{term}.{_RATE}" if not number else f"{term}.{_RATE[:-1]}{chr(ord('A') + number)}"
        dimensions[rate] = _dimension(rate, row, tier)
    return {
        "product": {"productFamily": place.family, "attributes": attributes, "sku": sku},
        "serviceCode": code,
        "terms": {
            "OnDemand": {
                term: {
                    "priceDimensions": dimensions,
                    "sku": sku,
                    "effectiveDate": _instant(first.date),
                    "offerTermCode": _ON_DEMAND,
                    "termAttributes": {},
                }
            }
        },
        "version": "".join(filter(str.isdigit, published)),
        "publicationDate": published,
    }


def _dimension(rate: str, row: Price, tier: Offer) -> dict[str, Any]:
    mark = f" ({row.mark})" if row.mark else ""
    end = "Inf" if math.isinf(tier.end) else f"{tier.end:.0f}"
    return {
        "unit": tier.unit,
        "endRange": end,
        "description": f"{row.item}{mark}: {row.source}",
        "appliesTo": [],
        "rateCode": rate,
        "beginRange": f"{tier.start:.0f}",
        "pricePerUnit": {"USD": f"{row.usd / tier.times:.10f}"},
    }


def _instant(date: str) -> str:
    """A date of the table, which may lack its day or month, as AWS writes an instant; a date unknown is the epoch."""
    parts = [part for part in date.split("-") if part.isdigit()] or ["1970"]
    year, month, day = [*parts, "01", "01"][:3]
    return f"{year}-{month}-{day}T00:00:00Z"


def _page(items: list[Any], params: Params, key: str) -> Params:
    """A page of at most MaxResults items, 100 by default."""
    token = params.get("NextToken", "0")
    if not (token.isdigit() and len(token) < 10) or int(token) > len(items):
        raise ServiceError("InvalidNextTokenException", "The NextToken is not one of this listing.")
    end = int(token) + params.get("MaxResults", 100)
    answer: Params = {key: items[int(token) : end]}
    if end < len(items):
        answer["NextToken"] = str(end)
    return answer
