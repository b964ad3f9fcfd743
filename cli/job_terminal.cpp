#include "cli/job_terminal.hpp"

#include "sys/message_socket.hpp"
#include "sys/terminal.hpp"

#include <unistd.h>

namespace linx::cli {

JobTerminal JobTerminal::open() {
    JobTerminal job;
    auto terminal = sys::open_controlling_terminal();
    if (terminal) {
        terminal = sys::above_stdio(std::move(*terminal));
    }
    if (!terminal) {
        return job;  // no terminal, or one that hung up: nothing to lend
    }
    job.terminal_ = std::move(*terminal);
    job.own_group_ = ::getpgrp();
    return job;
}

bool JobTerminal::is_ours() const {
    if (!terminal_.is_open()) {
        return false;
    }
    const auto group = sys::foreground_group(terminal_.ref());
    return group && *group == own_group_;
}

void JobTerminal::offer(pid_t group) {
    if (terminal_.is_open() && sys::is_terminal(FdRef{0}) && sys::is_terminal(FdRef{1})) {
        give(group);
    }
}

void JobTerminal::give_again(pid_t group) {
    if (was_lent_) {
        give(group);
    }
}

void JobTerminal::give(pid_t group) {
    if (!is_ours()) {
        return;
    }
    if (const auto settings = sys::terminal_settings(terminal_.ref()); settings && !settings_) {
        settings_ = *settings;
    }
    lent_ = sys::set_foreground_group(terminal_.ref(), group).has_value();
    was_lent_ = lent_;
}

bool JobTerminal::take_back() {
    if (!lent_ || !terminal_.is_open()) {
        return false;
    }
    lent_ = false;
    // The caller holds SIGTTOU back. A terminal that hung up meanwhile is nobody's.
    (void)sys::set_foreground_group(terminal_.ref(), own_group_);
    return true;
}

void JobTerminal::restore_settings() const {
    if (settings_) {
        (void)sys::set_terminal_settings(terminal_.ref(), *settings_);
    }
}

}  // namespace linx::cli
