"""Redis: fakeredis in this process by the run's clock, a container, or a server that runs already."""
