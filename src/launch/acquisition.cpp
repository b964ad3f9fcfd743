#include "launch/acquisition.hpp"

#include "child/clone.hpp"
#include "child/record.hpp"
#include "isolate/namespaces.hpp"
#include "launch/belongings.hpp"
#include "launch/init_image.hpp"
#include "launch/join_order.hpp"
#include "sys/message_socket.hpp"
#include "sys/namespace_file.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <span>

#include <fcntl.h>

namespace linx::launch {

namespace {

std::string why_no_init(int errnum) {
    switch (errnum) {
        case EACCES:
            return "the sysctl vm.memfd_noexec is 2: no program can be run from memory here";
        case ENOSYS:
            return "this linx was built without linx-init";
        default:
            return {};
    }
}

/// What the scout does before its errands.
constexpr std::array own_steps{Stage::close_range, Stage::parent_death_signal};

/// The launcher's own, which is where a child would be born anyway.
bool is_own(Namespace kind, const sys::NamespaceId& id) {
    std::string path = "/proc/thread-self/ns/" + std::string(proc_name(kind));
    path += kind == Namespace::pid || kind == Namespace::time ? "_for_children" : "";
    const auto own = sys::namespace_id(path);
    return own && *own == id;
}

}  // namespace

Acquisition::Acquisition(LaunchPlan::Compiled& plan) : plan_(plan), table_(plan.slots, -1) {}

std::unexpected<Error> Acquisition::error(std::size_t step, int errnum, std::string hint) const {
    return std::unexpected(Error{.stage = plan_.steps[step].stage,
                                 .errnum = errnum,
                                 .detail = plan_.steps[step].detail,
                                 .hint = std::move(hint)});
}

void Acquisition::put(child::Slot slot, Fd fd) {
    table_[slot] = fd.ref().number();
    opened_.push_back(std::move(fd));
}

Result<void> Acquisition::begin() {
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
        const program::DraftStep& step = plan_.steps[i];
        if (step.phase != Phase::acquire) {
            continue;
        }
        if (const auto* action = std::get_if<program::LauncherAction>(&step.what)) {
            LINX_TRY(open_at_hand(i, *action));
        } else {
            errands_.push_back({i, std::get<child::Operation>(step.what)});
        }
    }
    outstanding_ = errands_.size();
    return errands_.empty() ? finish() : send_scout();
}

Result<void> Acquisition::open_at_hand(std::size_t step, const program::LauncherAction& action) {
    if (const auto* wanted = std::get_if<program::OpenNamespacePath>(&action)) {
        return open_namespace(step, *wanted);
    }
    if (const auto* owned = std::get_if<program::OwnFd>(&action)) {
        auto above = sys::above_stdio(std::move(plan_.owned[owned->owned]));
        if (!above) {
            return error(step, above.error());
        }
        put(owned->slot, std::move(*above));
        return {};
    }
    if (const auto* borrowed = std::get_if<program::BorrowFd>(&action)) {
        if (::fcntl(borrowed->number, F_GETFD) < 0) {
            return failed(
                Stage::spec, EINVAL,
                borrowed->field + ": descriptor " + std::to_string(borrowed->number) + " is not open");
        }
        table_[borrowed->slot] = borrowed->number;
        return {};
    }
    if (const auto* null = std::get_if<program::OpenNull>(&action)) {
        auto above = sys::above_stdio(Fd{::open("/dev/null", null->flags | O_CLOEXEC)});
        if (!above || !above->is_open()) {
            return error(step, above ? errno : above.error());
        }
        put(null->slot, std::move(*above));
    }
    if (const auto* init = std::get_if<program::OpenInit>(&action)) {
        auto image = open_init_image();
        auto above = image ? sys::above_stdio(std::move(*image)) : std::move(image);
        if (!above) {
            return error(step, above.error(), why_no_init(above.error()));
        }
        put(init->slot, std::move(*above));
    }
    return {};
}

Result<void> Acquisition::open_namespace(std::size_t step, const program::OpenNamespacePath& wanted) {
    auto file = sys::open_namespace_cached(wanted.path);
    if (!file && (file.error() == EAGAIN || file.error() == ENOSYS)) {
        errands_.push_back({step, child::OpenFile{plan_.arena.text(wanted.path), O_PATH, 0, wanted.slot}});
        return {};
    }
    if (!file) {
        return error(step, file.error());
    }
    put(wanted.slot, std::move(*file));
    return {};
}

/// The scout is a child like any other: its program closes what is not its own, opens file after
/// file, and ends.
Result<void> Acquisition::send_scout() {
    auto pair = sys::message_socket_pair();
    if (!pair) {
        return failed(Stage::socketpair, pair.error());
    }
    // It may wait in open(2) for ever, and must not do so for a launcher that is gone.
    std::vector<child::Step> steps{{child::CloseOthers{}}, {child::ArmParentDeath{SIGKILL}}};
    for (const Errand& errand : errands_) {
        steps.push_back({errand.what});
    }
    const std::array fds{pair->theirs.ref().number()};
    const Belongings belongings = LINX_TRY(Belongings::pack(
        {.steps = steps, .arena = plan_.arena.bytes(), .fds = fds, .argv = {}, .environment = {}}));
    const sys::AllSignalsBlocked blocked;
    if (blocked.error() != 0) {
        return failed(Stage::sigprocmask, blocked.error());
    }
    const child::CloneAnswer answer = child::clone_and_run({}, belongings.program());
    if (answer.pid < 0) {
        return failed(Stage::clone_scout, static_cast<int>(-answer.pid));
    }
    scout_ = Kin{Fd{answer.pidfd}, static_cast<pid_t>(answer.pid)};
    socket_ = std::move(pair->ours);
    return {};
}

Result<bool> Acquisition::advance() {
    if (outstanding_ == 0) {
        return true;
    }
    LINX_TRY(receive_all());
    if (outstanding_ > 0) {
        return false;
    }
    scout_.kill_and_reap();  // it has nothing left to do but to end
    socket_.reset();
    LINX_TRY(finish());
    return true;
}

void Acquisition::end() noexcept {
    scout_.kill_and_reap();
    socket_.reset();
    close_all();
}

Result<void> Acquisition::receive_all() {
    while (outstanding_ > 0) {
        child::Record record;
        auto received = sys::receive_record(socket_.ref(), std::as_writable_bytes(std::span(&record, 1)));
        if (!received && received.error() == EAGAIN) {
            return {};
        }
        if (!received || received->length != sizeof(record)) {
            return failed(Stage::child_died, received ? ESRCH : received.error(), "the scout");
        }
        LINX_TRY(take(record, std::move(received->fd)));
    }
    return {};
}

Result<void> Acquisition::take(const child::Record& record, Fd fd) {
    if (record.tell == child::Tell::failed) {
        if (record.step < own_steps.size()) {
            return failed(own_steps[record.step], record.errnum, "the scout");
        }
        const std::size_t errand = record.step - own_steps.size();
        return errand < errands_.size() ? error(errands_[errand].step, record.errnum)
                                        : failed(Stage::child_died, EPROTO, "the scout");
    }
    if (!fd.is_open()) {
        return failed(Stage::duplicate_fd, EMFILE, "a descriptor opened by the scout");
    }
    auto above = sys::above_stdio(std::move(fd));
    if (!above) {
        return failed(Stage::duplicate_fd, above.error());
    }
    put(record.slot, std::move(*above));
    --outstanding_;
    return {};
}

Result<void> Acquisition::finish() {
    LINX_TRY(check_namespaces());
    return put_joins_in_order(plan_.steps, table_);
}

/// A path may lead to anything: it must be a namespace, of the kind that was meant. One that the
/// child is born in anyway is not joined.
Result<void> Acquisition::check_namespaces() {
    for (std::size_t i = 0; i < plan_.steps.size() && plan_.steps[i].phase == Phase::acquire; ++i) {
        const auto* action = std::get_if<program::LauncherAction>(&plan_.steps[i].what);
        const auto* wanted = action != nullptr ? std::get_if<program::OpenNamespacePath>(action) : nullptr;
        if (wanted == nullptr) {
            continue;
        }
        auto file = sys::reopen_namespace(FdRef{table_[wanted->slot]});
        if (!file) {
            return error(i, file.error(), file.error() == EINVAL ? "this file is no namespace" : "");
        }
        const auto type = sys::namespace_type(file->ref());
        if (!type || *type != clone_flag(wanted->kind)) {
            return error(i, type ? EINVAL : type.error(), "this is a namespace of another kind");
        }
        const auto id = sys::namespace_id(file->ref());
        const bool shared = id && is_own(wanted->kind, *id);
        auto above = sys::above_stdio(std::move(*file));
        if (!above) {
            return error(i, above.error());
        }
        put(wanted->slot, std::move(*above));
        if (shared) {
            table_[wanted->slot] = -1;
        }
    }
    return {};
}

}  // namespace linx::launch
