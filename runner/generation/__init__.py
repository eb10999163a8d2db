"""What is generated: the model of an application, its targets, the agents, and the workspace that they write to."""
