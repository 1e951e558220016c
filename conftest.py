"""Our own tests: `pytester` runs the plugin in a pytest of its own."""

pytest_plugins = ["pytester"]
