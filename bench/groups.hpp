/// The groups of rows, each registered by one function.
#pragma once

namespace bench {

/// `command/...` and `peers/...`: whole processes.
void add_command_rows();
/// `launch/...`: the library inside this process.
void add_launch_rows();

}  // namespace bench
