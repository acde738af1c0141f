"""Which pipeline version serves whom, and the kill switch."""
