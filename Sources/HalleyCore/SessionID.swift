/// Names one client's stay: 128 random bits, written as 32 lower-case hexadecimal digits.
public struct SessionID: Hashable, Sendable, CustomStringConvertible {
    /// The 32 digits.
    public let description: String

    /// Draws a new one from the system's generator.
    public static func random() -> SessionID {
        SessionID(unchecked: hexadecimal(.random(in: .min ... .max)) + hexadecimal(.random(in: .min ... .max)))
    }

    /// `nil` unless the text is 32 lower-case hexadecimal digits.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 32, text.utf8.allSatisfy(\.isLowerHexadecimal) else { return nil }
        description = String(text)
    }

    private init(unchecked text: String) { description = text }
}
