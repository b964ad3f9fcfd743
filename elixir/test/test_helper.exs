# Tests wait for events, with a deadline that a busy machine can keep.
ExUnit.start(assert_receive_timeout: 10_000, capture_log: true)
