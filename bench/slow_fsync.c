/* Adds two milliseconds to every fsync: LD_PRELOAD it to see what a slower disk does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static int slowly(const char *name, int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const struct timespec two_milliseconds = {0, 2000000};
    nanosleep(&two_milliseconds, 0);
    return real(file);
}

int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
