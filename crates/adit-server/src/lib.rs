//! The Adit server as a library: session drivers, applications, limits.
