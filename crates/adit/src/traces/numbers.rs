//! The numbers of traces and spans.

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::IdGenerator;

/// Numbers from the system: what the library takes them from needs a `/dev/urandom` in a static program, and there may be none.
#[derive(Debug)]
pub(super) struct Numbers;

impl IdGenerator for Numbers {
    fn new_trace_id(&self) -> TraceId {
        random().map_or(TraceId::INVALID, TraceId::from_bytes)
    }

    fn new_span_id(&self) -> SpanId {
        random().map_or(SpanId::INVALID, SpanId::from_bytes)
    }
}

/// None without randomness: the span is left out then.
fn random<const BYTES: usize>() -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    getrandom::getrandom(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_numbers_are_the_same() {
        assert_ne!(Numbers.new_trace_id(), Numbers.new_trace_id());
        assert_ne!(Numbers.new_span_id(), Numbers.new_span_id());
    }
}
