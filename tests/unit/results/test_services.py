"""What became of services reads in a line, and adds up over connections."""

from __future__ import annotations

from harness.results.services import Heard, PartChange, ServiceUse, totals

WAREHOUSE = ServiceUse(
    "warehouse", "postgres", (PartChange("a", "table", "row", 2), PartChange("b", "table", "row", 0, 1))
)
MAIL = ServiceUse("smtp_default", "smtp", heard=(Heard("mail", "To: a@b.c"), Heard("mail", "To: d@e.f")))
SEVERAL = (WAREHOUSE, ServiceUse("idle", "postgres"), MAIL)


def test_a_use_in_a_line() -> None:
    assert [str(use) for use in SEVERAL] == [
        "warehouse (postgres)  table a: 2 rows added; table b: 1 row removed",
        "idle (postgres)  nothing came of it",
        "smtp_default (smtp)  2 mails",
    ]


def test_all_of_them_in_a_few_words() -> None:
    assert totals(SEVERAL) == "2 mails, 2 tables changed"
    assert totals([ServiceUse("idle", "postgres")]) == ""
