"""Why a Dag file does not import, where, and what would help."""
