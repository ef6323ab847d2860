"""The Price List Query API of the local AWS: the course's own prices, in AWS's shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from own_cloud import OwnCloud

from helpers.money import costs


@pytest.fixture
def pricing(local_aws: OwnCloud) -> Any:
    return local_aws.client("pricing")


def products(pricing: Any, code: str, **attributes: str) -> list[dict[str, Any]]:
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in attributes.items()]
    pages = pricing.get_paginator("get_products").paginate(ServiceCode=code, Filters=filters)
    return [json.loads(text) for page in pages for text in page["PriceList"]]


def dimensions(product: dict[str, Any]) -> list[dict[str, Any]]:
    (term,) = product["terms"]["OnDemand"].values()
    return list(term["priceDimensions"].values())


def test_a_training_instance_has_the_price_of_the_table(pricing: Any) -> None:
    (product,) = products(pricing, "AmazonSageMaker", instanceName="ml.m5.large", component="Training")
    (dimension,) = dimensions(product)
    assert float(dimension["pricePerUnit"]["USD"]) == costs.price("SageMaker AI", "ml.m5.large Training").usd
    assert dimension["unit"] == "Hrs"
    assert product["product"]["attributes"]["usagetype"] == "USE1-Train:ml.m5.large"
    assert product["publicationDate"] == "2026-08-11T00:00:00Z"


def test_a_product_in_tiers_has_a_dimension_for_each(pricing: Any) -> None:
    (product,) = products(pricing, "comprehend", usagetype="USE1-DetectSentiment")
    tiers = [(d["beginRange"], d["endRange"], float(d["pricePerUnit"]["USD"])) for d in dimensions(product)]
    assert tiers == [
        ("0", "10000000", 0.0001),
        ("10000000", "50000000", 0.00005),
        ("50000000", "Inf", 0.000025),
    ]


def test_a_price_for_a_thousand_is_listed_for_one_as_on_aws(pricing: Any) -> None:
    (product,) = products(pricing, "AmazonS3", usagetype="Requests-Tier1")
    assert float(dimensions(product)[0]["pricePerUnit"]["USD"]) == pytest.approx(0.005 / 1000)


def test_an_unverified_price_says_so_in_its_description(pricing: Any) -> None:
    (product,) = products(pricing, "AmazonSageMaker", usagetype="USE1-Tsform:ml.m5.large")
    assert "(unverified)" in dimensions(product)[0]["description"]


def test_the_filters_that_aws_documents_beside_attributes_work(pricing: Any) -> None:
    every = products(pricing, "AWSGlue")
    assert products(pricing, "AWSGlue", ServiceCode="AWSGlue", termType="OnDemand") == every
    assert products(pricing, "AWSGlue", ServiceCode="AmazonS3") == []


def test_every_attribute_of_a_service_has_values(pricing: Any) -> None:
    (service,) = pricing.describe_services(ServiceCode="AWSGlue")["Services"]
    for name in service["AttributeNames"]:
        assert pricing.get_attribute_values(ServiceCode="AWSGlue", AttributeName=name)["AttributeValues"]


def test_all_filters_must_fit(pricing: Any) -> None:
    assert products(pricing, "AmazonSageMaker", instanceName="ml.m5.large", component="nothing") == []


def test_the_other_filter_types_work_too(pricing: Any) -> None:
    def count(kind: str, value: str) -> int:
        chosen = [{"Type": kind, "Field": "usagetype", "Value": value}]
        return len(pricing.get_products(ServiceCode="AWSGlue", Filters=chosen)["PriceList"])

    every = len(pricing.get_products(ServiceCode="AWSGlue")["PriceList"])
    assert count("CONTAINS", "Crawler") == count("EQUALS", "USE1-Crawler-DPU-Hour") == 1
    assert count("ANY_OF", "USE1-Crawler-DPU-Hour,USE1-ETL-DPU-Hour") == 2
    assert count("NONE_OF", "USE1-Crawler-DPU-Hour") == every - 1


def test_small_pages_together_are_the_whole_list(pricing: Any) -> None:
    whole = products(pricing, "AmazonSageMaker")
    pages = pricing.get_paginator("get_products").paginate(
        ServiceCode="AmazonSageMaker", PaginationConfig={"PageSize": 7}
    )
    texts = [text for page in pages for text in page["PriceList"]]
    assert [json.loads(text) for text in texts] == whole
    assert len({product["product"]["sku"] for product in whole}) == len(whole) > 7


def test_a_service_is_described_with_the_attributes_that_its_products_have(pricing: Any) -> None:
    (service,) = pricing.describe_services(ServiceCode="AmazonSageMaker")["Services"]
    assert {"instanceName", "component", "usagetype", "regionCode"} <= set(service["AttributeNames"])


def test_all_services_are_those_of_the_course(pricing: Any) -> None:
    codes = {service["ServiceCode"] for service in pricing.describe_services()["Services"]}
    assert {"AmazonSageMaker", "AWSGlue", "AmazonS3", "AmazonAthena", "comprehend", "AmazonTextract"} <= codes


def test_the_values_of_an_attribute_are_each_listed_once(pricing: Any) -> None:
    answer = pricing.get_attribute_values(ServiceCode="AmazonSageMaker", AttributeName="component")
    values = [value["Value"] for value in answer["AttributeValues"]]
    assert len(values) == len(set(values))
    assert {"Training", "Hosting", "Processing"} <= set(values)


@pytest.mark.parametrize(
    ("operation", "arguments", "code", "words"),
    [
        ("get_products", {"ServiceCode": "AmazonRDS"}, "NotFoundException", "no prices of AmazonRDS"),
        ("describe_services", {"ServiceCode": "AmazonRDS"}, "NotFoundException", "AmazonRDS"),
        ("get_products", {"ServiceCode": "AWSGlue", "NextToken": "x"}, "InvalidNextTokenException", "NextToken"),
        ("get_products", {"ServiceCode": "AWSGlue", "FormatVersion": "v2"}, "InvalidParameterException", "v2"),
        ("get_attribute_values", {"ServiceCode": "AWSGlue", "AttributeName": "x"}, "NotFoundException", "attribute x"),
        (
            "get_products",
            {"ServiceCode": "AWSGlue", "Filters": [{"Type": "LIKE", "Field": "a", "Value": "b"}]},
            "InvalidParameterException",
            "enum value set",
        ),
    ],
)
def test_what_is_wrong_is_named(pricing: Any, operation: str, arguments: Any, code: str, words: str) -> None:
    with pytest.raises(ClientError, match=words) as failure:
        getattr(pricing, operation)(**arguments)
    assert failure.value.response["Error"]["Code"] == code
