import Dispatch
import FuzzTargets
import Glibc

/// The function that libFuzzer calls with every input. The target is that of GRANARY_FUZZ_TARGET.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    let done = DispatchSemaphore(value: 0)
    Task.detached {
        do {
            try await target.read(input)
        } catch {
            fatalError("\(error)")
        }
        done.signal()
    }
    done.wait()
    return 0
}

private let target: FuzzTarget = {
    let name = getenv("GRANARY_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        let sentence = "GRANARY_FUZZ_TARGET is \"\(name)\": the targets are \(names)\n"
        _ = sentence.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        exit(64)
    }
    return target
}()
