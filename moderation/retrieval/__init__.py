"""What is known around a listing: clauses, usual prices, earlier refusals."""
