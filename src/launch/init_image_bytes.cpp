/// The bytes of the program linx-init, which the build has made before: LINX_INIT_IMAGE is its path.

#ifdef LINX_INIT_IMAGE
#define LINX_INIT_BYTES "    .incbin \"" LINX_INIT_IMAGE "\"\n"
#else
#define LINX_INIT_BYTES ""
#endif

// The assembler reads the file; no compiler has to parse it as a list of numbers.
__asm__(
    "    .section .rodata.linx_init_image,\"a\"\n"
    "    .balign 16\n"
    "    .globl linx_init_image_begin\n"
    "    .hidden linx_init_image_begin\n"
    "    .type linx_init_image_begin, %object\n"
    "linx_init_image_begin:\n" LINX_INIT_BYTES
    "    .globl linx_init_image_end\n"
    "    .hidden linx_init_image_end\n"
    "    .type linx_init_image_end, %object\n"
    "linx_init_image_end:\n"
    "    .byte 0\n"
    "    .size linx_init_image_begin, linx_init_image_end - linx_init_image_begin\n"
    "    .previous\n");
