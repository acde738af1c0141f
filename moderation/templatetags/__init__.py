"""What templates may say in Reviewhub's own words."""
