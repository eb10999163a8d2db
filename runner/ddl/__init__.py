"""SQL schemas: the model that agents see, and the reader that fills it."""
