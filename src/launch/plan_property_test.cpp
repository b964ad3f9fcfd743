#include "launch/compiled_test.hpp"

#include <algorithm>
#include <csignal>
#include <map>
#include <random>

#include <fcntl.h>
#include <gtest/gtest.h>

namespace linx::launch {
namespace {

using program::DraftStep;
using program::Subject;

/// Draws specs that a person could mean, and callers and joins to go with them.
class Dice {
public:
    explicit Dice(unsigned seed) : engine_(seed) {}

    unsigned below(unsigned bound) { return std::uniform_int_distribution<unsigned>(0, bound - 1)(engine_); }
    bool maybe() { return below(2) == 0; }

    Namespaces namespaces() {
        Namespaces set;
        for (const Namespace kind : every_namespace) {
            if (maybe()) {
                set.insert(kind);
            }
        }
        return set;
    }

    isolate::Joins joins(Namespaces fresh) {
        isolate::Joins joins;
        Namespaces rest = Namespaces::all().without(fresh);
        Namespaces together;
        for (const Namespace kind : every_namespace) {
            if (!rest.contains(kind)) {
                continue;
            }
            switch (below(6)) {
                case 0:
                    joins.sources.emplace_back(isolate::JoinByPath{.kind = kind, .path = "/ns"});
                    break;
                case 1:
                    joins.sources.emplace_back(isolate::JoinByFile{.kind = kind, .number = 9});
                    break;
                case 2:
                    together.insert(kind);
                    break;
                default:
                    break;
            }
        }
        if (!together.empty()) {
            joins.sources.emplace_back(
                isolate::JoinByPidfd{.owned = 0, .kinds = together, .label = "pid 71"});
        }
        std::shuffle(joins.sources.begin(), joins.sources.end(), engine_);
        return joins;
    }

    isolate::Caller caller() {
        isolate::Caller caller = maybe() ? isolate::root() : isolate::ordinary_user();
        caller.dumpable = below(4) != 0;
        caller.hard_limits.fill(100);
        return caller;
    }

    ProcessSpec spec() {
        ProcessSpec spec;
        spec.argv = {"tool", "argument"};
        spec.namespaces = namespaces();
        ids(spec);
        furnishing(spec);
        descriptors(spec);
        rest(spec);
        return spec;
    }

private:
    void ids(ProcessSpec& spec) {
        const bool fresh_user = spec.namespaces->contains(Namespace::user);
        spec.map_root = fresh_user && below(3) == 0;
        if (fresh_user && !spec.map_root && maybe()) {
            spec.uid_map = {{0, 100000, 100}};
            spec.gid_map = {{0, 100000, 100}};
        }
        if (maybe()) {
            spec.uid = spec.map_root ? 0 : below(100);
        }
        if (maybe()) {
            spec.gid = spec.map_root ? 0 : below(100);
        }
        if (below(3) == 0) {
            spec.groups.emplace(below(3), spec.map_root ? 0U : 7U);
        }
    }
    void furnishing(ProcessSpec& spec) {
        if (spec.namespaces->contains(Namespace::uts) && maybe()) {
            spec.hostname = "box";
        }
        if (spec.namespaces->contains(Namespace::mount)) {
            spec.mounts.assign(below(3), Mount{.type = "tmpfs", .target = "/tmp"});
        }
        if (spec.namespaces->contains(Namespace::time) && maybe()) {
            spec.time_offsets.boottime = TimeOffset{.seconds = 5, .nanoseconds = 6};
        }
    }
    Stdio stdio() {
        switch (below(4)) {
            case 0:
                return StdioNull{};
            case 1:
                return StdioFile{.path = "/x", .flags = O_RDWR};
            case 2:
                return StdioFd{FdRef{9}};
            default:
                return StdioInherit{};
        }
    }
    void descriptors(ProcessSpec& spec) {
        spec.stdin_from = stdio();
        spec.stdout_to = stdio();
        spec.stderr_to = maybe() ? stdio() : StdioAsStdout{};
        for (int number = 3; number < 8; ++number) {
            if (maybe()) {
                spec.fds.push_back({FdRef{static_cast<int>(3 + below(5))}, number});
            }
        }
        if (below(4) == 0) {
            spec.foreground_of = FdRef{0};
        }
    }
    void rest(ProcessSpec& spec) {
        spec.leads = std::array{Leads::nothing, Leads::process_group, Leads::session}.at(below(3));
        spec.no_new_privs = maybe();
        spec.init = maybe();
        if (maybe()) {
            spec.cwd = "/srv";
        }
        if (maybe()) {
            spec.umask = 022;
        }
        if (maybe()) {
            spec.nice = 3;
        }
        if (maybe()) {
            spec.rlimits = {{RLIMIT_CORE, 0, 200}, {RLIMIT_NOFILE, 10, 20}};
        }
        if (maybe()) {
            spec.parent_death_signal = SIGKILL;
        }
    }

    std::mt19937 engine_;
};

/// Where the steps of one stage of one subject stand in the plan.
std::vector<std::size_t> places(const std::vector<DraftStep>& steps, Subject subject, Stage stage) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].subject == subject && steps[i].stage == stage) {
            found.push_back(i);
        }
    }
    return found;
}

std::size_t count(const std::vector<DraftStep>& steps, Stage stage) {
    return static_cast<std::size_t>(std::ranges::count(steps, stage, &DraftStep::stage));
}

/// A step that the table does not know has place 0, before the first of the table.
bool is_known(const DraftStep& step) {
    std::vector<DraftStep> pair;
    pair.push_back({Phase::acquire, Subject::none, Stage::pidfd_open, program::LauncherAction{}, {}});
    pair.push_back(step);
    put_in_order(pair);
    return pair[0].stage == Stage::pidfd_open;
}

/// Every `first` stands before every `then`, as far as there are any.
void expect_before(const std::vector<DraftStep>& steps, Subject subject, Stage first, Stage then,
                   Phase phase) {
    std::optional<std::size_t> last_first;
    std::optional<std::size_t> first_then;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].subject != subject || steps[i].phase != phase) {
            continue;
        }
        if (steps[i].stage == first) {
            last_first = i;
        }
        if (steps[i].stage == then && !first_then) {
            first_then = i;
        }
    }
    if (last_first && first_then) {
        EXPECT_LT(*last_first, *first_then) << name(first) << " must come before " << name(then);
    }
}

/// The phases of one process, as its own clock sees them: the intermediate's clone of the workload is
/// its last act.
void expect_phases_in_order(const std::vector<DraftStep>& steps, Subject subject) {
    Phase last = Phase::acquire;
    for (const DraftStep& step : steps) {
        const bool last_act = step.stage == Stage::clone_workload;
        const bool mapped_while_it_waits = subject == Subject::intermediate && step.phase == Phase::map;
        if (step.subject != subject || last_act || mapped_while_it_waits) {
            continue;
        }
        EXPECT_GE(step.phase, last) << name(step.stage);
        last = step.phase;
    }
}

void expect_sound(const std::vector<DraftStep>& steps, const isolate::Joins& joins) {
    for (const DraftStep& step : steps) {
        EXPECT_TRUE(is_known(step)) << "the table of the order does not know " << name(step.phase) << " "
                                    << name(step.stage);
    }
    for (const Subject subject : {Subject::none, Subject::scout, Subject::intermediate, Subject::child}) {
        expect_phases_in_order(steps, subject);
    }
    EXPECT_EQ(count(steps, Stage::checkpoint), 1U);
    EXPECT_EQ(count(steps, Stage::execve), 1U);
    EXPECT_EQ(count(steps, Stage::seal_fds), 1U);
    EXPECT_EQ(count(steps, Stage::signals), 1U);
    EXPECT_EQ(steps.back().stage, Stage::execve);
    EXPECT_EQ(count(steps, Stage::clone3) + count(steps, Stage::clone_intermediate), 1U);
    EXPECT_EQ(count(steps, Stage::clone_workload), count(steps, Stage::clone_intermediate));
    expect_before(steps, Subject::child, Stage::stdio, Stage::seal_fds, Phase::seal);
    expect_before(steps, Subject::child, Stage::stdio, Stage::setrlimit, Phase::seal);
    expect_before(steps, Subject::child, Stage::foreground, Stage::seal_fds, Phase::seal);
    expect_before(steps, Subject::child, Stage::seal_fds, Stage::signals, Phase::seal);
    expect_before(steps, Subject::child, Stage::foreground, Stage::signals, Phase::seal);
    expect_before(steps, Subject::child, Stage::chdir, Stage::verify_cwd, Phase::seal);
    expect_before(steps, Subject::child, Stage::setresuid, Stage::parent_death_signal, Phase::seal);
    expect_before(steps, Subject::child, Stage::mount_propagation, Stage::mount, Phase::prepare);
    for (const Phase phase : {Phase::prepare, Phase::seal}) {
        expect_before(steps, Subject::child, Stage::setgroups, Stage::setresgid, phase);
        expect_before(steps, Subject::child, Stage::setgroups, Stage::setresuid, phase);
        expect_before(steps, Subject::child, Stage::setresgid, Stage::setresuid, phase);
    }
    for (const Subject subject : {Subject::intermediate, Subject::child}) {
        expect_before(steps, subject, Stage::setgroups_deny, Stage::gid_map, Phase::map);
        const bool maps = std::ranges::any_of(steps, [subject](const DraftStep& step) {
            return step.phase == Phase::map && step.subject == subject;
        });
        EXPECT_EQ(places(steps, subject, Stage::await_mapped).size(), maps ? 1U : 0U)
            << "who is mapped waits for it, and nobody else";
    }
    // The first process closes what is not its own before it does anything else.
    const Subject first = count(steps, Stage::clone3) == 1 ? Subject::child : Subject::intermediate;
    const auto clone = std::ranges::find_if(steps, [](const DraftStep& step) {
        return step.stage == Stage::clone3 || step.stage == Stage::clone_intermediate;
    });
    ASSERT_NE(clone + 1, steps.end());
    EXPECT_EQ((clone + 1)->stage, Stage::close_range);
    EXPECT_EQ((clone + 1)->subject, first);
    EXPECT_EQ(count(steps, Stage::close_range), 1U);
    // Who joins is undumpable before its first setns, and nothing makes it dumpable again.
    const auto setns = std::ranges::find_if(steps, [](const DraftStep& step) {
        return step.stage >= Stage::setns && step.stage <= Stage::setns_time;
    });
    EXPECT_EQ(setns == steps.end(), joins.kinds().empty());
    if (setns != steps.end()) {
        const auto dumpable = std::ranges::find(steps, Stage::set_dumpable, &DraftStep::stage);
        ASSERT_NE(dumpable, steps.end());
        EXPECT_LT(dumpable, setns);
        EXPECT_EQ(std::get<child::SetDumpable>(std::get<child::Operation>(dumpable->what)).value, 0U);
        EXPECT_EQ(count(steps, Stage::set_dumpable), 1U);
    }
}

TEST(RandomPlans, keep_the_order_of_a_launch) {
    std::map<std::string, int> seen;
    for (unsigned seed = 0; seed < 1500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        ProcessSpec spec = dice.spec();
        const isolate::Joins joins = dice.maybe() ? dice.joins(*spec.namespaces) : isolate::Joins{};
        const isolate::Caller caller = dice.caller();
        const auto compiled = compile_for(spec, caller, joins);
        ASSERT_TRUE(compiled) << compiled.error().message();
        expect_sound((*compiled)->steps, joins);
        for (const DraftStep& step : (*compiled)->steps) {
            ++seen[std::string(name(step.stage))];
        }
        if (testing::Test::HasFailure()) {
            return;
        }
    }
    // Dice that never fall on a stage prove nothing about it.
    for (const char* stage :
         {"setgroups_deny", "newuidmap", "prlimit", "setpriority", "unshare", "timens_offsets",
          "clone_workload", "setns", "setns_user", "setns_pid", "foreground", "verify_cwd", "mount",
          "loopback", "sethostname", "open_stdin", "parent_death_signal"}) {
        EXPECT_GT(seen[stage], 20) << stage;
    }
}

TEST(RandomPlans, refer_to_slots_that_exist_and_are_filled) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const ProcessSpec spec = dice.spec();
        const auto compiled = compile_for(spec, dice.caller(), dice.joins(*spec.namespaces));
        ASSERT_TRUE(compiled) << compiled.error().message();
        std::vector<int> filled((*compiled)->slots, 0);
        for (const DraftStep& step : (*compiled)->steps) {
            const auto* action = std::get_if<program::LauncherAction>(&step.what);
            const auto* operation = std::get_if<child::Operation>(&step.what);
            const auto fill = [&filled](child::Slot slot) { ++filled.at(slot); };
            if (action != nullptr) {
                if (const auto* path = std::get_if<program::OpenNamespacePath>(action)) {
                    fill(path->slot);
                } else if (const auto* borrow = std::get_if<program::BorrowFd>(action)) {
                    fill(borrow->slot);
                } else if (const auto* own = std::get_if<program::OwnFd>(action)) {
                    fill(own->slot);
                } else if (const auto* null = std::get_if<program::OpenNull>(action)) {
                    fill(null->slot);
                } else if (const auto* init = std::get_if<program::OpenInit>(action)) {
                    fill(init->slot);
                }
            } else if (const auto* open = std::get_if<child::OpenFile>(operation)) {
                fill(open->slot);
            }
        }
        EXPECT_EQ(filled[child::checkpoint_slot], 0);
        for (std::size_t slot = 1; slot < filled.size(); ++slot) {
            EXPECT_EQ(filled[slot], 1) << "slot " << slot;
        }
    }
}

}  // namespace
}  // namespace linx::launch
