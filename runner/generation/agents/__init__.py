"""The built-in agent kinds: one module each, over `TemplateAgent`."""
