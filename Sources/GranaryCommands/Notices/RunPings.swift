internal import Storage

/// The pings of one run: the first is sent while the run works.
struct RunPings: Sendable {
    private let client: PingClient
    private let limit: Duration
    private let start: Task<String?, Never>

    /// Sends the ping of the start, without waiting for it.
    init(_ address: PingAddress, limit: Duration) {
        let client = PingClient(address)
        (self.client, self.limit) = (client, limit)
        start = Task { await client.send(.start, body: "", limit: limit) }
    }

    /// Sends the ping of the end. If the ping of the start is still on its way, waits for it first: a start that arrives
    /// last would look like another run.
    func end(_ outcome: RunOutcome, on console: Console) async {
        let begun = await start.value
        let event = outcome.isSuccess ? PingAddress.Event.success : .failure
        let ended = await client.send(event, body: outcome.text, limit: limit)
        let failures = [begun.map { ("start", $0) }, ended.map { ("end", $0) }].compactMap(\.self)
        guard let last = failures.last else { return }
        let which = failures.count == 2 ? "pings" : "ping of the \(last.0)"
        console.insist("note: the \(which) could not be delivered: \(last.1)")
    }
}
