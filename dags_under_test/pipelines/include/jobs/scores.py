"""What runs in the container: how suspicious each payment of a day is.

Payments are read from the folder ``$PAYMENTS``; how many are suspicious goes to Airflow, as a pod says it.
"""

import argparse
import csv
import json
import os
import sys
from pathlib import Path

NO_PAYMENTS = 3
RETURNS = os.environ.get("AIRFLOW_HARNESS_XCOM", "/airflow/xcom/return.json")


def main():
    """Exit code 3 where the day has no payments."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--day", required=True)
    parser.add_argument("--threshold", type=float, required=True)
    asked = parser.parse_args()
    file = Path(os.environ["PAYMENTS"], f"{asked.day}.csv")
    if not file.exists():
        print(f"no payments of {asked.day}")
        return NO_PAYMENTS
    with file.open() as lines:
        rows = list(csv.DictReader(lines))
    most = max(float(row["amount"]) for row in rows)
    suspicious = [int(row["id"]) for row in rows if float(row["amount"]) / most > asked.threshold]
    Path(RETURNS).write_text(json.dumps({"payments": len(rows), "suspicious": suspicious}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
