// unpackedKernel: the ELF file, vmlinux, inside a bzImage (Linux, Documentation/arch/x86/boot.rst: payload_offset, payload_length).

import {spawnSync} from 'node:child_process'

const SECTORS_AT = 0x1f1
const PAYLOAD_AT = 0x248
const PAYLOAD_BYTES_AT = 0x24c
const SECTOR_BYTES = 512
/** The uncompressed length, after the compressed data. */
const SIZE_BYTES = 4

/** Debian has used both; the magic is the first bytes, in hexadecimal. */
const FORMATS = [
  {magic: '28b52ffd', program: 'zstd'},
  {magic: 'fd377a585a00', program: 'xz'},
]

/** @param {Buffer} bzImage @returns {Buffer} the ELF file, followed by the kernel's own relocations */
export function unpackedKernel(bzImage) {
  const begin = (bzImage[SECTORS_AT] + 1) * SECTOR_BYTES + bzImage.readUInt32LE(PAYLOAD_AT)
  const payload = bzImage.subarray(begin, begin + bzImage.readUInt32LE(PAYLOAD_BYTES_AT))
  const format = FORMATS.find(({magic}) => payload.toString('hex', 0, magic.length / 2) === magic)
  if (!format) throw new Error(`a kernel that is packed in another way: ${payload.toString('hex', 0, 8)}`)

  const bytes = payload.readUInt32LE(payload.length - SIZE_BYTES)
  const options = {input: payload.subarray(0, -SIZE_BYTES), maxBuffer: bytes + 1}
  const {status, stdout, stderr} = spawnSync(format.program, ['-dc'], options)
  if (status === 0 && stdout.length === bytes) return stdout
  throw new Error(`${format.program} -dc: status ${status}, ${stdout?.length} bytes of ${bytes}\n${stderr}`)
}
