internal import CCurl

/// The functions of libcurl that are used. Source: `curl/easy.h`, `curl/multi.h`.
struct Curl: Sendable {
    typealias Handle = UnsafeMutableRawPointer
    typealias GlobalInit = @convention(c) @Sendable (Int) -> CInt
    typealias Create = @convention(c) @Sendable () -> Handle?
    typealias End = @convention(c) @Sendable (Handle) -> Void
    typealias EndMulti = @convention(c) @Sendable (Handle) -> CInt
    typealias ErrorText = @convention(c) @Sendable (CInt) -> UnsafePointer<CChar>?
    typealias Append = @convention(c) @Sendable (Handle?, UnsafePointer<CChar>) -> Handle?
    typealias Membership = @convention(c) @Sendable (Handle, Handle) -> CInt
    typealias Perform = @convention(c) @Sendable (Handle, UnsafeMutablePointer<CInt>) -> CInt
    typealias Poll =
        @convention(c) @Sendable (Handle, UnsafeMutableRawPointer?, UInt32, CInt, UnsafeMutablePointer<CInt>?) -> CInt
    typealias Read = @convention(c) @Sendable (Handle, UnsafeMutablePointer<CInt>) -> UnsafeMutableRawPointer?

    let create: Create
    let reset: End
    let end: End
    let errorText: ErrorText
    let append: Append
    let freeList: End
    let createMulti: Create
    let endMulti: EndMulti
    let add: Membership
    let remove: Membership
    let perform: Perform
    let poll: Poll
    let readInfo: Read
    /// A function with a variable number of arguments, which `CCurl` calls. It lives as long as the process.
    nonisolated(unsafe) let setopt: UnsafeMutableRawPointer

    /// Opened at first use: it loads more than thirty other libraries, which takes 13 ms.
    static let loaded = Result {
        let library = try SystemLibrary(
            "libcurl.so.4",
            "libcurl-gnutls.so.4",
            neededBy: "a bucket or a ping",
            package: "libcurl4"
        )
        let initialize = try library.function("curl_global_init", as: GlobalInit.self)
        guard initialize(Int(CCurl_globalAll)) == CCurl_ok else {
            throw StorageError(.io, "the library libcurl could not be initialized")
        }
        return Curl(
            create: try library.function("curl_easy_init", as: Create.self),
            reset: try library.function("curl_easy_reset", as: End.self),
            end: try library.function("curl_easy_cleanup", as: End.self),
            errorText: try library.function("curl_easy_strerror", as: ErrorText.self),
            append: try library.function("curl_slist_append", as: Append.self),
            freeList: try library.function("curl_slist_free_all", as: End.self),
            createMulti: try library.function("curl_multi_init", as: Create.self),
            endMulti: try library.function("curl_multi_cleanup", as: EndMulti.self),
            add: try library.function("curl_multi_add_handle", as: Membership.self),
            remove: try library.function("curl_multi_remove_handle", as: Membership.self),
            perform: try library.function("curl_multi_perform", as: Perform.self),
            poll: try library.function("curl_multi_poll", as: Poll.self),
            readInfo: try library.function("curl_multi_info_read", as: Read.self),
            setopt: try library.address(of: "curl_easy_setopt")
        )
    }
}
