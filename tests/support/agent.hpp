/// The agent linx_process as the BEAM sees it: a Port program with requests on fd 3 and events on fd 4.
#pragma once

#include "etf/terms_test.hpp"
#include "support/deadline.hpp"
#include "support/leaves_nothing.hpp"
#include "support/proc.hpp"
#include "support/report.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

namespace etf = linx::etf::by_hand;
using etf::Bytes;
using etf::Term;

/// An event without its id, in words: `"ready"`, `"exited 7"`, `"reply ok"`, `"error 110 checkpoint: ..."`.
inline std::string in_words(const Term& event) {
    const Term& body = event[1];
    const auto error = [](const Term& term) {
        return "error " + term[1].shown() + " " + term[2].text + ": " + term[3].text;
    };
    if (body.kind != Term::Kind::tuple) {
        return body.shown();
    }
    const std::string& name = body[0].text;
    if (name == "error") {
        return error(body);
    }
    if (name == "reply") {
        return "reply " + (body[2].kind == Term::Kind::tuple ? error(body[2]) : body[2].text);
    }
    return name == "exited" || name == "signaled" ? name + " " + body[1].shown() : name;
}

inline bool is_terminal(const Term& event) {
    const std::string name = event[1].kind == Term::Kind::atom ? event[1].text : event[1][0].text;
    return name == "exited" || name == "signaled" || name == "aborted" || name == "error";
}

class Agent {
public:
    struct Shape {
        std::vector<std::string> arguments = {"--vm-pid", std::to_string(::getpid())};
        /// Runs in the agent's process before it is executed.
        std::function<void()> before_exec = [] {};
    };

    Agent() : Agent(Shape{}) {}
    explicit Agent(const Shape& shape) {
        Pipe requests;
        Pipe events;
        Pipe output;
        std::vector<std::string> words{LINX_AGENT};
        words.insert(words.end(), shape.arguments.begin(), shape.arguments.end());
        std::vector<char*> argv;
        for (std::string& word : words) {
            argv.push_back(word.data());
        }
        argv.push_back(nullptr);
        std::fflush(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            constexpr int out_of_the_way = 100;
            const int in = ::fcntl(requests.out.ref().number(), F_DUPFD_CLOEXEC, out_of_the_way);
            const int out = ::fcntl(events.in.ref().number(), F_DUPFD_CLOEXEC, out_of_the_way);
            const int text = ::fcntl(output.in.ref().number(), F_DUPFD_CLOEXEC, out_of_the_way);
            const bool placed = ::dup2(in, 3) == 3 && ::dup2(out, 4) == 4 && ::dup2(text, 1) == 1;
            shape.before_exec();
            if (placed) {
                ::execv(LINX_AGENT, argv.data());
            }
            ::_exit(99);
        }
        EXPECT_GT(pid_, 0);
        pidfd_ = pidfd_of(pid_);
        requests_ = std::move(requests.in);
        events_ = std::move(events.out);
        output_ = std::move(output.out);
        ::fcntl(requests_.ref().number(), F_SETFL, O_NONBLOCK);
    }
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    ~Agent() {
        if (pid_ > 0) {
            EXPECT_EQ(leave(), 0) << "the exit status of the agent";
        }
    }

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] linx::FdRef pidfd() const { return pidfd_.ref(); }
    [[nodiscard]] linx::FdRef events_fd() const { return events_.ref(); }
    [[nodiscard]] linx::FdRef requests_fd() const { return requests_.ref(); }

    // --- requests ---------------------------------------------------------------------------------

    /// Bytes as they are; false when the agent does not take them in time.
    bool write(const Bytes& bytes) {
        std::string_view rest = bytes;
        while (!rest.empty()) {
            pollfd entry{.fd = requests_.ref().number(), .events = POLLOUT, .revents = 0};
            if (::poll(&entry, 1, static_cast<int>(std::chrono::milliseconds(deadline).count())) != 1) {
                return false;
            }
            const ssize_t put = ::write(requests_.ref().number(), rest.data(), rest.size());
            if (put < 0 && errno != EAGAIN) {
                return false;
            }
            rest.remove_prefix(put > 0 ? static_cast<std::size_t>(put) : 0);
        }
        return true;
    }
    /// A frame with any payload.
    void send_payload(const Bytes& payload) { EXPECT_TRUE(write(etf::framed(payload))); }
    /// A request; answers with its ref.
    std::int64_t send(std::int64_t id, const Bytes& command) {
        send_payload(etf::with_version(etf::tuple({etf::integer(id), etf::integer(++ref_), command})));
        return ref_;
    }
    void spawn(std::int64_t id, const std::vector<std::string>& argv, const etf::Pairs& keys = {}) {
        send(id, etf::tuple({etf::atom("spawn"), spec(argv, keys)}));
    }
    void enter(std::int64_t id, pid_t target, const std::vector<std::string>& argv,
               const etf::Pairs& keys = {}) {
        send(id, etf::tuple({etf::atom("enter"), etf::integer(target), spec(argv, keys)}));
    }
    static Bytes spec(const std::vector<std::string>& argv, const etf::Pairs& keys) {
        std::vector<Bytes> words;
        for (const std::string& word : argv) {
            words.push_back(etf::binary(word));
        }
        etf::Pairs all{{"argv", etf::list(words)}};
        all.insert(all.end(), keys.begin(), keys.end());
        return etf::map(all);
    }
    /// Sends and answers with the reply, in words; events that come before it are kept.
    std::string ask(std::int64_t id, const Bytes& command) {
        const std::int64_t ref = send(id, command);
        std::deque<Term> before;
        Term reply = next(id);
        while (reply.kind != Term::Kind::none && !is_reply(reply, ref)) {
            before.push_back(std::exchange(reply, next(id)));
        }
        std::deque<Term>& queue = waiting_[id];
        queue.insert(queue.begin(), before.begin(), before.end());
        return in_words(reply);
    }
    std::string proceed(std::int64_t id) { return ask(id, etf::atom("proceed")); }
    std::string abort(std::int64_t id) { return ask(id, etf::atom("abort")); }
    std::string signal(std::int64_t id, int number) {
        return ask(id, etf::tuple({etf::atom("signal"), etf::integer(number)}));
    }
    std::string kill(std::int64_t id, std::int64_t grace_ms) {
        return ask(id, etf::tuple({etf::atom("kill"), etf::integer(grace_ms)}));
    }
    std::string orphan(std::int64_t id) { return ask(id, etf::atom("orphan")); }
    /// Everything that was sent before has been served when this comes back.
    std::string ping() { return ask(0, etf::atom("ping")); }

    // --- events -----------------------------------------------------------------------------------

    /// The next event of that session (0: of the agent itself); of no kind when none comes in time.
    Term next(std::int64_t id) {
        std::deque<Term>& queue = waiting_[id];
        while (queue.empty()) {
            auto event = read_event();
            if (!event) {
                return {};
            }
            const Term& whose = (*event)[0];
            const bool is_hello = whose.text == "hello";
            waiting_[is_hello ? hello_id : whose.number].push_back(std::move(*event));
        }
        Term event = std::move(queue.front());
        queue.pop_front();
        return event;
    }
    Term hello() { return next(hello_id); }
    /// The next events up to the end of the session, in words, replies left out.
    std::vector<std::string> way_to_end(std::int64_t id) {
        std::vector<std::string> way;
        while (true) {
            const Term event = next(id);
            if (event.kind == Term::Kind::none) {
                way.emplace_back("(nothing came)");
                return way;
            }
            if (event[1][0].text == "reply") {
                continue;
            }
            way.push_back(in_words(event));
            if (is_terminal(event)) {
                return way;
            }
        }
    }
    std::string end_of(std::int64_t id) { return way_to_end(id).back(); }
    /// Reads spawned and ready; answers with the pid.
    pid_t ready(std::int64_t id) {
        EXPECT_EQ(in_words(next(id)), "spawned");
        const Term event = next(id);
        EXPECT_EQ(in_words(event), "ready");
        return static_cast<pid_t>(event[1][1].number);
    }
    /// Launches and lets it run; answers with the pid.
    pid_t run(std::int64_t id, const std::vector<std::string>& argv, const etf::Pairs& keys = {}) {
        spawn(id, argv, keys);
        return go(id);
    }
    pid_t go(std::int64_t id) {
        const pid_t pid = ready(id);
        EXPECT_EQ(proceed(id), "reply ok");
        EXPECT_EQ(in_words(next(id)), "running");
        return pid;
    }
    /// Is there nothing more to read, now that all that was asked has been answered?
    void expect_nothing_more() {
        EXPECT_EQ(ping(), "reply ok");
        for (const auto& [id, queue] : waiting_) {
            for (const Term& event : queue) {
                EXPECT_EQ(id, hello_id) << event.shown();
            }
        }
    }

    // --- what its workloads say -------------------------------------------------------------------

    /// What was written to the stdout that workloads inherit, up to and with that text.
    std::string output_up_to(const std::string& text) {
        std::size_t at = said_.find(text);
        while (at == std::string::npos) {
            char buffer[4096];
            const ssize_t got =
                readable_in_time(output_.ref()) ? ::read(output_.ref().number(), buffer, sizeof buffer) : -1;
            if (got <= 0) {
                ADD_FAILURE() << "no \"" << text << "\" in: " << said_;
                return {};
            }
            said_.append(buffer, static_cast<std::size_t>(got));
            at = said_.find(text);
        }
        std::string said = said_.substr(0, at + text.size());
        said_.erase(0, at + text.size());
        return said;
    }
    /// Runs `begets`; answers with the pids of its descendants by their manner.
    std::map<std::string, pid_t> beget(std::int64_t id, std::vector<std::string> words,
                                       const etf::Pairs& keys = {}) {
        words.insert(words.begin(), workload("begets"));
        std::map<std::string, pid_t> pids{{"workload", run(id, words, keys)}};
        std::stringstream lines(output_up_to("end=1\n"));
        for (std::string line; std::getline(lines, line);) {
            const std::size_t equals = line.find('=');
            pids[line.substr(0, equals)] = std::stoi(line.substr(equals + 1));
        }
        pids.erase("end");
        return pids;
    }

    // --- its end ----------------------------------------------------------------------------------

    void close_requests() { requests_.reset(); }
    void close_events() { events_.reset(); }
    /// Its exit status when it has ended by itself; 128 and the signal when it was killed; -1 when it does
    /// not.
    int wait() {
        if (!readable_in_time(pidfd_.ref())) {
            ::kill(pid_, SIGKILL);
            ::waitpid(std::exchange(pid_, -1), nullptr, 0);
            return -1;
        }
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    /// As the port's close.
    int leave() {
        close_requests();
        return wait();
    }
    void kill_agent() const { ::kill(pid_, SIGKILL); }

    // --- what the kernel says of it ---------------------------------------------------------------

    [[nodiscard]] std::vector<std::string> descriptors() const {
        std::vector<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator(proc_path(pid_, "fd"))) {
            all.push_back(entry.path().filename().string() + " " + link_target(entry.path()));
        }
        std::ranges::sort(all);
        return all;
    }
    [[nodiscard]] long memory_kib() const { return std::stol(status_field(pid_, "VmRSS")); }
    [[nodiscard]] std::vector<pid_t> children() const {
        std::stringstream text(contents(proc_path(pid_, "task/" + std::to_string(pid_) + "/children")));
        std::vector<pid_t> pids;
        for (pid_t child = 0; text >> child;) {
            pids.push_back(child);
        }
        return pids;
    }
    /// Time on a processor, in nanoseconds.
    [[nodiscard]] long long processor_time() const {
        return std::stoll(contents(proc_path(pid_, "schedstat")));
    }

private:
    static constexpr std::int64_t hello_id = -1;

    static bool is_reply(const Term& event, std::int64_t ref) {
        return event[1][0].text == "reply" && event[1][1].number == ref;
    }
    /// The next frame, as a term; none at the end, after the deadline, or where it is no term.
    std::optional<Term> read_event() {
        constexpr std::size_t header = 4;
        while (true) {
            const std::string_view rest = std::string_view(read_).substr(begin_);
            std::size_t length = 0;
            for (std::size_t i = 0; i < header && rest.size() >= header; ++i) {
                length = length << 8 | static_cast<unsigned char>(rest[i]);
            }
            if (rest.size() >= header && rest.size() - header >= length) {
                begin_ += header + length;
                auto term = etf::Reading::whole(rest.substr(header, length));
                EXPECT_TRUE(term) << "a frame that is no term";
                return term;
            }
            read_.erase(0, std::exchange(begin_, 0));
            char buffer[65536];
            if (!readable_in_time(events_.ref())) {
                return std::nullopt;
            }
            const ssize_t got = ::read(events_.ref().number(), buffer, sizeof buffer);
            if (got <= 0) {
                return std::nullopt;
            }
            read_.append(buffer, static_cast<std::size_t>(got));
        }
    }

    pid_t pid_ = -1;
    linx::Fd pidfd_;
    linx::Fd requests_;
    linx::Fd events_;
    linx::Fd output_;
    std::int64_t ref_ = 1000;  ///< beyond those that tests pick themselves
    std::string read_;
    std::size_t begin_ = 0;
    std::string said_;
    std::map<std::int64_t, std::deque<Term>> waiting_;
};

// --- keys of a spec ----------------------------------------------------------------------------------

inline std::pair<std::string, Bytes> namespaces(const std::vector<std::string>& kinds) {
    std::vector<Bytes> atoms;
    for (const std::string& kind : kinds) {
        atoms.push_back(etf::atom(kind));
    }
    return {"namespaces", etf::list(atoms)};
}
inline std::pair<std::string, Bytes> kill_after(std::int64_t grace_ms) {
    return {"orphan_policy", etf::tuple({etf::atom("kill"), etf::integer(grace_ms)})};
}
inline std::pair<std::string, Bytes> keep() {
    return {"orphan_policy", etf::atom("keep")};
}
inline std::pair<std::string, Bytes> does_not_stop() {
    return {"auto_proceed", etf::atom("true")};
}
inline std::pair<std::string, Bytes> stdio(const std::vector<std::pair<std::string, Bytes>>& streams) {
    std::vector<Bytes> all;
    for (const auto& [stream, how] : streams) {
        all.push_back(etf::tuple({etf::atom(stream), how}));
    }
    return {"stdio", etf::list(all)};
}
/// Nothing of the workload reaches the agent's own output.
inline std::pair<std::string, Bytes> silent() {
    return stdio({{"stdout", etf::atom("devnull")}, {"stderr", etf::atom("devnull")}});
}

// --- processes from outside --------------------------------------------------------------------------

/// Neither running nor anything but a zombie.
inline bool has_ended(pid_t pid) {
    const std::string state = status_field(pid, "State");
    return state.empty() || state.starts_with("Z") || state.starts_with("X");
}
/// Asks the kernel until that is true; false after the deadline.
inline bool becomes_true(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        ::sched_yield();
    }
    return true;
}
inline bool ends(pid_t pid) {
    return becomes_true([pid] { return has_ended(pid); });
}
/// All processes in that pid namespace: `"pid:[4026532281]"`.
inline std::vector<pid_t> members_of(const std::string& pid_namespace) {
    std::vector<pid_t> pids;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const pid_t pid = std::atoi(entry.path().filename().c_str());
        if (pid > 0 && !has_ended(pid) && namespace_of(pid, linx::Namespace::pid) == pid_namespace) {
            pids.push_back(pid);
        }
    }
    return pids;
}

/// An agent, and what it leaves when it has gone: nothing.
class AgentOf : public LeavesNothing {
protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN);
        LeavesNothing::SetUp();
        agent_.emplace();
    }
    void TearDown() override {
        agent_.reset();
        reap_strays();
        LeavesNothing::TearDown();
    }
    void start_anew(const Agent::Shape& shape) {
        agent_.reset();
        agent_.emplace(shape);
    }
    [[nodiscard]] Agent& agent() { return *agent_; }

    /// Zombies that an agent which was killed has left to us. What still lives is seen afterwards.
    static void reap_strays() {
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
    }
    /// Kills and reaps a process that has come to us.
    static void end_stray(pid_t pid) {
        ::kill(pid, SIGKILL);
        EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
    }

    std::optional<Agent> agent_;
};

}  // namespace support
