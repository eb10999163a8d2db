"""The plan format: a YAML file becomes a `Plan` in which everything is resolved, or all its errors at once.

Called in the supervisor's main thread before anything is written. It reads the plan file and looks at the
paths that the plan names; it neither reads DDL nor knows the agent kinds. What later stages find wrong (an
agent that does not exist, a table glob that matches nothing) they place with `Plan.problem`.

    file  --yaml_file, yaml_reader-->  nodes  --format-->  entries  --loading-->  records
                                         |                    |
                                         `--ids, error_wording'---------------->  findings, when something is wrong

`format` says what a plan may hold, out of `value_types` and `path_types`; `starter` writes a plan to begin with.
"""
