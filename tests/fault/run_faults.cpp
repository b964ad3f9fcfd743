/// The fault tier: plays every scenario undisturbed, then once for each call of its launch and each error
/// which that call may give, then with the launcher or the caller killed just there, then in want of
/// descriptors, memory and processes. Every play must end in success as the undisturbed one, or in one Error;
/// and leave nothing.
///
///   run_faults DRIVER WITNESS [--only SCENARIO] [--case NAME] [--jobs N] [--list] [--verbose]
#include "injector.hpp"
#include "stage.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using fault::Act;
using fault::Call;
using fault::Fault;
using fault::Played;
using namespace std::chrono_literals;

constexpr auto deadline = 10s;
/// A series of weaknesses ends when there was enough of everything this many times in a row.
constexpr unsigned enough = 4;
constexpr unsigned longest_series = 400;

struct KnownCall {
    const char* name;
    long number;
    Act act;
    std::optional<fault::Operation> operation;
    std::vector<int> errnos;
};

const std::vector<KnownCall>& known_calls() {
    using fault::gets_others, fault::sets_others, fault::sets_own;
#define CALL(name, ...) KnownCall{#name, SYS_##name, Act::fail, {}, {__VA_ARGS__}},
#define CALL_WITH(name, operation, ...) KnownCall{#name, SYS_##name, Act::fail, operation, {__VA_ARGS__}},
#define CALL_AFTER(name, ...) KnownCall{#name, SYS_##name, Act::fail_after, {}, {__VA_ARGS__}},
#define CALL_AFTER_WITH(name, operation, ...) \
    KnownCall{#name, SYS_##name, Act::fail_after, operation, {__VA_ARGS__}},
#define NO_FAILURE(name) KnownCall{#name, SYS_##name, Act::fail, {}, {}},
    static const std::vector<KnownCall> known{
#include "errnos.inc"
    };
#undef CALL
#undef CALL_WITH
#undef CALL_AFTER
#undef CALL_AFTER_WITH
#undef NO_FAILURE
    return known;
}

std::string name_of(long number) {
    const auto found = std::ranges::find(known_calls(), number, &KnownCall::number);
    return found == known_calls().end() ? "call " + std::to_string(number) : found->name;
}

std::string name_of(const Call& call) {
    const std::string actor = call.actor == 0 ? "launcher" : "child" + std::to_string(call.actor);
    return actor + "/" + name_of(call.number) + "#" + std::to_string(call.occurrence);
}

struct Case {
    std::string scenario;
    std::optional<Fault> fault;
    std::string weakness;

    [[nodiscard]] std::string name() const {
        if (!fault) {
            return scenario + "/" + weakness;
        }
        const std::string at = scenario + "/" + name_of(fault->at) + "/";
        switch (fault->act) {
            case Act::fail:
                return at + strerrorname_np(fault->errnum);
            case Act::fail_after:
                return at + "+" + strerrorname_np(fault->errnum);
            case Act::kill_launcher:
                return at + "kill_launcher";
            case Act::kill_caller:
                return at + "kill_caller";
        }
        return at;
    }
};

struct Options {
    std::string driver, witness, only, one;
    /// More than there are processors: a play mostly waits for the kernel to make and unmake namespaces.
    unsigned jobs = 4 * std::max(1U, std::thread::hardware_concurrency());
    bool list = false;
    bool verbose = false;
};

/// `error STAGE ERRNO MESSAGE`, taken apart; empty when it is something else.
struct ToldError {
    std::string stage, errnum, message;
};
std::optional<ToldError> error_of(const std::string& output) {
    ToldError error;
    std::istringstream words{output};
    std::string first;
    words >> first >> error.stage >> error.errnum;
    std::getline(words >> std::ws, error.message);
    if (first != "error" || error.stage.empty() || error.message.empty()) {
        return std::nullopt;
    }
    return error;
}

std::string first_difference(const std::string& expected, const std::string& seen) {
    std::istringstream left{expected}, right{seen};
    std::string a, b;
    while (true) {
        const bool more_left = static_cast<bool>(std::getline(left, a));
        const bool more_right = static_cast<bool>(std::getline(right, b));
        if (!more_left && !more_right) {
            return "no difference";
        }
        if (a != b || more_left != more_right) {
            return "`" + (more_right ? b : "nothing") + "` for `" + (more_left ? a : "nothing") + "`";
        }
    }
}

/// What is wrong with a play; empty when nothing is.
using Complaint = std::string;

Complaint complaint_about_end(const Played& played, bool launcher_killed) {
    if (!played.hung.empty()) {
        return "hung: " + played.hung;
    }
    if (WIFSIGNALED(played.status)) {
        return launcher_killed && WTERMSIG(played.status) == SIGKILL
                   ? ""
                   : "the launcher died of signal " + std::to_string(WTERMSIG(played.status));
    }
    if (WEXITSTATUS(played.status) != 0) {
        const auto leak = played.output.find("leak: ");
        return leak == std::string::npos
                   ? "the driver failed: " + played.output
                   : played.output.substr(0, played.output.find('\n')) + " ... " + played.output.substr(leak);
    }
    return "";
}

/// Is that the error that happened, under its own name or under the one that it has in its stage?
bool tells_of(const ToldError& error, int errnum) {
    struct OtherName {
        std::string_view stage;
        int happened;
        std::string_view told;
    };
    constexpr std::array other_names{
        OtherName{"spec", EBADF, "EINVAL"},        // a descriptor that the spec names
        OtherName{"child_died", ECHILD, "ESRCH"},  // a helper of the launch that somebody else has reaped
        OtherName{"target", ENOENT, "ESRCH"},      // a process whose directory in /proc is gone
    };
    return error.errnum == strerrorname_np(errnum) ||
           std::ranges::any_of(other_names, [&](const OtherName& other) {
               return error.stage == other.stage && errnum == other.happened && error.errnum == other.told;
           });
}

Complaint complaint_about(const Fault& fault, const Played& played, const std::string& reference) {
    if (Complaint complaint = complaint_about_end(played, fault.act == Act::kill_launcher);
        !complaint.empty()) {
        return complaint;
    }
    if (fault.act == Act::kill_launcher || played.output == reference) {
        return "";
    }
    const auto error = error_of(played.output);
    if (!error) {
        return "a success that hides a failure: " + first_difference(reference, played.output);
    }
    // A child that was about to tell of its own failure, and could not, has just died.
    const bool failed_twice = reference.starts_with("error ") && error->stage == "child_died";
    if (fault.act != Act::kill_caller && !failed_twice && !tells_of(*error, fault.errnum)) {
        return "another error than the one that happened: " +
               played.output.substr(0, played.output.find('\n'));
    }
    return "";
}

class Tier {
public:
    explicit Tier(Options options) : options_(std::move(options)) {}
    int run();

private:
    [[nodiscard]] Played play(const std::string& scenario, const std::optional<Fault>& fault,
                              const std::vector<std::string>& weakness = {}) const;
    void plan(const std::string& scenario);
    void plan_faults(const std::string& scenario, const std::vector<Call>& calls);
    [[nodiscard]] std::vector<Complaint> outcome_of(const Case& one) const;
    [[nodiscard]] std::vector<Complaint> outcome_of_series(const Case& one, unsigned& plays) const;
    void show(const std::string& name, const Played& played) const;
    void work(std::atomic<std::size_t>& next, std::atomic<unsigned>& passed,
              std::atomic<unsigned>& failed) const;

    Options options_;
    std::vector<Case> cases_;
    std::map<std::string, std::string> references_;
    std::vector<std::string> broken_;
};

Played Tier::play(const std::string& scenario, const std::optional<Fault>& fault,
                  const std::vector<std::string>& weakness) const {
    std::vector<std::string> argv{options_.driver, options_.witness, scenario};
    argv.insert(argv.end(), weakness.begin(), weakness.end());
    return fault::play(argv, fault, deadline);
}

void Tier::plan_faults(const std::string& scenario, const std::vector<Call>& calls) {
    for (const Call& call : calls) {
        bool known = false;
        for (const KnownCall& each : known_calls()) {
            if (each.number != call.number) {
                continue;
            }
            known = true;
            if (each.operation && *each.operation != call.operation) {
                continue;
            }
            for (const int errnum : each.errnos) {
                cases_.push_back({scenario, Fault{.at = call, .act = each.act, .errnum = errnum}, ""});
            }
        }
        if (!known) {
            broken_.push_back(scenario + ": system call " + std::to_string(call.number) +
                              " is not in errnos.inc");
        }
        cases_.push_back({scenario, Fault{.at = call, .act = Act::kill_launcher}, ""});
        if (call.actor > 0) {
            cases_.push_back({scenario, Fault{.at = call, .act = Act::kill_caller}, ""});
        }
    }
}

void Tier::plan(const std::string& scenario) {
    const Played undisturbed = play(scenario, std::nullopt);
    if (Complaint complaint = complaint_about_end(undisturbed, false); !complaint.empty()) {
        broken_.push_back(scenario + " undisturbed: " + complaint);
        return;
    }
    const bool wants_error = scenario == "missing_program";
    if (undisturbed.output.starts_with("ok ") == wants_error) {
        broken_.push_back(scenario + " undisturbed: " + undisturbed.output);
        return;
    }
    references_[scenario] = undisturbed.output;
    if (scenario == "lonely") {
        cases_.push_back({scenario, std::nullopt, "processes"});
        return;
    }
    plan_faults(scenario, undisturbed.calls);
    for (const char* const weakness : {"descriptors", "allocations", "late_allocations"}) {
        cases_.push_back({scenario, std::nullopt, weakness});
    }
}

void Tier::show(const std::string& name, const Played& played) const {
    if (options_.verbose) {
        const std::string line = played.output.substr(0, played.output.find('\n'));
        std::fputs((name + ": " + (played.reached ? "" : "(no fault) ") + line + "\n").c_str(), stdout);
        std::fflush(stdout);  // other workers write to the same file
    }
}

/// A launch in want of something: with none of it, with one, with two, until there is enough.
std::vector<Complaint> Tier::outcome_of_series(const Case& one, unsigned& plays) const {
    std::vector<Complaint> complaints;
    unsigned successes = 0;
    for (unsigned left = 0; successes < enough && complaints.size() < enough && left < longest_series;
         ++left) {
        ++plays;
        const Played played = play(one.scenario, std::nullopt, {one.weakness, std::to_string(left)});
        show(one.name() + " " + std::to_string(left), played);
        Complaint complaint = complaint_about_end(played, false);
        if (complaint.empty() && !played.output.starts_with("ok ") && !error_of(played.output)) {
            complaint = "neither success nor an Error: " + played.output;
        }
        if (!complaint.empty()) {
            complaints.push_back(one.name() + " " + std::to_string(left) + ": " + complaint);
        }
        const bool as_undisturbed = played.output.substr(0, 3) == references_.at(one.scenario).substr(0, 3);
        successes = complaint.empty() && as_undisturbed ? successes + 1 : 0;
    }
    return complaints;
}

std::vector<Complaint> Tier::outcome_of(const Case& one) const {
    // How often a launch polls depends on the machine's mood, so that the last calls of a kind may not come;
    // such a fault had nothing to break.
    const Played played = play(one.scenario, one.fault);
    show(one.name(), played);
    const Complaint complaint = played.reached
                                    ? complaint_about(*one.fault, played, references_.at(one.scenario))
                                    : complaint_about_end(played, false);
    return complaint.empty() ? std::vector<Complaint>{} : std::vector{one.name() + ": " + complaint};
}

void Tier::work(std::atomic<std::size_t>& next, std::atomic<unsigned>& passed,
                std::atomic<unsigned>& failed) const {
    for (std::size_t index = next++; index < cases_.size(); index = next++) {
        unsigned plays = 1;
        const Case& one = cases_[index];
        const auto complaints = one.fault ? outcome_of(one) : outcome_of_series(one, plays);
        for (const Complaint& complaint : complaints) {
            std::fputs(("[  FAILED  ] " + complaint + "\n").c_str(), stdout);
        }
        std::fflush(stdout);
        failed += static_cast<unsigned>(complaints.size());
        passed += plays - static_cast<unsigned>(std::min<std::size_t>(plays, complaints.size()));
    }
}

std::vector<std::string> scenario_names(const std::string& driver) {
    std::istringstream output{fault::play({driver, "--list"}, std::nullopt, deadline).output};
    std::vector<std::string> names;
    for (std::string name; std::getline(output, name);) {
        names.push_back(name);
    }
    return names;
}

struct Counters {
    std::atomic<std::size_t> next{0};
    std::atomic<unsigned> passed{0};
    std::atomic<unsigned> failed{0};
};

int Tier::run() {
    const std::string wanted =
        options_.one.empty() ? options_.only : options_.one.substr(0, options_.one.find('/'));
    for (const std::string& scenario : scenario_names(options_.driver)) {
        if (!wanted.empty() && scenario != wanted) {
            continue;
        }
        if (scenario == "subordinate_ids" && access("/usr/bin/newuidmap", X_OK) != 0) {
            std::puts("skipped: subordinate_ids (newuidmap is not installed)");
            continue;
        }
        plan(scenario);
    }
    if (!options_.one.empty()) {
        std::erase_if(cases_, [&](const Case& one) { return one.name() != options_.one; });
    }
    if (options_.list) {
        for (const Case& one : cases_) {
            std::puts(one.name().c_str());
        }
        return 0;
    }
    // Shared with the workers: ptrace and waitpid want a process each.
    void* const memory =
        mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::bad_alloc{};
    }
    auto* const counters = new (memory) Counters;
    std::fflush(stdout);
    std::vector<pid_t> workers;
    for (unsigned job = 0; job < options_.jobs; ++job) {
        workers.push_back(fork());
        if (workers.back() == 0) {
            work(counters->next, counters->passed, counters->failed);
            _exit(0);
        }
    }
    for (const pid_t worker : workers) {
        int status = 0;
        if (waitpid(worker, &status, 0) != worker || status != 0) {
            broken_.push_back("a worker of this program died");
        }
    }
    for (const std::string& line : broken_) {
        std::puts(("[  FAILED  ] " + line).c_str());
    }
    const auto failed = counters->failed + static_cast<unsigned>(broken_.size());
    if (failed > 0) {
        std::printf("to see one again: %s %s %s --case NAME\n", program_invocation_name,
                    options_.driver.c_str(), options_.witness.c_str());
    }
    // In GoogleTest's words, which tools/test_all adds up.
    std::printf("[  PASSED  ] %u tests.\n", counters->passed.load());
    if (failed > 0) {
        std::printf("[  FAILED  ] %u tests, listed above\n", failed);
    }
    std::printf("%u passed, %u failed\n", counters->passed.load(), failed);
    return failed == 0 && (counters->passed > 0 || !cases_.empty()) ? 0 : 1;
}

Options parse(int argc, char** argv) {
    if (argc < 3) {
        throw std::invalid_argument{
            "usage: run_faults DRIVER WITNESS [--only SCENARIO] [--case NAME] [--jobs N] [--list] "
            "[--verbose]"};
    }
    Options options{.driver = argv[1], .witness = argv[2], .only = "", .one = ""};
    for (int i = 3; i < argc; ++i) {
        const std::string_view flag = argv[i];
        if (flag == "--list") {
            options.list = true;
        } else if (flag == "--verbose") {
            options.verbose = true;
        } else if (i + 1 < argc && flag == "--only") {
            options.only = argv[++i];
        } else if (i + 1 < argc && flag == "--case") {
            options.one = argv[++i];
        } else if (i + 1 < argc && flag == "--jobs") {
            options.jobs = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
        } else {
            throw std::invalid_argument{"unknown option " + std::string{flag}};
        }
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        Options options = parse(argc, argv);
        if (!fault::set_up_stage(options.driver.c_str(), options.witness.c_str())) {
            return 2;
        }
        return Tier{std::move(options)}.run();
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "run_faults: %s\n", failure.what());
        return 2;
    }
}
