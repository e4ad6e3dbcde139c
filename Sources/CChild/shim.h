#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// What Swift cannot do between fork and exec, and posix_spawn cannot do at all: have the child die with the thread that
// started it, whatever ends us (PR_SET_PDEATHSIG). Its standard input is /dev/null, and its signals are as usual.
//
// Returns the child, or -1 with errno: of fork, or of exec.
static inline pid_t CChild_start(const char *_Nonnull path, char *_Nullable const *_Nonnull arguments,
                                 char *_Nullable const *_Nonnull variables, int output, int errors) {
    // vfork: the child runs in our memory, and this thread stands still until it has become another program.
    pid_t parent = getpid();
    volatile int failure = 0;
    sigset_t all, before;
    sigfillset(&all);
    // No handler of ours may run in the child.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = vfork();
    if (child == 0) {
        int input = open("/dev/null", O_RDONLY);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || dup2(input, 0) < 0 || dup2(output, 1) < 0
            || dup2(errors, 2) < 0) {
            failure = errno;
            _exit(127);
        }
        struct sigaction usual = {.sa_handler = SIG_DFL};
        for (int number = 1; number < NSIG; number++) sigaction(number, &usual, 0);
        sigset_t none;
        sigemptyset(&none);
        pthread_sigmask(SIG_SETMASK, &none, 0);
        execve(path, arguments, variables);
        failure = errno;
        _exit(127);
    }
    int reason = child < 0 ? errno : failure;
    pthread_sigmask(SIG_SETMASK, &before, 0);
    if (child > 0 && reason != 0) {
        int status;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        child = -1;
    }
    errno = reason;
    return child;
}

// Macros over unions, which Swift does not see.
static inline pid_t CChild_child(const siginfo_t *_Nonnull info) { return info->si_pid; }
static inline int CChild_status(const siginfo_t *_Nonnull info) { return info->si_status; }
