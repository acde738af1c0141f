"""The pages: parse, call one verb, render. No rule of the product lives here."""
