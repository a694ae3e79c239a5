// Stands in for @jax-js/jax in a Worker (wrangler.toml): it is large, and can't train there.
throw new Error("The simulator trains no models on a Worker.");
