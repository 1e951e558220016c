"""MySQL: a MariaDB of this machine's programs, one in a container, or a server that runs already."""
