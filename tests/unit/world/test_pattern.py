"""Which pattern speaks for a task instance."""

import pytest

from harness.world.pattern import Subject, fault_of, speaking

CLASSES = ("shop.operators.NightlySpark", "vendor.spark.SparkSubmitOperator", "airflow.sdk.BaseOperator")
THIRD = Subject("sales", "tier.load", 3, "2025-01-05T00:00:00Z", CLASSES)

FROM_FAR_TO_NEAR = [
    "*",
    "*.load",
    "sales.tier.l*",
    "*load@2025-01",
    "*load[3]",
    "*load[3]@2025-01-05",
    "BaseOperator",
    "vendor.spark.SparkSubmitOperator",
    "SparkSubmitOperator@2025-01-05",
    "shop.operators.NightlySpark",
    "tier.load",
    "tier.load[3]",
    "sales.tier.load",
    "sales.tier.load@2025",
    "sales.tier.load[3]",
    "sales.tier.load[3]@2025-01-05",
]


@pytest.mark.parametrize("many", range(1, len(FROM_FAR_TO_NEAR) + 1))
@pytest.mark.parametrize("turned", [False, True])
def test_the_nearest_speaks_in_whatever_order_they_stand(many, turned):
    given = FROM_FAR_TO_NEAR[:many]
    entries = dict.fromkeys(reversed(given) if turned else given)
    assert speaking(entries, *THIRD) == given[-1]


@pytest.mark.parametrize(
    "text",
    [
        "load",  # the task's id is tier.load
        "sales",
        "sal*",  # without a dot: of task ids
        "spark.SparkSubmitOperator",
        "sales.tier.load[1]",
        "sales.tier.load@2025-01-06",
        "sales.tier.load[3]@2024",
        "SALES.tier.load",
        "object",
    ],
)
def test_what_does_not_speak_of_it(text):
    assert speaking({text: None}, *THIRD) is None


def test_a_date_behind_a_map_index_is_the_beginning_of_one():
    for text in ("a", "a@2025", "a[3]@2025-01", "a@2025-01-05", "a@2025-01-05T06", "a@2025-01-05T06:30:00Z"):
        assert fault_of(text) is None
    for text in ("a@", "a@5", "a@2025-1-5", "a@today", "a@2025-01-05[3]", "", " "):
        assert fault_of(text) is not None, text
