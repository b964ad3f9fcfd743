/// posix_spawn and waitpid: glibc's posix_spawn shares the memory until exec, so the size of this benchmark
/// costs neither side anything.
#include "program.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

std::vector<char*> pointers(std::vector<std::string>& argv) {
    std::vector<char*> result;
    for (std::string& argument : argv) {
        result.push_back(argument.data());
    }
    result.push_back(nullptr);
    return result;
}

std::expected<void, std::string> run(const std::vector<char*>& argv,
                                     const posix_spawn_file_actions_t& actions) {
    pid_t child = -1;
    if (const int error = posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ); error != 0) {
        return std::unexpected(std::string{argv[0]} + ": " + std::strerror(error));
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child) {
        return std::unexpected(std::string{"waitpid: "} + std::strerror(errno));
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return std::unexpected(std::string{argv[0]} + ": wait status " + std::to_string(status));
    }
    return {};
}

/// The file actions live as long as the action that uses them.
struct Silenced {
    Silenced() {
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    }
    Silenced(const Silenced&) = delete;
    Silenced& operator=(const Silenced&) = delete;
    ~Silenced() { posix_spawn_file_actions_destroy(&actions); }
    posix_spawn_file_actions_t actions{};
};

}  // namespace

std::filesystem::path bin_folder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::optional<std::string> installed(const std::string& name) {
    std::istringstream path{std::getenv("PATH") != nullptr ? std::getenv("PATH") : ""};
    for (std::string folder; std::getline(path, folder, ':');) {
        if (access((folder + "/" + name).c_str(), X_OK) == 0) {
            return folder + "/" + name;
        }
    }
    return std::nullopt;
}

Action run_program(std::vector<std::string> argv) {
    return [words = std::make_shared<std::vector<std::string>>(std::move(argv)),
            silenced = std::make_shared<Silenced>()] { return run(pointers(*words), silenced->actions); };
}

Sample peak_memory(std::vector<std::string> argv) {
    argv.insert(argv.begin(), bin_folder() / "peak");
    return [words = std::make_shared<std::vector<std::string>>(std::move(argv))]() -> Measured {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) {
            return std::unexpected(std::string{"pipe2: "} + std::strerror(errno));
        }
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        const auto done = run(pointers(*words), actions);
        posix_spawn_file_actions_destroy(&actions);
        close(ends[1]);
        std::array<char, 64> text{};
        const ssize_t length = read(ends[0], text.data(), text.size() - 1);
        close(ends[0]);
        if (!done) {
            return std::unexpected(done.error());
        }
        return length > 0 ? std::strtod(text.data(), nullptr) : 0.0;
    };
}

}  // namespace bench
