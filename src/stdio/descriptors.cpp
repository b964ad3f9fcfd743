#include "stdio/descriptors.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/un.h>

namespace linx::stdio {

namespace {

using program::Draft;
using program::Subject;

struct Stream {
    int number;
    const char* name;
    Stage open;
    Stage connect;
};
constexpr std::array streams{Stream{0, "stdin", Stage::open_stdin, Stage::connect_stdin},
                             Stream{1, "stdout", Stage::open_stdout, Stage::connect_stdout},
                             Stream{2, "stderr", Stage::open_stderr, Stage::connect_stderr}};

std::unexpected<Error> wrong(std::string sentence) {
    return failed(Stage::spec, EINVAL, std::move(sentence));
}

/// Collects where each descriptor goes.
class Placement {
public:
    explicit Placement(Draft& draft) : draft_(draft), moves_(draft.moves) {}

    void borrow(int source, int number, Stage stage, std::string field) {
        const child::Slot slot = draft_.new_slot();
        draft_.launcher_step(Phase::acquire, Subject::none, stage,
                             program::BorrowFd{slot, source, std::move(field)},
                             "fd " + std::to_string(source));
        moves_.push_back({slot, number});
    }

    Result<void> stream(const Stream& stream, const Stdio& from) {
        if (std::holds_alternative<StdioInherit>(from)) {
            return {};
        }
        if (const auto* fd = std::get_if<StdioFd>(&from)) {
            borrow(fd->fd.number(), stream.number, Stage::duplicate_fd, stream.name);
            return {};
        }
        if (std::holds_alternative<StdioAsStdout>(from)) {
            return as_stdout(stream);
        }
        const child::Slot slot = draft_.new_slot();
        moves_.push_back({slot, stream.number});
        if (const auto* file = std::get_if<StdioFile>(&from)) {
            return open(stream, *file, slot);
        }
        if (const auto* socket = std::get_if<StdioConnectUnix>(&from)) {
            return connect(stream, *socket, slot);
        }
        draft_.launcher_step(Phase::acquire, Subject::none, stream.open,
                             program::OpenNull{slot, stream.number == 0 ? O_RDONLY : O_WRONLY}, "/dev/null");
        return {};
    }

    void finish() {
        std::vector<std::int32_t> kept;
        for (const child::Move& move : moves_) {
            kept.push_back(move.to);
        }
        std::ranges::sort(kept);
        if (!moves_.empty()) {
            const child::List moves = draft_.arena.list(std::span<const child::Move>(moves_));
            draft_.child_step(Phase::seal, Subject::child, Stage::stdio, child::PlaceDescriptors{moves},
                              numbers(kept));
        }
        const child::List list = draft_.arena.list(std::span<const std::int32_t>(kept));
        draft_.child_step(Phase::seal, Subject::child, Stage::seal_fds, child::SealDescriptors{list});
    }

private:
    static std::string numbers(const std::vector<std::int32_t>& kept) {
        std::string text;
        for (const std::int32_t number : kept) {
            text += (text.empty() ? "" : ", ") + std::to_string(number);
        }
        return text;
    }

    Result<void> as_stdout(const Stream& stream) {
        if (stream.number != 2) {
            return wrong(std::string(stream.name) + ": only stderr can be the same as stdout");
        }
        const auto out = std::ranges::find_if(moves_, [](const child::Move& move) { return move.to == 1; });
        if (out == moves_.end()) {
            borrow(1, 2, Stage::duplicate_fd, "stderr");
        } else {
            moves_.push_back({out->from, 2});
        }
        return {};
    }

    /// Opening a path can block for as long as a dead file server likes: the scout does it.
    Result<void> open(const Stream& stream, const StdioFile& file, child::Slot slot) {
        LINX_TRY(check_path(stream, file.path));
        draft_.child_step(Phase::acquire, Subject::scout, stream.open,
                          child::OpenFile{draft_.arena.text(file.path), file.flags, file.mode, slot},
                          file.path);
        return {};
    }

    /// A full backlog makes connect(2) wait.
    Result<void> connect(const Stream& stream, const StdioConnectUnix& socket, child::Slot slot) {
        LINX_TRY(check_path(stream, socket.path));
        if (socket.path.size() >= sizeof(sockaddr_un::sun_path)) {
            return wrong(std::string(stream.name) +
                         ": the path of a socket has at most 107 bytes, and this " +
                         std::to_string(socket.path.size()) + ": " + socket.path);
        }
        draft_.child_step(Phase::acquire, Subject::scout, stream.connect,
                          child::ConnectUnix{draft_.arena.text(socket.path), slot}, socket.path);
        return {};
    }

    static Result<void> check_path(const Stream& stream, const std::string& path) {
        if (path.empty() || path.find('\0') != std::string::npos) {
            return wrong(std::string(stream.name) + ": the path must not be empty, nor hold a NUL byte");
        }
        return {};
    }

    Draft& draft_;
    std::vector<child::Move> moves_;
};

Result<void> check_numbers(const std::vector<HandedFd>& fds, const std::vector<child::Move>& others,
                           std::uint64_t soft_limit) {
    std::vector<int> numbers;
    for (const child::Move& move : others) {
        if (static_cast<std::uint64_t>(move.to) >= soft_limit) {
            return wrong("init: no number below RLIMIT_NOFILE, " + std::to_string(soft_limit) +
                         ", is left for its own descriptor");
        }
    }
    for (const HandedFd& handed : fds) {
        if (handed.number < 3) {
            return wrong("fds: the number " + std::to_string(handed.number) +
                         " is not above 2; stdin, stdout and stderr have fields of their own");
        }
        if (static_cast<std::uint64_t>(handed.number) >= soft_limit) {
            return wrong("fds: the number " + std::to_string(handed.number) +
                         " is not below RLIMIT_NOFILE, " + std::to_string(soft_limit));
        }
        numbers.push_back(handed.number);
    }
    std::ranges::sort(numbers);
    const auto twice = std::ranges::adjacent_find(numbers);
    if (twice != numbers.end()) {
        return wrong("fds: two descriptors are handed over under the number " + std::to_string(*twice));
    }
    return {};
}

}  // namespace

Result<void> compile_descriptors(const ProcessSpec& spec, std::uint64_t soft_limit, Draft& draft) {
    LINX_TRY(check_numbers(spec.fds, draft.moves, soft_limit));
    Placement placement(draft);
    const std::array sources{&spec.stdin_from, &spec.stdout_to, &spec.stderr_to};
    for (const Stream& stream : streams) {
        LINX_TRY(placement.stream(stream, *sources[static_cast<std::size_t>(stream.number)]));
    }
    for (const HandedFd& handed : spec.fds) {
        placement.borrow(handed.source.number(), handed.number, Stage::duplicate_fd,
                         "fds: " + std::to_string(handed.number));
    }
    placement.finish();
    if (spec.foreground_of) {
        const child::Slot slot = draft.new_slot();
        draft.launcher_step(Phase::acquire, Subject::none, Stage::duplicate_fd,
                            program::BorrowFd{slot, spec.foreground_of->number(), "foreground_of"},
                            "fd " + std::to_string(spec.foreground_of->number()));
        draft.child_step(Phase::seal, Subject::child, Stage::foreground, child::TakeForeground{slot});
    }
    return {};
}

}  // namespace linx::stdio
