"""Threads under virtual time: those of processes, kept in step; what they wait for, and where they stand."""
