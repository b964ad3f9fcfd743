#include "launch/join_order.hpp"

#include "sys/namespace_file.hpp"
#include "sys/process.hpp"

#include <algorithm>
#include <optional>

#include <fcntl.h>
#include <sched.h>

namespace linx::launch {

namespace {

/// The namespace file behind a descriptor that is one, or the pidfd of a process in it.
std::optional<Fd> file_of(int number, std::uint64_t flags) {
    const FdRef fd{number};
    if (sys::namespace_type(fd)) {
        return Fd{::fcntl(number, F_DUPFD_CLOEXEC, 3)};
    }
    const auto pid = sys::pid_of(fd);
    for (const Namespace kind : every_namespace) {
        if (pid && (flags & clone_flag(kind)) != 0) {
            const std::string path = "/proc/" + std::to_string(*pid) + "/ns/" + std::string(proc_name(kind));
            return Fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
        }
    }
    return std::nullopt;
}

const child::JoinNamespaces* as_join(const program::DraftStep& step) {
    const auto* operation = std::get_if<child::Operation>(&step.what);
    return operation != nullptr ? std::get_if<child::JoinNamespaces>(operation) : nullptr;
}

/// Is the namespace owned by that user namespace, or by one below it?
bool is_owned_by(FdRef file, const sys::NamespaceId& user) {
    auto owner = sys::owning_user_namespace(file);
    while (owner) {
        const auto id = sys::namespace_id(owner->ref());
        if (id && *id == user) {
            return true;
        }
        owner = sys::parent_namespace(owner->ref());
    }
    return false;
}

}  // namespace

Result<void> put_joins_in_order(std::vector<program::DraftStep>& steps, const std::vector<int>& table) {
    const auto is_join = [](const program::DraftStep& step) { return as_join(step) != nullptr; };
    const auto first = std::ranges::find_if(steps, is_join);
    const auto last = std::find_if_not(first, steps.end(), is_join);
    // An empty slot means that the namespace is shared already and nothing is joined.
    const auto joins_user = [&table](const program::DraftStep& step) {
        return (as_join(step)->flags & CLONE_NEWUSER) != 0 && table[as_join(step)->slot] >= 0;
    };
    const auto user = std::find_if(first, last, joins_user);
    if (user == last || last - first < 2) {
        return {};
    }
    const auto user_file = file_of(table[as_join(*user)->slot], CLONE_NEWUSER);
    const auto id = user_file ? sys::namespace_id(user_file->ref()) : std::unexpected(EBADF);
    if (!id) {
        return failed(user->stage, id.error(), user->detail);
    }
    std::vector<program::DraftStep> before;
    std::vector<program::DraftStep> after;
    for (auto step = first; step != last; ++step) {
        if (step == user) {
            continue;
        }
        const auto file = file_of(table[as_join(*step)->slot], as_join(*step)->flags);
        const bool owned = file && is_owned_by(file->ref(), *id);
        (owned ? after : before).push_back(std::move(*step));
    }
    program::DraftStep user_step = std::move(*user);
    auto next = std::ranges::move(before, first).out;
    *next++ = std::move(user_step);
    std::ranges::move(after, next);
    return {};
}

}  // namespace linx::launch
