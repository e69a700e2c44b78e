// The addon's part of a sandbox: descriptors for its process.

/** native/napi/passing.cc. All throw an Error with `errno`. */
export interface PassingAddon {
  /** The two ends of a socket, which close at execve(2), with this thread, and by hostClose. */
  passingPair(): [owner: number, process: number]
  /** The ends of a stream of bytes, closed at execve(2); the writer also with this thread. A write takes what fits and never waits. */
  outputPair(): [reader: number, writer: number]
  /** Never waits. EAGAIN: nobody takes them. The descriptor stays the caller's. */
  passDescriptor(end: number, fd: number): void
  /** Waits for the next one. EBADMSG: the owner is gone. */
  takeDescriptor(end: number): number
}
