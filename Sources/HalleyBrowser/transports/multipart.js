import { follow, readsStreams } from "../client/lines.js";

/**
 * A part a message. No browser reads `multipart/x-mixed-replace` for a page any more, but one can read it line by line: a
 * message is the only line of a part that begins with a brace.
 */
export const multipart = {
  _name: "multipart",
  _isStream: true,
  _isAvailable: readsStreams,
  _open: (request, sink) => follow(request._url("multipart"), sink),
};
