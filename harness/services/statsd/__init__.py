"""A StatsD server that keeps the metrics it is sent."""
