/// Words from a list.
final class WordGenerator: CellGenerator {
    private let list: WordList
    private let key: UInt64
    private let name: String

    init(_ list: WordList, name: String, key: UInt64) {
        self.list = list
        self.key = key
        self.name = name
    }

    @inline(__always)
    private func index(_ row: GeneratedRow) -> Int { CellHash.below(list.count, CellHash.draw(key, row.identity)) }

    func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { list.write(index(row), &out) }
    func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { list.writeSlug(index(row), &out) }
    var domain: Int? { list.count }
    func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) { list.write(index, &out) }
    var summary: String { "words: \(name)" }
}

/// A text with columns of the row and the number of the row.
package final class TemplateGenerator: CellGenerator {
    package enum Part {
        case text([UInt8])
        case column(any CellGenerator)
        case slug(any CellGenerator)
        /// The row's number, from 1.
        case number
        /// One of several texts, drawn at random.
        case choice([[UInt8]], UInt64)
    }

    private let parts: [Part]
    private let hasNumber: Bool
    private let name: String
    private let bytesMax: Int

    /// - Parameter bytesMax: A longer text is shortened before its number, so that it stays unique.
    package init(_ parts: [Part], name: String, bytesMax: Int = .max) {
        self.parts = parts
        self.name = name
        self.bytesMax = bytesMax
        hasNumber = parts.contains {
            if case .number = $0 {
                true
            } else if case .column(let inner) = $0 {
                inner.isUnique
            } else if case .slug(let inner) = $0 {
                inner.isUnique
            } else {
                false
            }
        }
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let start = out.count
        for part in parts {
            switch part {
            case .text(let bytes): out.append(bytes)
            case .column(let generator): generator.write(row, &out)
            case .slug(let generator): generator.writeSlug(row, &out)
            case .number: out.append(row.number + 1)
            case .choice(let texts, let key):
                out.append(texts[CellHash.below(texts.count, CellHash.draw(key, row.identity))])
            }
        }
        if out.count - start > bytesMax { shorten(row, start, &out) }
    }

    /// Removes letters before the number.
    private func shorten(_ row: GeneratedRow, _ start: Int, _ out: inout CopyBuffer) {
        let text = String(decoding: out.bytes(from: start), as: UTF8.self)
        out.rewind(to: start)
        guard hasNumber else { return out.append(plain: String(text.prefix(bytesMax))) }
        let digits = String(row.number + 1)
        let tail = text.range(of: digits, last: true).map { text[$0.lowerBound...] } ?? ""
        out.append(plain: String(text.prefix(max(0, bytesMax - tail.utf8.count))))
        out.append(plain: String(tail))
    }

    package func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let start = out.count
        write(row, &out)
        let slug = WordList.slug(String(decoding: out.bytes(from: start), as: UTF8.self))
        out.rewind(to: start)
        out.append(plain: slug)
    }

    package var isUnique: Bool { hasNumber }
    package var summary: String { name }
}

extension String {
    fileprivate func range(of part: String, last: Bool) -> Range<Index>? { ranges(of: part).last }
}

/// Some sentences.
final class TextGenerator: CellGenerator {
    private let list: WordList
    private let words: ClosedRange<Int>
    private let lengthMin: Int
    private let lengthMax: Int
    private let separator: String
    private let isSentence: Bool
    private let isUniqueText: Bool
    private let key: UInt64

    init(
        _ list: WordList,
        words: ClosedRange<Int>,
        lengths: ClosedRange<Int>,
        separator: String,
        isSentence: Bool,
        isUnique: Bool,
        key: UInt64
    ) {
        self.list = list
        self.words = words
        lengthMin = lengths.lowerBound
        lengthMax = lengths.upperBound
        self.separator = separator
        self.isSentence = isSentence
        isUniqueText = isUnique
        self.key = key
    }

    func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        var draw = CellHash.draw(key, row.identity)
        let count = words.lowerBound + CellHash.below(words.count, draw)
        let tail =
            isUniqueText
            ? "\(separator.isEmpty ? " " : separator)\(row.number + 1)"
            : isSentence ? (separator.isEmpty ? "。" : ".") : ""
        var text = ""
        for place in 0..<count {
            draw = CellHash.next(draw)
            let word = list.word(CellHash.below(list.count, draw))
            if place > 0 { text += separator }
            text += place == 0 && isSentence ? word.prefix(1).uppercased() + word.dropFirst() : word
        }
        let room = lengthMax - tail.count
        if text.count > room { text = String(text.prefix(max(0, room))) }
        while let last = text.last, last == " " { text.removeLast() }
        text += tail
        while text.count < lengthMin { text += isUniqueText ? "0" : list.word(0).prefix(lengthMin - text.count) }
        out.append(value: text)
    }

    var isUnique: Bool { isUniqueText }
    var summary: String { isSentence ? "sentences" : "words" }
}
