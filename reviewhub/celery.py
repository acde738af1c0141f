"""The Celery application: a doorbell, never the record of the work.

A message is a task name and at most an id; losing any of them costs latency and
nothing else, because the sweep finds every row that waits. Its settings are in
broker.py, read at first use: Django's own may still be loading here.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewhub.settings")

app = Celery("reviewhub")
app.config_from_object("reviewhub.broker")
