"""What happens around the Dags of a world and not through them: events, and what goes wrong."""
