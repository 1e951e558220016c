"""Replays: backfills as simulations of their own, and whether they may run again."""
