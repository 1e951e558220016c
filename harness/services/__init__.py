"""Real services for tasks to talk to: started once a run, shared by its processes, leaving nothing behind."""
