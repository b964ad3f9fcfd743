/// The tags of the external term format that linx takes (erts, "External Term Format").
#pragma once

namespace linx::etf::tag {

inline constexpr unsigned char version = 131;
inline constexpr unsigned char compressed = 80;
inline constexpr unsigned char new_float = 70;
inline constexpr unsigned char small_integer = 97;
inline constexpr unsigned char integer = 98;
inline constexpr unsigned char atom = 100;
inline constexpr unsigned char small_tuple = 104;
inline constexpr unsigned char large_tuple = 105;
inline constexpr unsigned char nil = 106;
inline constexpr unsigned char string = 107;
inline constexpr unsigned char list = 108;
inline constexpr unsigned char binary = 109;
inline constexpr unsigned char small_big = 110;
inline constexpr unsigned char small_atom = 115;
inline constexpr unsigned char map = 116;
inline constexpr unsigned char atom_utf8 = 118;
inline constexpr unsigned char small_atom_utf8 = 119;

}  // namespace linx::etf::tag
