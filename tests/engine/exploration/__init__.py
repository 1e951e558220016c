"""Exploration and strategies, against real Dags."""
