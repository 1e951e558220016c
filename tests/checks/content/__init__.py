"""Checks of what tasks and their texts say."""
