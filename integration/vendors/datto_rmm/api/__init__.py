"""The client's calls, by what they are about."""
