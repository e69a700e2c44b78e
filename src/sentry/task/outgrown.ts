// Outgrown: a string, list, table or recursion that a guest made grow until the engine gave up; its message tells it from hv's bugs.

/** src/common/message-template.h of V8; Node's ERR_STRING_TOO_LONG and ERR_BUFFER_TOO_LARGE. */
const MESSAGES = [
  /^Invalid string length$/,
  /^Cannot create a string longer than /,
  /^(Map|Set) maximum size exceeded$/,
  /^Invalid (array|array buffer) length$/,
  /^Invalid typed array length: \d+$/,
  /^Array buffer allocation failed$/,
  /^Cannot create a Buffer larger than /,
  /^Maximum call stack size exceeded\.?$/,
  // JavaScriptCore, in Bun: strings, arrays and buffers alike.
  /^Out of memory$/,
]

/** A RangeError with another text is hv's own: a wrong index, offset or page number. */
export function isOutgrown(error: unknown): error is Error {
  return error instanceof Error && MESSAGES.some((message) => message.test(error.message))
}
