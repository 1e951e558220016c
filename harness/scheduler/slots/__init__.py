"""Who gets a place to run: pools, limits, executors and the workers behind them."""
