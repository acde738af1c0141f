"""What the product tells about itself: logs, metrics, traces."""
