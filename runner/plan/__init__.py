"""The plan format: a YAML file becomes a `Plan` in which everything is resolved, or all its errors are reported.

Used in the supervisor's main thread before anything is written. It reads the plan file and checks the paths in it; it
neither reads DDL nor knows the agent kinds. Later stages place what they find wrong (an unknown agent, a table glob
that matches nothing) with `Plan.problem`.

    file  --yaml_file, yaml_reader-->  nodes  --format-->  entries  --validation-->  Plan  <--plan_cache
                                         |                    |
                                         `--ids, error_wording'------------------->  findings, when something is wrong

`format` defines the keys, with the types of `value_types` and `path_types`; `plan_schema` describes them to editors;
`starter` writes a first plan.
"""
