"""One app per framework that lets clients do what their certificates allow."""
