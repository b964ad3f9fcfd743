/* The least a program can do: it is what every benchmark launches, linked statically with glibc. */
int main(void) {
    return 0;
}
