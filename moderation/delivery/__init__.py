"""What the merchant is told and shown, recorded with the decision."""
