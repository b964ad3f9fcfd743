#include <linx/phase.hpp>
#include <linx/stage.hpp>

#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace linx {
namespace {

constexpr std::array every_stage{
#define LINX_STAGE_HERE(name, words) Stage::name,
    LINX_STAGES(LINX_STAGE_HERE)
#undef LINX_STAGE_HERE
};

TEST(Stage, is_spelled_like_its_enumerator) {
    EXPECT_EQ(name(Stage::spec), "spec");
    EXPECT_EQ(name(Stage::clone3), "clone3");
    EXPECT_EQ(name(Stage::setns_net), "setns_net");
    EXPECT_EQ(name(Stage::execve), "execve");
    EXPECT_EQ(name(Stage::wait), "wait");
}

TEST(Stage, has_a_name_and_words_of_its_own) {
    std::set<std::string_view> names;
    std::set<std::string_view> sentences;
    for (const Stage stage : every_stage) {
        EXPECT_TRUE(names.insert(name(stage)).second) << name(stage) << " is the name of two stages";
        EXPECT_TRUE(sentences.insert(words(stage)).second) << words(stage) << " is said of two stages";
    }
    EXPECT_EQ(names.size(), every_stage.size());
}

TEST(Stage, has_a_name_that_is_an_atom_on_the_wire) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789_";
    for (const Stage stage : every_stage) {
        ASSERT_FALSE(name(stage).empty());
        EXPECT_EQ(name(stage).find_first_not_of(letters), std::string_view::npos) << name(stage);
        EXPECT_TRUE(name(stage).front() >= 'a' && name(stage).front() <= 'z') << name(stage);
    }
}

TEST(Stage, has_words_that_a_sentence_can_begin_with) {
    for (const Stage stage : every_stage) {
        ASSERT_FALSE(words(stage).empty()) << name(stage);
        EXPECT_EQ(words(stage).find_first_of(":\n."), std::string_view::npos) << words(stage);
        EXPECT_NE(words(stage).front(), ' ') << words(stage);
        EXPECT_NE(words(stage).back(), ' ') << words(stage);
    }
}

TEST(Stage, is_found_again_by_its_name) {
    for (const Stage stage : every_stage) {
        EXPECT_EQ(stage_named(name(stage)), stage) << name(stage);
    }
}

TEST(Stage, is_not_found_by_what_only_resembles_its_name) {
    for (const std::string_view wrong :
         {"", "setns_ne", "setns_nets", "SETNS_NET", " setns_net", "join net", "nothing"}) {
        EXPECT_EQ(stage_named(wrong), std::nullopt) << wrong;
    }
    EXPECT_EQ(stage_named(std::string_view("setns_net\0", 10)), std::nullopt);
}

TEST(Stage, of_the_namespaces_stands_in_the_order_of_the_kinds) {
    EXPECT_LT(Stage::setns, Stage::setns_user);
    EXPECT_LT(Stage::setns_user, Stage::setns_time);
    EXPECT_EQ(static_cast<int>(Stage::setns_time) - static_cast<int>(Stage::setns_user), 7);
    EXPECT_EQ(static_cast<int>(Stage::open_ns_time) - static_cast<int>(Stage::open_ns_user), 7);
}

TEST(Phase, is_named_as_the_architecture_names_it) {
    EXPECT_EQ(name(Phase::acquire), "acquire");
    EXPECT_EQ(name(Phase::clone), "clone");
    EXPECT_EQ(name(Phase::birth), "birth");
    EXPECT_EQ(name(Phase::map), "map");
    EXPECT_EQ(name(Phase::prepare), "prepare");
    EXPECT_EQ(name(Phase::checkpoint), "checkpoint");
    EXPECT_EQ(name(Phase::seal), "seal");
    EXPECT_EQ(name(Phase::exec), "exec");
}

TEST(Actor, is_named_as_the_architecture_names_it) {
    EXPECT_EQ(name(Actor::launcher), "launcher");
    EXPECT_EQ(name(Actor::scout), "scout");
    EXPECT_EQ(name(Actor::intermediate), "intermediate");
    EXPECT_EQ(name(Actor::child), "child");
    EXPECT_EQ(name(Actor::init), "init");
}

}  // namespace
}  // namespace linx
