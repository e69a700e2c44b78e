// Tar archives made by hand: anything that a header can say, including what no tar would write.

const BLOCK = 512

export interface TarFile {
  name: string
  type?: string
  content?: string | Uint8Array
  link?: string
  mode?: number
  uid?: number
  gid?: number
  mtime?: number
  major?: number
  minor?: number
  /** The header's; default: the content's. */
  size?: number
}

export function tarOf(...files: readonly TarFile[]): Buffer {
  return Buffer.concat([...files.map(entryOf), Buffer.alloc(2 * BLOCK)])
}

export function entryOf({name, type = '0', content = '', link = '', ...numbers}: TarFile): Buffer {
  const bytes = Buffer.from(content as string)
  const {mode = type === '5' ? 0o755 : 0o644, uid = 0, gid = 0, mtime = 0, size = bytes.length} = numbers
  const header = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, width: number): void => {
    header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1')
  }
  header.write(name, 0, 100, 'latin1')
  octal(mode, 100, 8)
  octal(uid, 108, 8)
  octal(gid, 116, 8)
  octal(size, 124, 12)
  octal(mtime, 136, 12)
  header.write(type, 156, 'latin1')
  header.write(link, 157, 100, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  octal(numbers.major ?? 0, 329, 8)
  octal(numbers.minor ?? 0, 337, 8)
  return Buffer.concat([summed(header), bytes, Buffer.alloc(-bytes.length & (BLOCK - 1))])
}

/** An extended header for the entry after it. */
export function paxOf(records: Readonly<Record<string, string>>, type = 'x'): TarFile {
  const content = Object.entries(records).map(([key, value]) => record(`${key}=${value}\n`))
  return {name: 'pax', type, content: content.join('')}
}

/** The header with a new checksum, after a change. */
export function summed(header: Buffer): Buffer {
  header.fill(' ', 148, 156)
  const sum = header.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

/** The record, after its own length, which includes itself. */
function record(text: string): string {
  const bytes = Buffer.byteLength(text)
  let length = bytes + 2
  while (String(length).length + 1 + bytes !== length) length++
  return `${length} ${text}`
}
