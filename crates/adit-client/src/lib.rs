//! The client library: connections that find a way out of any network, publish, play and call.
