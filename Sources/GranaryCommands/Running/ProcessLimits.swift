internal import Glibc

/// The system's limits for a process. If they are too low, the command ends with an error, and neither crashes nor ends
/// silently.
enum ProcessLimits {
    /// The number of files that a command with one session opens. Each further session opens two or three more.
    private static let filesMin = 32
    /// The threads that a command starts at first. If one is missing, the runtime would wait for it forever.
    private static let threadsMin = 8

    /// Raises the limit of open files as far as possible, and checks that there are enough files and threads.
    ///
    /// - Throws: `CommandError` with `.limits`.
    static func require() throws {
        var files = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0 {
            // The soft limit only protects programs that use select().
            files.rlim_cur = min(files.rlim_max, 65_536)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
            guard files.rlim_cur >= filesMin else {
                throw CommandError(
                    .limits,
                    "this process may open \(files.rlim_cur) files, but \(filesMin) are needed",
                    hint: "nothing was changed; raise the limit: ulimit -n 1024"
                )
            }
        }
        let started = startThreads(threadsMin)
        guard started.count >= threadsMin else {
            throw CommandError(
                .limits,
                "no thread can be started: \(String(cString: strerror(started.failure)))",
                hint: "nothing was changed; see `ulimit -u` and `ulimit -v`, and the limits of the container"
            )
        }
    }

    /// Starts threads that exist at the same time and then end.
    private static func startThreads(_ count: Int) -> (count: Int, failure: CInt) {
        let gate = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        pthread_mutex_init(gate, nil)
        pthread_mutex_lock(gate)
        var threads: [pthread_t] = []
        var failure: CInt = 0
        while threads.count < count, failure == 0 {
            var thread = pthread_t()
            failure = pthread_create(
                &thread,
                nil,
                { gate in
                    let gate = gate!.assumingMemoryBound(to: pthread_mutex_t.self)
                    pthread_mutex_lock(gate)
                    pthread_mutex_unlock(gate)
                    return nil
                },
                gate
            )
            if failure == 0 { threads.append(thread) }
        }
        pthread_mutex_unlock(gate)
        for thread in threads { pthread_join(thread, nil) }
        pthread_mutex_destroy(gate)
        gate.deallocate()
        return (threads.count, failure)
    }
}

/// If memory runs out, the runtime ends the process at once, as if it were killed. The server then rolls back the open
/// transaction. This code reports the reason.
enum MemoryExhaustion {
    /// If this much cannot be allocated, memory was the reason.
    private static let probeBytes = 32 << 20
    private static let sentence: StaticString =
        """
        granary: error: there is not enough memory
        hint: give it more (ulimit -v, the limit of the container), or lower --jobs

        """
    private static let signals = [SIGABRT, SIGILL, SIGTRAP, SIGSEGV, SIGBUS]
    /// The previous action for each signal, by number.
    nonisolated(unsafe) private static let before = UnsafeMutablePointer<sigaction>.allocate(capacity: 32)

    /// Installs handlers, so that a process that ends for lack of memory reports that, with exit code 1.
    static func explain() {
        before.initialize(repeating: sigaction(), count: 32)
        for number in signals {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                // Uses only functions that are allowed in a handler, and no memory.
                let probe = mmap(
                    nil,
                    MemoryExhaustion.probeBytes,
                    PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS,
                    -1,
                    0
                )
                if probe == MAP_FAILED {
                    let sentence = MemoryExhaustion.sentence
                    _ = write(STDERR_FILENO, sentence.utf8Start, sentence.utf8CodeUnitCount)
                    _exit(ExitStatus.failed.rawValue)
                }
                // There was another reason, so the signal is raised again with its previous action.
                sigaction(number, MemoryExhaustion.before + Int(number), nil)
            }
            sigaction(number, &action, before + Int(number))
        }
    }
}
