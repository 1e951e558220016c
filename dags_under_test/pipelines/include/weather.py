"""What stations measure, as the warehouse wants it."""

import pandas as pd

CITIES = ["graz", "lyon", "oslo", "porto"]


def cleaned(readings):
    """A row a city and day: degrees Fahrenheit, whoever measured in Celsius.

    Args:
        readings: ``{"city", "day", "celsius"}`` of each.
    """
    frame = pd.DataFrame(readings)
    frame["fahrenheit"] = (frame["celsius"] * 9 / 5 + 32).round(1)
    return frame[["city", "day", "fahrenheit"]].sort_values("city").to_dict("records")
