"""Who is let in over HTTP, and on what terms: TLS, certificates, passwords, limits."""
