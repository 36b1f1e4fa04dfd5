/* The scheduling engine: plain declarations that the compiler and cffi both read. */
