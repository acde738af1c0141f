"""The door a listing comes in by: read, checked, admitted and stored."""
