"""The work of a night: which step needs which, and what is in the baskets, all rows at once or one after the other."""

NEEDS = {
    "orders": [],
    "returns": [],
    "stock": [],
    "prices": [],
    "customers": [],
    "visits": [],
    "suppliers": [],
    "clean": ["orders", "returns"],
    "levels": ["stock", "suppliers"],
    "margins": ["prices", "orders"],
    "sessions": ["visits"],
    "segments": ["customers", "sessions"],
    "basket": ["clean", "margins"],
    "report": ["basket", "levels", "segments"],
}
ROWS = 100_000


def rows():
    """The night's baskets, as a database's cursor gives them."""
    return ({"basket": number, "pieces": number % 7, "note": f"basket {number}"} for number in range(ROWS))


def all_at_once():
    """Pieces as they were counted: a list of all baskets, and then the sum."""
    every = list(rows())
    return sum(row["pieces"] for row in every)


def row_by_row():
    """The same, with one basket in memory."""
    return sum(row["pieces"] for row in rows())
