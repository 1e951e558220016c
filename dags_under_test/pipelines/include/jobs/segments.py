"""The Spark job: how much each customer spent until a day, and which segment that puts them into."""

import argparse

from pyspark.sql import SparkSession
from pyspark.sql import functions as f


def main():
    """Read orders (CSV), write segments (CSV)."""
    parser = argparse.ArgumentParser()
    for name in ("day", "orders", "segments"):
        parser.add_argument(f"--{name}", required=True)
    asked = parser.parse_args()
    spark = SparkSession.builder.getOrCreate()
    orders = spark.read.csv(asked.orders, header=True, schema="customer int, day date, amount double")
    spent = orders.where(f.col("day") <= asked.day).groupBy("customer").agg(f.sum("amount").alias("spent"))
    segment = f.when(f.col("spent") >= 100, "gold").when(f.col("spent") >= 20, "silver").otherwise("new")
    spent.withColumn("segment", segment).coalesce(1).write.csv(asked.segments, header=True, mode="overwrite")
    spark.stop()


if __name__ == "__main__":
    main()
