"""What a Dag file cannot do while it is parsed: outlive its limits, change files, reach a network or a database."""
