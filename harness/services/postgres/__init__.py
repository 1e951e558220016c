"""PostgreSQL: a server of our own without Docker, or one that runs already."""
