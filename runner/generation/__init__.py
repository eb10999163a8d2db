"""The agent kinds: what each generates, over one base."""
