"""Servers in containers: each kept by a small process, which removes it when its owner is gone."""
