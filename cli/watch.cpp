#include "cli/watch.hpp"

#include "sys/kinship.hpp"
#include "sys/signals.hpp"

#include <array>

namespace linx::cli {

namespace {

bool aborts(int signum) {
    return signum == SIGINT || signum == SIGTERM || signum == SIGHUP || signum == SIGQUIT;
}

std::optional<std::chrono::milliseconds> time_left(const Lookout& lookout) {
    if (!lookout.deadline) {
        return std::nullopt;
    }
    return std::chrono::ceil<std::chrono::milliseconds>(*lookout.deadline - Clock::now());
}

}  // namespace

Result<Sight> Watch::look(const Lookout& lookout) {
    while (true) {
        auto seen = LINX_TRY(look_once(lookout));
        if (seen) {
            return *seen;
        }
    }
}

Result<std::optional<Sight>> Watch::look_once(const Lookout& lookout) {
    // poll ignores a negative descriptor.
    std::array<pollfd, 3> ready{{{process_.pidfd().number(), POLLIN, 0},
                                 {inbox_.fd().number(), POLLIN, 0},
                                 {lookout.other.value_or(FdRef{-1}).number(), POLLIN, 0}}};
    const auto left = time_left(lookout);
    const auto count = sys::wait_ready(ready, left);
    if (!count && count.error() != EINTR) {
        return failed(Stage::wait, count.error(), "poll");
    }
    if (!count) {
        return std::nullopt;
    }
    if (ready[0].revents != 0) {
        if (auto ended = LINX_TRY(process_.try_wait())) {
            return Sight{*ended};
        }
    }
    if (ready[1].revents != 0) {
        if (const auto interrupted = read_signals(lookout.interruptible)) {
            return Sight{*interrupted};
        }
    }
    if (ready[2].revents != 0) {
        return Sight{OtherReady{}};
    }
    if (left && time_left(lookout)->count() <= 0) {
        return Sight{TimedOut{}};
    }
    return std::nullopt;
}

std::optional<Interrupted> Watch::read_signals(bool interruptible) {
    while (const auto letter = inbox_.next()) {
        if (letter->signum == SIGCHLD) {
            follow_stop();
        } else if (letter->signum == SIGCONT) {
            resume();
        } else if (interruptible && aborts(letter->signum)) {
            return Interrupted{letter->signum};
        } else {
            forward(*letter);
        }
    }
    return std::nullopt;
}

void Watch::signal_group(int signum) const {
    if (standing_.is_init && (signum == SIGKILL || signum == SIGSTOP)) {
        signal_children_of_init(signum);
    }
    (void)sys::signal_group(process_.host_pid(), signum);
}

/// What the init itself cannot see coming. Orphans that it has taken over lead no group, or are meant as
/// well.
void Watch::signal_children_of_init(int signum) const {
    const auto children = sys::children_of(process_.host_pid());
    for (const pid_t child : children.value_or(std::vector<pid_t>{})) {
        const auto status = sys::status_of_process(child);
        if (status && status->parent == process_.host_pid() && status->group == child) {
            (void)sys::signal_group(child, signum);
        }
    }
}

void Watch::forward(const Letter& letter) {
    passed_on_interrupt_ = passed_on_interrupt_ || (letter.signum == SIGINT && letter.from_kernel);
    if (letter.signum == SIGTSTP) {
        passed_on_stop_ = true;
        // A group that leads its own session is orphaned: the kernel would not stop it by TSTP.
        signal_group(standing_.leads_session ? SIGSTOP : SIGTSTP);
    } else if (letter.from_kernel || letter.signum == SIGHUP) {
        // From the terminal, or from a shell that ends: these are meant for the whole job.
        signal_group(letter.signum);
    } else {
        // It may have ended this very moment: that is seen next.
        (void)process_.signal(letter.signum);
    }
}

void Watch::follow_stop() {
    const auto stopped = process_.try_wait_stopped();
    if (!stopped || !*stopped) {
        return;
    }
    const int signum = **stopped;
    if ((signum == SIGTTIN || signum == SIGTTOU) && terminal_.is_ours()) {
        // It asks for the terminal, which is ours to give.
        terminal_.give(process_.host_pid());
        signal_group(SIGCONT);
        return;
    }
    // A stop that neither the terminal nor linx has caused is the workload's own affair: linx stays awake,
    // or a workload could stop the clock of its own timeout.
    const bool by_terminal = signum == SIGTTIN || signum == SIGTTOU || signum == SIGTSTP;
    if (terminal_.is_lent() || passed_on_stop_ || (by_terminal && terminal_.is_there())) {
        passed_on_stop_ = false;
        stop_as(signum);
    }
}

void Watch::stop_as(int signum) {
    const bool held_terminal = terminal_.take_back();
    // ^Z is for the whole job: the rest of a pipeline is in linx's group, where it did not arrive.
    const bool whole_job = held_terminal && signum == SIGTSTP;
    // Never by SIGSTOP: where nobody could continue linx, it has to go on, or it would wait forever.
    const bool stood_still = inbox_.stop(signum == SIGSTOP ? SIGTSTP : signum, whole_job);
    if (stood_still) {
        resume();
        return;
    }
    terminal_.give_again(process_.host_pid());
    if (signum == SIGTSTP) {
        // ^Z in a terminal without a shell: the kernel ignores it there, and so do we.
        signal_group(SIGCONT);
    }
}

void Watch::resume() {
    terminal_.give_again(process_.host_pid());
    signal_group(SIGCONT);
}

}  // namespace linx::cli
