// ArgumentValue: what an argument of a call says, for code that decides on it: `text` is for reading.

/** Bytes of a string or a buffer, and of all strings of a list together. */
export const MAX_VALUE_BYTES = 4096

/** Characters of a text: a path with each byte escaped, in quotes. */
export const MAX_TEXT = 4 * MAX_VALUE_BYTES + 2

/**
 * An argument's value, by `kind`. undefined: the guest's pointer leads nowhere, or (strings) to more than 4096 bytes.
 * @see {@link SyscallArgument}
 */
export type ArgumentValue =
  /** A count, an offset, a mode, an id, an address: exact below 2^52; `args` has all bits of larger ones. */
  | {readonly kind: 'number'; readonly value: number}
  /** -100 is AT_FDCWD: the working directory. */
  | {readonly kind: 'descriptor'; readonly value: number}
  /** Names of the bits: `['O_WRONLY', 'O_CREAT']`; bits without a name in hexadecimal. */
  | {readonly kind: 'flags'; readonly value: readonly string[]}
  /** The name of a number: `SEEK_SET`, `SIGTERM`; in hexadecimal, or decimal, if it has none. */
  | {readonly kind: 'name'; readonly value: string}
  /** As the guest wrote it, and where that leads now: from the root of the tree, without links and `..`, the first 4096 bytes. */
  | {readonly kind: 'path'; readonly value: string | undefined; readonly resolved: string | undefined}
  | {readonly kind: 'string'; readonly value: string | undefined}
  /** execve(2)'s. */
  | {readonly kind: 'strings'; readonly value: readonly string[] | undefined}
  /** What the call writes or sends: the first 4096 bytes of `length`. */
  | {readonly kind: 'bytes'; readonly value: Uint8Array | undefined; readonly length: number}
  | {readonly kind: 'address'; readonly value: SocketAddress | undefined}
  /** openat2(2)'s. */
  | {readonly kind: 'open_how'; readonly value: OpenHow | undefined}
  /** What the call fills in, a structure, a pointer: see its `text`, and its word in `args`. */
  | {readonly kind: 'other'; readonly value?: undefined}

/** A struct sockaddr. @see {@link onConnect} */
export interface SocketAddress {
  /** `AF_UNIX`. */
  readonly family: string
  /** For AF_UNIX, as the guest wrote it. */
  readonly path?: string
  /** For AF_UNIX: a name that is in no directory, without its leading NUL. */
  readonly abstract?: string
  /** For AF_INET and AF_INET6. */
  readonly address?: string
  /** For these, 0 to 65535. */
  readonly port?: number
}

/**
 * A struct open_how.
 *
 * @example
 * const look: SyscallHandler = ({decoded}) => {
 *   for (const each of decoded) if (each.kind === 'open_how') console.log(each.value?.flags, each.value?.resolve)
 * }
 * await using sandbox = await Sandbox.create({onSyscall: {openat2: look}})
 */
export interface OpenHow {
  /** `['O_RDONLY', 'O_CLOEXEC']`. */
  readonly flags: readonly string[]
  /** Permission bits of a new file. */
  readonly mode: number
  /** `['RESOLVE_BENEATH']`. */
  readonly resolve: readonly string[]
}

/**
 * A decoded argument; `text` is what `hv trace` writes.
 *
 * @example
 * const look: SyscallHandler = ({decoded: [to, data]}) => {
 *   if (to.kind === 'descriptor' && data.kind === 'bytes') console.log(to.value, data.length, data.text) // 1 3 "hi\n"
 * }
 * await using sandbox = await Sandbox.create({onSyscall: {write: look}})
 * await sandbox.run('/bin/busybox', ['echo', 'hi'])
 */
export type SyscallArgument = ArgumentValue & {readonly text: string}

/** Names from a flag word's text: `O_RDWR|0x40`, `0x40 /* O_??? *\/`, `0`. */
export function flagNames(text: string): readonly string[] {
  const names = plainName(text)
  return names === '0' || names === '' ? [] : names.split('|')
}

/** Removes the comment after a number that has no name. */
export function plainName(text: string): string {
  const comment = text.indexOf(' /*')
  return comment < 0 ? text : text.slice(0, comment)
}

/** Decodes a guest's bytes, one per character, as UTF-8. */
export function fromByteString(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString()
}
