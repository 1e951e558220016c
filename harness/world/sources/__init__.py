"""Where entries of a world may stand beside its own file: files that teams have, the environment."""
