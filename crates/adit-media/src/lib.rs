//! Media as data: frames, timestamps, FLV, legacy and enhanced audio and video headers.
