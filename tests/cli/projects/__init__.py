"""Projects as they are laid out and set, through every command."""
