//! Bytes on a network: TCP, TLS, the tunnel and port sniffing, all presented as one carrier.
