"""Kafka: a broker of librdkafka's in this process, or servers that run already."""
