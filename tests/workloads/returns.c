/* The least workload: it ends at once, with 7 when it was given a word, else with 0. */
int main(int argc, char** argv) {
    (void)argv;
    return argc > 1 ? 7 : 0;
}
