"""The only room that imports Airflow. Import its modules after `sandbox.enter`, never at program start."""
