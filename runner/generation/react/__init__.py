"""The frontend of an application: how the model's fields, rules and labels are written as React."""
