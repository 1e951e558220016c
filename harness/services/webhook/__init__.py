"""A server that takes every message for a chat or an incident service, and passes none on."""
