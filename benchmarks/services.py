"""Services beside testcontainers and `mock_aws`: the start, and what each test pays (`benchmarks.services_case`)."""

from __future__ import annotations

import os
import statistics
from importlib.util import find_spec
from typing import Any

from benchmarks.processes import case

IMAGE = "BENCHMARK_POSTGRES_IMAGE"
"""Environment variable: the image that testcontainers starts; without it that side is not measured."""


def figures(repetitions: int) -> dict[str, float]:
    """Medians over processes."""
    cases = [("postgres",), ("s3",), ("mock_aws",)]
    image = os.environ.get(IMAGE)
    if image and find_spec("testcontainers") is not None:
        cases.append(("testcontainers", image))
    found: dict[str, float] = {}
    for arguments in cases:
        ran = [case("services_case.py", *arguments) for _ in range(repetitions)]
        found |= {name: statistics.median(one[name] for one in ran) for name in ran[0]}
    return found


def rows(figures: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """What the table says of them; nothing where they were never measured."""
    if "postgres_start_s" not in figures:
        return []
    container = "postgres_testcontainers_start_s" in figures
    return [
        (
            "PostgreSQL: its start, once a run",
            f"{figures['postgres_start_s']:.1f} s",
            f"{figures['postgres_testcontainers_start_s']:.1f} s, testcontainers" if container else "",
            _times("postgres_testcontainers_start_s", "postgres_start_s", figures),
        ),
        (
            "PostgreSQL: a test, its database with 1,000 seeded rows",
            f"{figures['postgres_test_ms']:.0f} ms",
            f"{figures['postgres_testcontainers_test_ms']:.0f} ms, testcontainers" if container else "",
            _times("postgres_testcontainers_test_ms", "postgres_test_ms", figures),
        ),
        (
            "S3: its start with the first bucket, once a process",
            f"{figures['s3_start_s']:.1f} s",
            f"{figures['s3_mock_aws_start_s']:.1f} s, `mock_aws`",
            _times("s3_mock_aws_start_s", "s3_start_s", figures),
        ),
        (
            "S3: a test that makes a bucket, writes, lists",
            f"{figures['s3_test_ms']:.0f} ms",
            f"{figures['s3_mock_aws_test_ms']:.0f} ms, `mock_aws`",
            _times("s3_mock_aws_test_ms", "s3_test_ms", figures),
        ),
    ]


def _times(beside: str, ours: str, figures: dict[str, Any]) -> str:
    if beside not in figures:
        return ""
    ratio = figures[beside] / figures[ours]
    return f"{ratio:.1f}× faster" if ratio >= 1 else f"{1 / ratio:.1f}× slower"
