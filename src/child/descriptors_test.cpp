#include "child/rehearsal_test.hpp"

#include <array>
#include <memory>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace linx::child {
namespace {

/// Runs the moves in a child and looks at it at its checkpoint.
void place(Rehearsal& child, const std::vector<Move>& moves) {
    child.step(CloseOthers{});
    child.step(PlaceDescriptors{child.list(moves)});
    child.step(Checkpoint{});
    child.start();
    child.expect_ready();
}

TEST(CloseOthers, leaves_the_child_what_its_slots_hold_and_nothing_else) {
    const Marked kept("kept");
    const Marked closed("closed");
    const Marked inheritable("inheritable");
    ASSERT_EQ(::fcntl(inheritable.number(), F_SETFD, 0), 0);
    Rehearsal child;
    child.slot(kept.number());
    const int socket = child.socket_number();
    child.step(CloseOthers{});
    child.step(Checkpoint{});
    child.start();
    child.expect_ready();
    const auto left = child.descriptors();
    EXPECT_EQ(left.size(), 2U);
    EXPECT_EQ(left.at(kept.number()), kept.link());
    EXPECT_TRUE(left.at(socket).starts_with("socket:")) << left.at(socket);
}

TEST(CloseOthers, leaves_stdin_stdout_and_stderr_alone) {
    Rehearsal child;
    child.step(Checkpoint{});
    child.start();
    child.expect_ready();
    const auto before = child.descriptors(0);
    Rehearsal closed;
    closed.step(CloseOthers{});
    closed.step(Checkpoint{});
    closed.start();
    closed.expect_ready();
    const auto after = closed.descriptors(0);
    for (const int number : {0, 1, 2}) {
        EXPECT_EQ(before.count(number), after.count(number)) << number;
    }
}

TEST(CloseOthers, skips_slots_that_are_empty_or_hold_the_same_number) {
    const Marked kept("kept");
    Rehearsal child;
    child.slot(-1);
    child.slot(kept.number());
    child.slot(kept.number());
    child.slot(0);
    child.step(CloseOthers{});
    child.step(Checkpoint{});
    child.start();
    child.expect_ready();
    EXPECT_EQ(child.descriptors().size(), 2U);
    EXPECT_EQ(child.descriptors().at(kept.number()), kept.link());
}

TEST(PlaceDescriptors, takes_any_permutation_of_3_4_5) {
    std::array<int, 3> order{3, 4, 5};
    int permutations = 0;
    do {
        const std::array<std::unique_ptr<Marked>, 3> files{std::make_unique<Marked>("three", 3),
                                                           std::make_unique<Marked>("four", 4),
                                                           std::make_unique<Marked>("five", 5)};
        Rehearsal child;
        std::vector<Move> moves;
        for (std::size_t i = 0; i < 3; ++i) {
            moves.push_back({child.slot(files[i]->number()), order[i]});
        }
        place(child, moves);
        const auto found = child.descriptors();
        for (std::size_t i = 0; i < 3; ++i) {
            EXPECT_EQ(found.at(order[i]), files[i]->link()) << order[0] << order[1] << order[2];
            EXPECT_FALSE(child.closes_on_exec(order[i])) << order[i];
        }
        ++permutations;
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(permutations, 6);
}

TEST(PlaceDescriptors, swaps_two) {
    const Marked three("three", 3);
    const Marked four("four", 4);
    Rehearsal child;
    const Slot first = child.slot(3);
    const Slot second = child.slot(4);
    place(child, {{first, 4}, {second, 3}});
    EXPECT_EQ(child.descriptors().at(3), four.link());
    EXPECT_EQ(child.descriptors().at(4), three.link());
}

TEST(PlaceDescriptors, shifts_a_chain_in_either_direction) {
    for (const int by : {1, -1}) {
        const Marked six("six", 6);
        const Marked seven("seven", 7);
        const Marked eight("eight", 8);
        Rehearsal child;
        const std::vector<Move> moves{
            {child.slot(6), 6 + by}, {child.slot(7), 7 + by}, {child.slot(8), 8 + by}};
        place(child, moves);
        EXPECT_EQ(child.descriptors().at(6 + by), six.link()) << by;
        EXPECT_EQ(child.descriptors().at(7 + by), seven.link()) << by;
        EXPECT_EQ(child.descriptors().at(8 + by), eight.link()) << by;
    }
}

TEST(PlaceDescriptors, fills_stdin_stdout_and_stderr) {
    const Marked in("in");
    const Marked out("out");
    const Marked err("err");
    Rehearsal child;
    const std::vector<Move> moves{
        {child.slot(in.number()), 0}, {child.slot(out.number()), 1}, {child.slot(err.number()), 2}};
    place(child, moves);
    const auto found = child.descriptors(0);
    EXPECT_EQ(found.at(0), in.link());
    EXPECT_EQ(found.at(1), out.link());
    EXPECT_EQ(found.at(2), err.link());
    for (const int number : {0, 1, 2}) {
        EXPECT_FALSE(child.closes_on_exec(number));
    }
}

TEST(PlaceDescriptors, swaps_stdout_and_stderr) {
    const Marked out("out", 1);
    const Marked err("err", 2);
    Rehearsal child;
    const std::vector<Move> moves{{child.slot(1), 2}, {child.slot(2), 1}};
    place(child, moves);
    EXPECT_EQ(child.descriptors(0).at(1), err.link());
    EXPECT_EQ(child.descriptors(0).at(2), out.link());
}

TEST(PlaceDescriptors, puts_one_source_under_two_numbers) {
    const Marked three("three", 3);
    Rehearsal child;
    const Slot slot = child.slot(3);
    place(child, {{slot, 4}, {slot, 3}, {slot, 0}});
    const auto found = child.descriptors(0);
    for (const int number : {0, 3, 4}) {
        EXPECT_EQ(found.at(number), three.link()) << number;
        EXPECT_FALSE(child.closes_on_exec(number)) << number;
    }
}

TEST(PlaceDescriptors, puts_two_slots_of_one_number_to_two_others) {
    const Marked three("three", 3);
    const Marked four("four", 4);
    Rehearsal child;
    const std::vector<Move> moves{{child.slot(3), 4}, {child.slot(3), 5}, {child.slot(4), 3}};
    place(child, moves);
    EXPECT_EQ(child.descriptors().at(4), three.link());
    EXPECT_EQ(child.descriptors().at(5), three.link());
    EXPECT_EQ(child.descriptors().at(3), four.link());
}

TEST(PlaceDescriptors, leaves_one_that_is_in_place_and_lets_it_pass_exec) {
    const Marked three("three", 3);
    Rehearsal child;
    const Slot slot = child.slot(3);
    place(child, {{slot, 3}});
    EXPECT_EQ(child.descriptors().at(3), three.link());
    EXPECT_FALSE(child.closes_on_exec(3));
    EXPECT_EQ(child.descriptors().size(), 2U);
}

TEST(PlaceDescriptors, moves_the_checkpoint_socket_out_of_the_way) {
    const Marked away("away", 4);  // so that the socket can stand there
    const Marked three("three", 3);
    Rehearsal child;
    child.put_socket_at(4);
    const Slot slot = child.slot(3);
    place(child, {{slot, 4}, {slot, 5}});
    EXPECT_EQ(child.descriptors().at(4), three.link());
    EXPECT_EQ(child.descriptors().at(5), three.link());
    // The child has said that it is ready over it; it hears over it, too, and its copy ends at exec.
    for (const auto& [number, link] : child.descriptors()) {
        if (link.starts_with("socket:")) {
            EXPECT_TRUE(child.closes_on_exec(number));
        }
    }
    child.say(Order::proceed);
    EXPECT_EQ(child.end(), 0);
}

TEST(PlaceDescriptors, moves_what_a_later_step_needs_out_of_the_way) {
    const Marked bystander("bystander", 4);
    const Marked three("three", 3);
    Rehearsal child;
    const Slot slot = child.slot(3);
    child.slot(4);
    place(child, {{slot, 4}});
    const auto found = child.descriptors();
    EXPECT_EQ(found.at(4), three.link());
    bool still_there = false;
    for (const auto& [number, link] : found) {
        still_there =
            still_there || (link == bystander.link() && number != 4 && child.closes_on_exec(number));
    }
    EXPECT_TRUE(still_there);
}

TEST(PlaceDescriptors, finds_a_way_around_numbers_that_other_moves_want) {
    const Marked three("three", 3);
    const Marked four("four", 4);
    Rehearsal child;
    const Slot first = child.slot(3);
    const Slot second = child.slot(4);
    std::vector<Move> moves{{first, 4}, {second, 3}};
    for (int number = 5; number < 40; number += 2) {
        moves.push_back({first, number});
        moves.push_back({second, number + 1});
    }
    place(child, moves);
    const auto found = child.descriptors();
    EXPECT_EQ(found.at(3), four.link());
    EXPECT_EQ(found.at(4), three.link());
    for (int number = 5; number < 40; number += 2) {
        EXPECT_EQ(found.at(number), three.link()) << number;
        EXPECT_EQ(found.at(number + 1), four.link()) << number + 1;
    }
}

TEST(PlaceDescriptors, says_which_errno_when_there_is_no_room_aside) {
    const Marked three("three", 3);
    const Marked four("four", 4);
    rlimit before = {};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    Rehearsal child;
    const std::vector<Move> moves{{child.slot(3), 4}, {child.slot(4), 3}};
    child.step(SetLimit{RLIMIT_NOFILE, 5, before.rlim_max});
    child.step(PlaceDescriptors{child.list(moves)});
    child.start();
    const Record record = child.expect_failure();
    EXPECT_EQ(record.step, 1U);
    // F_DUPFD says EINVAL when the number at which it may begin is at the limit, EMFILE above it.
    EXPECT_TRUE(record.errnum == EMFILE || record.errnum == EINVAL) << record.errnum;
    EXPECT_EQ(child.end(), 125);
}

TEST(SealDescriptors, marks_everything_above_two_but_what_is_kept) {
    const Marked six("six", 6);
    const Marked seven("seven", 7);
    const Marked nine("nine", 9);
    Rehearsal child;
    child.slot(6);
    child.slot(7);
    child.slot(9);
    child.step(CloseOthers{});
    const std::vector<Move> moves{{1, 6}, {2, 7}, {3, 9}};
    child.step(PlaceDescriptors{child.list(moves)});
    child.step(SealDescriptors{child.list(std::vector<std::int32_t>{0, 2, 6, 9})});
    child.step(Checkpoint{});
    child.start();
    child.expect_ready();
    EXPECT_FALSE(child.closes_on_exec(6));
    EXPECT_TRUE(child.closes_on_exec(7));
    EXPECT_FALSE(child.closes_on_exec(9));
}

TEST(SealDescriptors, keeps_nothing_when_nothing_is_handed_over) {
    const Marked six("six", 6);
    Rehearsal child;
    const Slot slot = child.slot(6);
    child.step(PlaceDescriptors{child.list(std::vector<Move>{{slot, 6}})});
    child.step(SealDescriptors{child.list(std::vector<std::int32_t>{})});
    child.step(Checkpoint{});
    child.start();
    child.expect_ready();
    EXPECT_TRUE(child.closes_on_exec(6));
}

TEST(OpenFile, sends_the_launcher_what_it_has_opened) {
    Rehearsal scout;
    scout.step(CloseOthers{});
    scout.step(OpenFile{scout.text("/dev/null"), O_WRONLY, 0, 7});
    scout.step(OpenFile{scout.text("/dev/zero"), O_RDONLY, 0, 9});
    scout.start();
    for (const Slot slot : {7U, 9U}) {
        int fd = -1;
        const auto record = scout.hear(&fd);
        ASSERT_TRUE(record);
        EXPECT_EQ(record->tell, Tell::opened);
        EXPECT_EQ(record->slot, slot);
        ASSERT_GE(fd, 0);
        char target[64] = {};
        ASSERT_GT(::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof(target) - 1), 0);
        EXPECT_STREQ(target, slot == 7 ? "/dev/null" : "/dev/zero");
        EXPECT_EQ(::fcntl(fd, F_GETFL) & O_ACCMODE, slot == 7 ? O_WRONLY : O_RDONLY);
        ::close(fd);
    }
    EXPECT_EQ(scout.end(), 0);
}

TEST(OpenFile, creates_a_file_with_the_mode_that_was_asked_for) {
    const std::string path = testing::TempDir() + "linx_open_file_" + std::to_string(::getpid());
    Rehearsal scout;
    scout.step(SetUmask{0});
    scout.step(OpenFile{scout.text(path), O_WRONLY | O_CREAT | O_EXCL, 0640, 1});
    scout.start();
    int fd = -1;
    const auto record = scout.hear(&fd);
    ASSERT_TRUE(record);
    ASSERT_EQ(record->tell, Tell::opened) << std::strerror(record->errnum);
    struct stat status = {};
    EXPECT_EQ(::fstat(fd, &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0640U);
    ::close(fd);
    EXPECT_EQ(::unlink(path.c_str()), 0);
}

TEST(OpenFile, names_the_step_that_found_nothing) {
    Rehearsal scout;
    scout.step(CloseOthers{});
    scout.step(OpenFile{scout.text("/dev/null"), O_RDONLY, 0, 1});
    scout.step(OpenFile{scout.text("/no/such/file"), O_RDONLY, 0, 2});
    scout.start();
    ASSERT_TRUE(scout.hear());
    const Record record = scout.expect_failure();
    EXPECT_EQ(record.step, 2U);
    EXPECT_EQ(record.errnum, ENOENT);
    EXPECT_EQ(scout.end(), 125);
}

/// A socket that listens at a path of exactly that many bytes.
class Listener {
public:
    explicit Listener(std::size_t length) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        path_ = "/tmp/linx_connect_unix_" + std::to_string(::getpid()) + "_";
        path_.resize(std::max(length, path_.size()), 'x');
        sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
        path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
        const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&address));
        EXPECT_EQ(::bind(socket_, any, sizeof(address)), 0);
        EXPECT_EQ(::listen(socket_, 4), 0);
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() {
        ::close(socket_);
        ::unlink(path_.c_str());
    }
    const std::string& path() const { return path_; }
    int accept() const { return ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC); }

private:
    int socket_;
    std::string path_;
};

TEST(ConnectUnix, sends_the_launcher_the_connection) {
    constexpr std::size_t longest = 107;
    for (const std::size_t length : {std::size_t{0}, longest}) {
        const Listener listener(length);
        Rehearsal scout;
        scout.step(CloseOthers{});
        scout.step(ConnectUnix{scout.text(listener.path()), 7});
        scout.start();
        int fd = -1;
        const auto record = scout.hear(&fd);
        ASSERT_TRUE(record);
        ASSERT_EQ(record->tell, Tell::opened) << std::strerror(record->errnum);
        EXPECT_EQ(record->slot, 7U);
        ASSERT_GE(fd, 0);
        EXPECT_EQ(scout.end(), 0) << "the connection is the launcher's";
        const int peer = listener.accept();
        ASSERT_GE(peer, 0);
        EXPECT_EQ(::write(fd, "hello", 5), 5);
        char text[8] = {};
        EXPECT_EQ(::read(peer, text, sizeof(text)), 5);
        EXPECT_STREQ(text, "hello");
        ::close(fd);
        EXPECT_EQ(::read(peer, text, sizeof(text)), 0) << "nobody else holds it";
        ::close(peer);
    }
}

TEST(ConnectUnix, names_the_step_that_found_nobody) {
    const std::string nobody = "/tmp/linx_nobody_" + std::to_string(::getpid());
    const Listener somebody(0);
    Rehearsal scout;
    scout.step(CloseOthers{});
    scout.step(ConnectUnix{scout.text(somebody.path()), 1});
    scout.step(ConnectUnix{scout.text(nobody), 2});
    scout.start();
    ASSERT_TRUE(scout.hear());
    const Record record = scout.expect_failure();
    EXPECT_EQ(record.step, 2U);
    EXPECT_EQ(record.errnum, ENOENT);
    EXPECT_EQ(scout.end(), 125);
}

TEST(ConnectUnix, is_refused_where_nobody_listens) {
    Rehearsal scout;
    scout.step(CloseOthers{});
    scout.step(ConnectUnix{scout.text("/dev/null"), 1});
    scout.start();
    EXPECT_EQ(scout.expect_failure().errnum, ECONNREFUSED);
    EXPECT_EQ(scout.end(), 125);
}

}  // namespace
}  // namespace linx::child
