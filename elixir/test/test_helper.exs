# Tests wait for events, with a deadline that a busy machine can keep.

root? = match?({"0\n", 0}, System.cmd("id", ["-u"]))

ExUnit.start(
  assert_receive_timeout: 10_000,
  capture_log: true,
  # Network namespaces are root's to make.
  exclude: if(root?, do: [], else: [:root])
)
