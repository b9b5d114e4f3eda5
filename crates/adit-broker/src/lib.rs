//! Live streams in memory: who publishes, who reads, the frame log and its cursors.
