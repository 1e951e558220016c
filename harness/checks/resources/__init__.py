"""Checks of what a Dag needs: pools, connections, variables, other Dags, assets, queues."""
