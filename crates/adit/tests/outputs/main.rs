//! What browsers and HTTP players get of a running `adit serve`: HTTP-FLV, WebSocket-FLV and HLS, read by programs that are not ours.
#![cfg(test)]

mod delay;
mod flv;
mod hls;
mod support;
mod viewers;
mod websocket;
