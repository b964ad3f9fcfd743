#include <linx/phase.hpp>
#include <linx/stage.hpp>

#include <array>

namespace linx {

namespace {

struct Row {
    std::string_view name;
    std::string_view words;
};

constexpr std::array rows{
#define LINX_STAGE_ROW(name, words) Row{#name, words},
    LINX_STAGES(LINX_STAGE_ROW)
#undef LINX_STAGE_ROW
};

constexpr std::array<std::string_view, 8> phase_names{"acquire", "clone",      "birth", "map",
                                                      "prepare", "checkpoint", "seal",  "exec"};
constexpr std::array<std::string_view, 5> actor_names{"launcher", "scout", "intermediate", "child", "init"};

}  // namespace

std::string_view name(Stage stage) noexcept {
    return rows[static_cast<std::size_t>(stage)].name;
}

std::string_view words(Stage stage) noexcept {
    return rows[static_cast<std::size_t>(stage)].words;
}

std::optional<Stage> stage_named(std::string_view wanted) noexcept {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].name == wanted) {
            return static_cast<Stage>(i);
        }
    }
    return std::nullopt;
}

std::string_view name(Phase phase) noexcept {
    return phase_names[static_cast<std::size_t>(phase)];
}

std::string_view name(Actor actor) noexcept {
    return actor_names[static_cast<std::size_t>(actor)];
}

}  // namespace linx
