"""A working double of both vendors over real HTTP: Datto RMM and Autotask PSA on one port, with demo data.

People try the product, train on it and test against it. It runs as a process of its own
(``python -m integration.sandbox``) and is reached by its address alone; it imports nothing of ours outside this
package, and neither Django nor Celery.
"""
