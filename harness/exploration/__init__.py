"""What a Dag can come to: its tasks' outcomes combined and played through the scheduler's rules, without task code."""
