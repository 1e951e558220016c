"""One Dag file, parsed in a process that is thrown away: what it does is watched, what it makes is looked at."""
